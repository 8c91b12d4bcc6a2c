//! The recipe: fit and transform agree, and nothing is dropped silently.

use morula_data::{Categorical, CountMatrix, CsrMatrix};
use morula_preprocess::*;
use proptest::prelude::*;

fn simulated() -> CountMatrix {
    let params = SimulateParams { cells: 300, genes: 400, markers: 20, ..Default::default() };
    simulate(&params).unwrap().counts
}

fn params() -> RecipeParams {
    RecipeParams { n_top_genes: 150, ..Default::default() }
}

fn counts(rows: usize, cols: usize, values: &[f32]) -> CountMatrix {
    let name = |what: &str, n: usize| (0..n).map(|i| format!("{what}{i}")).collect();
    let x = CsrMatrix::from_dense(rows, cols, values).unwrap();
    CountMatrix::new(x, name("c", rows), name("g", cols)).unwrap()
}

#[test]
fn training_cells_transform_to_what_fit_gave() {
    let data = simulated();
    for params in [
        params(),
        RecipeParams { scale: false, ..params() },
        RecipeParams { clip: Some(3.0), flavor: HvgFlavor::CellRanger, ..params() },
        RecipeParams { target: TargetSum::Fixed(1e4), min_counts: 1500.0, ..params() },
    ] {
        let (recipe, fitted) = params.fit(&data).unwrap();
        let mut again = recipe.transform(&data).unwrap();
        again.report.genes_filtered = fitted.report.genes_filtered;
        again.report.extra_genes = 0;
        assert_eq!(again, fitted);
    }
}

#[test]
fn a_saved_recipe_transforms_alike() {
    let data = simulated();
    let (recipe, fitted) = params().fit(&data).unwrap();
    let text = serde_json::to_string(&recipe).unwrap();
    let loaded: Recipe = serde_json::from_str(&text).unwrap();
    assert_eq!(loaded, recipe);
    assert_eq!(loaded.transform(&data).unwrap().x(), fitted.x());
}

#[test]
fn gene_order_does_not_matter() {
    let data = simulated();
    let (recipe, fitted) = params().fit(&data).unwrap();
    let cells: Vec<usize> = (0..data.n_obs()).collect();
    let reversed: Vec<usize> = (0..data.n_vars()).rev().collect();
    let prepared = recipe.transform(&data.select(&cells, &reversed)).unwrap();
    assert_eq!(prepared.x(), fitted.x());
    assert_eq!(prepared.counts, fitted.counts);
}

#[test]
fn one_cell_alone_is_prepared_as_among_others() {
    let data = simulated();
    let (recipe, fitted) = params().fit(&data).unwrap();
    let genes: Vec<usize> = (0..data.n_vars()).collect();
    let alone = recipe.transform(&data.select(&[17], &genes)).unwrap();
    assert_eq!(alone.x(), fitted.rows(&[17]));
    assert_eq!(alone.size_factors, fitted.size_factors[17..18]);
}

#[test]
fn missing_genes_are_reported_and_do_not_inflate_the_others() {
    let data = simulated();
    let (recipe, fitted) = params().fit(&data).unwrap();
    let dropped: Vec<String> =
        recipe.selected_genes().iter().take(15).map(|s| s.to_string()).collect();
    let genes: Vec<usize> =
        (0..data.n_vars()).filter(|&j| !dropped.contains(&data.var_names()[j])).collect();
    let cells: Vec<usize> = (0..data.n_obs()).collect();
    let prepared = recipe.transform(&data.select(&cells, &genes)).unwrap();
    assert_eq!(prepared.report.missing_genes, dropped);
    let mean = |s: &[f32]| s.iter().sum::<f32>() / s.len() as f32;
    let (new, old) = (mean(&prepared.size_factors), mean(&fitted.size_factors));
    assert!((new - old).abs() < 0.01 * old, "{new} {old}");

    let few: Vec<usize> = (0..100).collect();
    let error = recipe.transform(&data.select(&cells, &few)).unwrap_err();
    assert!(matches!(error, PreprocessError::GenesMissing { of: 150, .. }), "{error}");
}

