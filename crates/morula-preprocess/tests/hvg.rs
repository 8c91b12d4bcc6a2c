//! Variable genes in edge cases: few cells, few genes, ties.

use morula_data::CsrMatrix;
use morula_preprocess::*;

const FLAVORS: [HvgFlavor; 4] =
    [HvgFlavor::Seurat, HvgFlavor::CellRanger, HvgFlavor::SeuratV3, HvgFlavor::PearsonResiduals];

fn params(flavor: HvgFlavor, n_top_genes: usize) -> HvgParams {
    HvgParams { flavor, n_top_genes, ..Default::default() }
}

/// Counts, or their logarithm if the flavour reads it.
fn simulated(cells: usize, flavor: HvgFlavor) -> CsrMatrix {
    let params = SimulateParams { cells, genes: 300, types: 2, markers: 30, ..Default::default() };
    let mut x = simulate(&params).unwrap().counts.x().clone();
    if !flavor.reads_counts() {
        normalize_total(&mut x, TargetSum::Median).unwrap();
        log1p(&mut x);
    }
    x
}

#[test]
fn small_samples_are_no_problem() {
    for flavor in FLAVORS {
        for cells in [2, 3, 5, 10] {
            let found =
                highly_variable_genes(&simulated(cells, flavor), &params(flavor, 50)).unwrap();
            assert!(found.selected.len() >= 50, "{flavor:?}, {cells} cells");
            assert!(found.selected.windows(2).all(|w| w[0] < w[1]));
        }
    }
}

#[test]
fn small_and_single_cell_batches_are_no_problem() {
    for flavor in FLAVORS {
        let x = simulated(40, flavor);
        // Batches of 1, 2, 3 and 34 cells.
        let batches: Vec<usize> =
            (0..40).map(|i| [0, 1, 1, 2, 2, 2].get(i).copied().unwrap_or(9)).collect();
        let found = highly_variable_genes_by_batch(&x, &batches, &params(flavor, 50)).unwrap();
        assert_eq!(found.selected.len(), 50, "{flavor:?}");
        let one = highly_variable_genes_by_batch(&x, &[7; 40], &params(flavor, 50)).unwrap();
        let plain = highly_variable_genes(&x, &params(flavor, 50)).unwrap();
        assert_eq!(one.selected, plain.selected, "{flavor:?}");
        assert!(highly_variable_genes_by_batch(&x, &[0; 39], &params(flavor, 50)).is_err());
    }
}

#[test]
fn markers_are_found() {
    let simulation = SimulateParams { cells: 500, fold_change: 6.0, ..Default::default() };
    let simulated = simulate(&simulation).unwrap();
    let markers: Vec<usize> = simulated.markers.concat();
    for flavor in FLAVORS {
        let mut x = simulated.counts.x().clone();
        if !flavor.reads_counts() {
            normalize_total(&mut x, TargetSum::Median).unwrap();
            log1p(&mut x);
        }
        let found = highly_variable_genes(&x, &params(flavor, 200)).unwrap();
        let hits = found.selected.iter().filter(|j| markers.contains(j)).count();
        // Chance gives 20 of 200.
        assert!(hits > 80, "{flavor:?}: {hits}");
    }
}

#[test]
fn constant_genes_come_last() {
    let values: Vec<f32> =
        (0..60).flat_map(|i| [2.0, (i % 3) as f32, 0.0, (i % 7) as f32]).collect();
    let x = CsrMatrix::from_dense(60, 4, &values).unwrap();
    // A bin of one gene has no deviation for `CellRanger`.
    for flavor in FLAVORS.into_iter().filter(|f| *f != HvgFlavor::CellRanger) {
        let found = highly_variable_genes(&x, &params(flavor, 2)).unwrap();
        assert_eq!(found.selected, [1, 3], "{flavor:?}");
        let all = highly_variable_genes(&x, &params(flavor, 99)).unwrap();
        assert!(all.selected.len() <= 4, "{flavor:?}");
    }
}

#[test]
fn one_cell_and_no_cells() {
    for flavor in FLAVORS {
        for cells in [0, 1] {
            let x = CsrMatrix::from_dense(cells, 3, &vec![1.0; 3 * cells]).unwrap();
            let found = highly_variable_genes(&x, &params(flavor, 2)).unwrap();
            assert!(found.selected.len() <= 3, "{flavor:?}");
        }
        let x = CsrMatrix::from_dense(2, 0, &[]).unwrap();
        assert!(highly_variable_genes(&x, &params(flavor, 2)).unwrap().selected.is_empty());
    }
}

/// Values that no pipeline should produce do not cause a panic.
#[test]
fn damaged_values_do_not_panic() {
    let odd = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -5.0, 1.0, 0.0];
    let values: Vec<f32> = (0..120).map(|i| odd[(i * 7 + i / 11) % 6]).collect();
    for flavor in FLAVORS {
        let x = CsrMatrix::from_dense(12, 10, &values).unwrap();
        highly_variable_genes(&x, &params(flavor, 3)).unwrap();
    }
}

#[test]
fn bad_parameters_are_refused() {
    let x = CsrMatrix::from_dense(1, 1, &[1.0]).unwrap();
    let base = HvgParams::default();
    for bad in [
        HvgParams { n_top_genes: 0, ..base.clone() },
        HvgParams { n_bins: 0, ..base.clone() },
        HvgParams { span: 0.0, ..base.clone() },
        HvgParams { span: f64::NAN, ..base.clone() },
        HvgParams { theta: 0.0, ..base.clone() },
        HvgParams { clip: Some(-1.0), ..base.clone() },
    ] {
        assert!(highly_variable_genes(&x, &bad).is_err(), "{bad:?}");
    }
}
