//! Harmony removes differences between batches from principal components.

use morula_data::CountMatrix;
use morula_preprocess::{
    Harmony, HarmonyParams, PcaParams, PreprocessError, RecipeParams, SimulateParams, neighbors,
    pca_dense, simulate,
};
use proptest::prelude::*;

const D: usize = 10;

/// 900 cells of three types in some batches.
fn simulated(batches: usize, batch_sd: f64) -> (CountMatrix, Vec<usize>, Vec<usize>) {
    let params = SimulateParams {
        cells: 900,
        genes: 600,
        types: 3,
        markers: 60,
        batches,
        batch_sd,
        ..SimulateParams::default()
    };
    let data = simulate(&params).unwrap();
    (data.counts, data.types, data.batches.unwrap())
}

fn components(counts: &CountMatrix) -> Vec<f32> {
    let (_, prepared) = RecipeParams::default().fit(counts).unwrap();
    assert_eq!(prepared.n_cells(), counts.n_obs());
    let pca = PcaParams { n_comps: D, ..PcaParams::default() };
    pca_dense(&prepared.x(), prepared.n_genes, &pca).unwrap().scores
}

/// Cells of three types in two batches, the smallest type in the first batch alone: components,
/// types and batches.
fn cells() -> (Vec<f32>, Vec<usize>, Vec<usize>) {
    let (counts, types, batches) = simulated(2, 0.4);
    let keep: Vec<usize> = (0..900).filter(|&i| types[i] != 2 || batches[i] == 0).collect();
    let genes: Vec<usize> = (0..600).collect();
    let of = |all: &[usize]| keep.iter().map(|&i| all[i]).collect();
    (components(&counts.select(&keep, &genes)), of(&types), of(&batches))
}

/// Share of the 20 nearest neighbours, of the cells `of`, for which `what` is true.
fn share(x: &[f32], of: impl Fn(usize) -> bool, what: impl Fn(usize, usize) -> bool) -> f64 {
    let found = neighbors(x, D, 20).unwrap();
    let pairs = (0..x.len() / D).filter(|&i| of(i)).flat_map(|i| {
        found.indices[i * found.k..(i + 1) * found.k].iter().map(move |&j| (i, j as usize))
    });
    let pairs: Vec<bool> = pairs.map(|(i, j)| what(i, j)).collect();
    pairs.iter().filter(|&&yes| yes).count() as f64 / pairs.len() as f64
}

#[test]
fn batches_mix_and_types_stay_apart() {
    let (x, types, batches) = cells();
    let (_, corrected) = HarmonyParams::default().fit(&x, D, &batches).unwrap();
    let both = |i: usize| types[i] != 2;
    let other_batch = |i: usize, j: usize| batches[i] != batches[j];
    let same_type = |i: usize, j: usize| types[i] == types[j];
    let (before, after) = (share(&x, both, other_batch), share(&corrected, both, other_batch));
    assert!(before < 0.1 && after > 0.4, "{before} {after}");
    let kept = share(&corrected, |_| true, same_type);
    assert!(kept > 0.97, "{kept}");
    // The type of a single batch does not move to another type.
    let alone = share(&corrected, |i| types[i] == 2, same_type);
    assert!(alone > 0.9, "{alone}");
}

#[test]
fn cells_of_the_fit_come_out_as_they_did_on_any_number_of_threads() {
    let (x, _, batches) = cells();
    let fit = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| HarmonyParams::default().fit(&x, D, &batches).unwrap())
    };
    let (harmony, corrected) = fit(1);
    assert_eq!((&harmony, &corrected), (&fit(3).0, &fit(3).1));
    assert_eq!(harmony.transform(&x, &batches).unwrap(), corrected);
    // Each cell alone, and again after saving.
    let saved: Harmony = serde_json::from_str(&serde_json::to_string(&harmony).unwrap()).unwrap();
    let alone = saved.transform(&x[7 * D..8 * D], &batches[7..8]).unwrap();
    assert_eq!(alone, corrected[7 * D..8 * D]);
    assert!(saved.fits(D) && !saved.fits(D + 1));
}