#[test]
fn filtered_cells_and_genes_are_reported() {
    // Only one cell expresses gene 2; cell 1 has counts in gene 2 alone.
    let data = counts(4, 3, &[5., 1., 0., 0., 0., 9., 2., 7., 0., 1., 3., 0.]);
    let params = RecipeParams { min_cells: 2, n_top_genes: 3, ..Default::default() };
    let (_, prepared) = params.fit(&data).unwrap();
    assert_eq!(prepared.kept_cells, [0, 2, 3]);
    assert_eq!(prepared.report.filtered_cells, [1]);
    assert_eq!((prepared.report.genes_kept, prepared.report.genes_filtered), (2, 1));
}

#[test]
fn size_factors_are_totals_over_kept_genes() {
    let data = counts(4, 3, &[5., 1., 0., 0., 2., 9., 2., 7., 0., 1., 3., 0.]);
    let target = TargetSum::Median;
    let params = RecipeParams { min_cells: 2, n_top_genes: 3, target, ..Default::default() };
    let (recipe, prepared) = params.fit(&data).unwrap();
    // Totals 6, 2, 9, 4: the median is 5.
    assert_eq!(recipe.reference_total(), 5.0);
    assert_eq!(prepared.size_factors, [1.2, 0.4, 1.8, 0.8]);
}

#[test]
fn nothing_left_is_a_clear_error() {
    let empty = counts(3, 2, &[0.0; 6]);
    let stage = |e: PreprocessError| match e {
        PreprocessError::NothingLeft { stage, .. } => stage,
        other => panic!("{other}"),
    };
    let fit = |p: RecipeParams, c: &CountMatrix| stage(p.fit(c).unwrap_err());
    assert_eq!(fit(RecipeParams::default(), &empty), "the gene filter");
    let open = RecipeParams { min_cells: 0, ..Default::default() };
    assert_eq!(fit(open.clone(), &empty), "the cell filter");
    assert_eq!(fit(open.clone(), &counts(1, 2, &[3., 1.])), "the choice of variable genes");
    let constant = counts(3, 2, &[2., 4., 2., 4., 2., 4.]);
    assert_eq!(fit(open, &constant), "the choice of variable genes");

    let (recipe, _) = params().fit(&simulated()).unwrap();
    let names = simulated().var_names().to_vec();
    let x = CsrMatrix::from_dense(1, names.len(), &vec![0.0; names.len()]).unwrap();
    let blank = CountMatrix::new(x, vec!["blank".into()], names).unwrap();
    assert_eq!(stage(recipe.transform(&blank).unwrap_err()), "the cell filter");
}

#[test]
fn bad_parameters_are_refused() {
    let data = simulated();
    for bad in [
        RecipeParams { n_top_genes: 0, ..params() },
        RecipeParams { min_counts: f64::NAN, ..params() },
        RecipeParams { max_missing: 1.5, ..params() },
        RecipeParams { clip: Some(-1.0), ..params() },
        RecipeParams { target: TargetSum::Fixed(0.0), ..params() },
    ] {
        assert!(matches!(bad.fit(&data).unwrap_err(), PreprocessError::Param { .. }));
    }
}

#[test]
fn more_genes_asked_than_there_are() {
    let (recipe, prepared) =
        RecipeParams { n_top_genes: 9999, ..params() }.fit(&simulated()).unwrap();
    assert_eq!(recipe.n_genes(), prepared.n_genes);
    assert!(prepared.n_genes > 300 && prepared.n_genes <= 400);
}

