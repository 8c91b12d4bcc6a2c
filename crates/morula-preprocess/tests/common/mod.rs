//! Golden files and comparisons.
#![allow(dead_code)] // Each test file uses a part of it.

use morula_data::{CountMatrix, CsrMatrix};
use morula_preprocess::HvgFlavor;
use serde_json::Value;
use std::path::Path;

pub const FLAVORS: [(&str, HvgFlavor); 4] = [
    ("seurat", HvgFlavor::Seurat),
    ("cell_ranger", HvgFlavor::CellRanger),
    ("seurat_v3", HvgFlavor::SeuratV3),
    ("pearson_residuals", HvgFlavor::PearsonResiduals),
];

pub fn golden(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Numbers of a golden list, null as NaN.
pub fn floats(v: &Value) -> Vec<f64> {
    v.as_array().unwrap().iter().map(|v| v.as_f64().unwrap_or(f64::NAN)).collect()
}

pub fn positions(v: &Value) -> Vec<usize> {
    v.as_array().unwrap().iter().map(|v| v.as_u64().unwrap() as usize).collect()
}

/// `|found - want| <= 1e-5 max(1, |want|)` everywhere; NaN where NaN is wanted. Returns the largest
/// error on that scale.
pub fn assert_close(what: &str, found: &[f64], want: &[f64]) -> f64 {
    assert_eq!(found.len(), want.len(), "{what}: lengths");
    let mut worst = 0f64;
    for (i, (f, w)) in found.iter().zip(want).enumerate() {
        // Infinite and undefined scores are both null in the golden file.
        if w.is_nan() {
            assert!(!f.is_finite(), "{what}[{i}]: {f}, but none is defined");
            continue;
        }
        let error = (f - w).abs() / w.abs().max(1.0);
        assert!(error <= 1e-5, "{what}[{i}]: {f} against {w}, off by {error:.1e}");
        worst = worst.max(error);
    }
    println!("{what}: largest error {worst:.1e}");
    worst
}

pub fn wide(v: &[f32]) -> Vec<f64> {
    v.iter().map(|&v| f64::from(v)).collect()
}

/// Every `step`-th row of a row-major matrix.
pub fn every(v: &[f32], width: usize, step: usize) -> Vec<f64> {
    wide(&v.chunks(width).step_by(step).flatten().copied().collect::<Vec<_>>())
}

pub fn named(x: CsrMatrix) -> CountMatrix {
    let names = |what: &str, n: usize| (0..n).map(|i| format!("{what}{i}")).collect();
    let (n, g) = (x.n_rows(), x.n_cols());
    CountMatrix::new(x, names("cell", n), names("gene", g)).unwrap()
}

/// The counts of an h5ad file with a CSR matrix of single precision.
pub fn counts(path: &Path) -> CountMatrix {
    let file = hdf5_pure::File::open(path).unwrap();
    let indptr = file.dataset("X/indptr").unwrap().read::<i32>().unwrap();
    let indices = file.dataset("X/indices").unwrap().read::<i32>().unwrap();
    let data = file.dataset("X/data").unwrap().read::<f32>().unwrap();
    let genes = file.dataset("var/_index").unwrap().shape().unwrap()[0] as usize;
    let indptr: Vec<usize> = indptr.into_iter().map(|p| p as usize).collect();
    let indices = indices.into_iter().map(|j| j as u32).collect();
    named(CsrMatrix::new(indptr.len() - 1, genes, indptr, indices, data).unwrap())
}

/// Components whose variances differ by less than one part in a thousand: a tie in single
/// precision, within which any rotation is correct.
pub fn ties(variance: &[f64]) -> Vec<std::ops::Range<usize>> {
    let mut groups: Vec<std::ops::Range<usize>> = Vec::new();
    for c in 0..variance.len() {
        match groups.last_mut() {
            Some(g) if variance[c] > 0.999 * variance[c - 1] => g.end = c + 1,
            _ => groups.push(c..c + 1),
        }
    }
    groups
}

/// Rows of `k` components, with the length of the part within a tie in place of that part.
pub fn up_to_ties(rows: &[f64], variance: &[f64]) -> Vec<f64> {
    let groups = ties(variance);
    let part = |row: &[f64], g: &std::ops::Range<usize>| match g.len() {
        1 => row[g.start],
        _ => row[g.clone()].iter().map(|v| v * v).sum::<f64>().sqrt(),
    };
    rows.chunks(variance.len()).flat_map(|row| groups.iter().map(move |g| part(row, g))).collect()
}
