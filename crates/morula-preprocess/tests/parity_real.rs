//! The whole recipe against scanpy on real data sets, in the folder `MORULA_DATA`
//! (`scripts/scanpy_golden.py`; the golden file has the versions). Tolerance 1e-5, sets identical.

mod common;

use common::*;
use morula_preprocess::*;

fn check(name: &str) {
    let Some(folder) = morula_testing::data_folder() else { return };
    let golden = &golden("scanpy_real.json")[name];
    let counts = counts(&folder.join(format!("{name}.h5ad")));
    let at = |what: &str| positions(&golden[what]);

    let genes = filter_genes(counts.x(), 3);
    assert_eq!(genes.len() as u64, golden["n_genes"].as_u64().unwrap());
    let x = counts.x().select_cols(&genes);
    assert_eq!(filter_cells(&x, 1.0, 0).len() as u64, golden["n_cells"].as_u64().unwrap());
    let mut logs = x.clone();
    normalize_total(&mut logs, TargetSum::Median).unwrap();
    log1p(&mut logs);
    let mut failed = Vec::new();
    for (flavor_name, flavor) in FLAVORS {
        let input = if flavor.reads_counts() { &x } else { &logs };
        let params = HvgParams { flavor, ..Default::default() };
        let found = highly_variable_genes(input, &params).unwrap();
        let want = &golden["hvg"][flavor_name];
        let scores: Vec<f64> = at("genes").iter().map(|&j| found.score[j]).collect();
        assert_close(&format!("{name} {flavor_name}"), &scores, &floats(&want["score"]));
        let selected: Vec<usize> = (positions(&want["selected"]).iter())
            .scan(0, |sum, gap| {
                *sum += gap;
                Some(*sum)
            })
            .collect();
        if found.selected != selected {
            failed.push(flavor_name);
        }
    }
    assert!(failed.is_empty(), "{name}: other genes selected by {failed:?}");

    // scanpy's default, with which the golden numbers were computed.
    let params = RecipeParams { target: TargetSum::Median, ..Default::default() };
    let (recipe, prepared) = params.fit(&counts).unwrap();
    let g = recipe.n_genes();
    let sampled: Vec<f32> =
        (at("cells").iter()).flat_map(|&i| prepared.rows(&[i]).into_iter().step_by(50)).collect();
    assert_close(&format!("{name} scaled"), &wide(&sampled), &floats(&golden["scaled"]));

    let pca = pca_dense(&prepared.x(), g, &PcaParams::default()).unwrap();
    let want = |what: &str| floats(&golden["pca"][what]);
    assert_close(&format!("{name} variance"), &pca.explained_variance, &want("variance"));
    assert_close(&format!("{name} ratio"), &pca.explained_variance_ratio, &want("ratio"));
    let settled = |rows: &[f64]| up_to_ties(rows, &want("variance"));
    let loadings = settled(&every(&pca.loadings, 50, 250));
    assert_close(&format!("{name} loadings"), &loadings, &settled(&want("loadings")));
    let rows = |v: &[f32], width: usize| -> Vec<f64> {
        at("cells").iter().flat_map(|&i| wide(&v[i * width..(i + 1) * width])).collect()
    };
    let scores = settled(&rows(&pca.scores, 50));
    assert_close(&format!("{name} scores"), &scores, &settled(&want("scores")));

    let near = neighbors(&pca.scores, 50, 15).unwrap();
    for (&i, want) in at("cells").iter().zip(golden["neighbors"]["indices"].as_array().unwrap()) {
        let found: Vec<usize> =
            near.indices[i * 15..(i + 1) * 15].iter().map(|&j| j as usize).collect();
        assert_eq!(found, positions(want), "{name}, cell {i}");
    }
    let distances = floats(&golden["neighbors"]["distances"]);
    assert_close(&format!("{name} distances"), &rows(&near.distances, 15), &distances);
}

#[test]
fn baron_pancreas() {
    check("Baron_human1");
}

#[test]
fn zeisel_cortex() {
    check("Zeisel_mouse_brain_4000");
}