#[test]
fn a_damaged_recipe_is_an_error() {
    let data = simulated();
    let (recipe, _) = params().fit(&data).unwrap();
    let value = serde_json::to_value(&recipe).unwrap();
    for (part, broken) in [
        ("genes", serde_json::json!(["gene0"])),
        ("selected", serde_json::json!([99999])),
        ("scaler", serde_json::json!({"mean": [0.0], "sd": [1.0], "clip": null})),
    ] {
        let mut value = value.clone();
        value[part] = broken;
        let damaged: Recipe = serde_json::from_value(value).unwrap();
        let error = damaged.transform(&data).unwrap_err();
        assert!(matches!(error, PreprocessError::Shape { .. }), "{part}: {error}");
        damaged.selected_genes();
    }
}

/// Batches of the simulated cells by a rule, with two categories that no cell has.
fn with_batches(data: CountMatrix, batch: impl Fn(usize) -> usize) -> CountMatrix {
    let n = data.n_obs();
    let categories = (0..n + 2).map(|b| format!("batch{b}")).collect();
    let codes = (0..n).map(|i| batch(i) as i32).collect();
    data.with_batches(Categorical::new(codes, categories, false).unwrap()).unwrap()
}

#[test]
fn batches_without_cells_do_not_count() {
    let (recipe, prepared) = params().fit(&with_batches(simulated(), |i| 2 * (i % 2))).unwrap();
    assert_eq!(recipe.batches(), ["batch0", "batch2"]);
    assert_eq!(prepared.batches.unwrap()[..4], [0, 1, 0, 1]);
    assert_eq!(prepared.report.ignored_batches, 0);
}

#[test]
fn batches_that_are_not_corrected_are_ignored_and_reported() {
    let alone = with_batches(simulated(), |i| i);
    let (recipe, prepared) = params().fit(&alone).unwrap();
    let (plain, expected) = params().fit(&simulated()).unwrap();
    assert_eq!((recipe.batches(), &prepared.batches), (&[][..], &None));
    assert_eq!(prepared.report.ignored_batches, prepared.n_cells());
    assert_eq!((&recipe, prepared.x()), (&plain, expected.x()));
    let halves = with_batches(simulated(), |i| i % 2);
    let again = plain.transform(&halves).unwrap();
    assert_eq!((again.x(), again.batches), (expected.x(), None));
    assert_eq!(again.report.ignored_batches, 2);
    assert_eq!(plain.transform(&simulated()).unwrap().report.ignored_batches, 0);
}

#[test]
fn threads_change_nothing() {
    let data = simulated();
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| params().fit(&data).unwrap())
    };
    assert_eq!(on(1), on(2));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// Any small counts, with any flavour, give a clear error or finite values.
    #[test]
    fn any_counts(
        n in 1usize..9,
        g in 1usize..9,
        values in proptest::collection::vec(0u8..4, 64),
        flavor in 0usize..4,
        n_top_genes in 1usize..10,
        min_cells in 0usize..3,
        scale in any::<bool>(),
    ) {
        let flavor = [
            HvgFlavor::Seurat,
            HvgFlavor::CellRanger,
            HvgFlavor::SeuratV3,
            HvgFlavor::PearsonResiduals,
        ][flavor];
        let values: Vec<f32> = values[..n * g].iter().map(|&v| f32::from(v)).collect();
        let data = counts(n, g, &values);
        let params = RecipeParams { flavor, n_top_genes, min_cells, scale, ..Default::default() };
        match params.fit(&data) {
            Ok((recipe, prepared)) => {
                prop_assert!(prepared.x().iter().all(|v| v.is_finite()));
                prop_assert_eq!(prepared.x().len(), prepared.n_cells() * recipe.n_genes());
                let filtered = &prepared.report.filtered_cells;
                prop_assert_eq!(filtered.len() + prepared.n_cells(), n);
                prop_assert_eq!(recipe.transform(&data).unwrap().x(), prepared.x());
            }
            Err(error) => {
                let nothing = matches!(error, PreprocessError::NothingLeft { .. });
                prop_assert!(nothing, "{}", error);
            }
        }
    }
}