/// A third batch, with the fit on the first two: its cells move to the cells of the fit.
#[test]
fn a_new_batch_is_corrected_like_the_others() {
    let (counts, types, batches) = simulated(3, 0.3);
    let x = components(&counts);
    let (known, new): (Vec<usize>, Vec<usize>) = (0..900).partition(|&i| batches[i] < 2);
    let rows = |of: &[usize]| of.iter().flat_map(|&i| &x[i * D..(i + 1) * D]).copied().collect();
    let of = |of: &[usize]| of.iter().map(|&i| batches[i]).collect::<Vec<_>>();
    let [fitted, later]: [Vec<f32>; 2] = [rows(&known), rows(&new)];
    let (harmony, corrected) = HarmonyParams::default().fit(&fitted, D, &of(&known)).unwrap();
    let moved = harmony.transform(&later, &of(&new)).unwrap();

    let order: Vec<usize> = known.iter().chain(&new).copied().collect();
    let is_new = |i: usize| i >= known.len();
    let other = |i: usize, j: usize| is_new(j) != is_new(i);
    let same = |i: usize, j: usize| types[order[i]] == types[order[j]];
    let before = share(&[corrected.clone(), later].concat(), is_new, other);
    let all = [corrected, moved].concat();
    let (after, kept) = (share(&all, is_new, other), share(&all, is_new, same));
    assert!(before < 0.1 && after > 0.5 && kept > 0.97, "{before} {after} {kept}");
}

#[test]
fn one_batch_stays_as_it_is() {
    let (x, _, batches) = cells();
    let (harmony, corrected) =
        HarmonyParams::default().fit(&x, D, &vec![0; batches.len()]).unwrap();
    assert_eq!(corrected, x);
    assert_eq!((harmony.n_batches(), harmony.n_dims()), (1, D));
    assert_eq!(harmony.transform(&x[..D], &[0]).unwrap(), x[..D]);
}

#[test]
fn what_does_not_belong_together_is_refused() {
    let params = HarmonyParams::default();
    let shape = |x: &[f32], d, batches: &[usize]| match params.fit(x, d, batches) {
        Err(PreprocessError::Shape { what, .. }) => what,
        other => panic!("{other:?}"),
    };
    assert_eq!(shape(&[1.0; 6], 2, &[0, 1]), "batches of cells");
    assert_eq!(shape(&[1.0; 5], 2, &[0, 1]), "coordinates of cells");
    assert_eq!(shape(&[], 0, &[]), "coordinates of cells");
    let error = params.fit(&[1.0, f32::NAN], 1, &[0, 1]).unwrap_err();
    assert!(matches!(error, PreprocessError::NotFinite { row: 1, .. }));
    for params in [
        HarmonyParams { n_clusters: Some(0), ..params.clone() },
        HarmonyParams { theta: -1.0, ..params.clone() },
        HarmonyParams { sigma: 0.0, ..params.clone() },
        HarmonyParams { lambda: f64::NAN, ..params.clone() },
    ] {
        assert!(matches!(params.check(), Err(PreprocessError::Param { .. })));
    }
}

#[test]
fn few_cells_and_identical_ones_are_no_trouble() {
    let fit = |x: &[f32], d, batches: &[usize]| {
        let params = HarmonyParams { n_clusters: Some(5), ..HarmonyParams::default() };
        let (harmony, corrected) = params.fit(x, d, batches).unwrap();
        assert!(corrected.iter().all(|v| v.is_finite()), "{corrected:?}");
        assert_eq!(harmony.transform(x, batches).unwrap(), corrected);
        corrected
    };
    assert!(fit(&[], 3, &[]).is_empty());
    fit(&[1.0, 2.0], 2, &[0]);
    fit(&[1.0, 2.0, 3.0, 4.0], 2, &[0, 1]);
    assert_eq!(fit(&[0.0; 40], 2, &[[0, 1]; 10].concat()), [0.0; 40]);
    // Batch 1 has no cells.
    fit(&[1.0, 2.0, 3.0, 4.0], 2, &[0, 2]);
}

proptest! {
    #[test]
    fn corrections_are_finite_and_repeat(
        values in proptest::collection::vec(-1e3f32..1e3, 30..300),
        n_batches in 1usize..5, theta in 0.0f64..4.0, lambda in 0.0f64..2.0, seed in 0u64..9,
    ) {
        let x = &values[..values.len() / 3 * 3];
        let batches: Vec<usize> = (0..x.len() / 3).map(|i| (i * i) % n_batches).collect();
        let params = HarmonyParams { theta, lambda, seed, ..HarmonyParams::default() };
        let (harmony, corrected) = params.fit(x, 3, &batches).unwrap();
        prop_assert!(corrected.iter().all(|v| v.is_finite()));
        prop_assert_eq!(harmony.transform(x, &batches).unwrap(), corrected);
    }
}
