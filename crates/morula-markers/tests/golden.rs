//! Markers against scanpy 1.11.5. `python scripts/scanpy_markers.py DATA_DIR` writes the golden
//! files.
//!
//! Tolerance 1e-6, relative above 1; p-values are always relative, down to 1e-300.

use morula_data::{Categorical, CsrMatrix};
use morula_markers::{Marker, MarkersParams, rank_genes_groups};
use serde_json::Value;
use std::path::Path;

fn golden(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn list<'a, T>(value: &'a Value, of: impl Fn(&'a Value) -> Option<T>) -> Vec<T> {
    value.as_array().unwrap().iter().map(|v| of(v).unwrap()).collect()
}

fn close(what: &str, found: f64, want: f64, scale: f64) {
    let error = (found - want).abs() / scale;
    let vanished = found.abs().max(want.abs()) <= 1e-300;
    assert!(error <= 1e-6 || vanished, "{what}: {found:e} against {want:e}");
}

fn check(what: &str, markers: &[&Marker], want: &Value) {
    let of = |column: &str| list(&want[column], Value::as_f64);
    let columns = ["scores", "logfoldchanges", "pvals", "pvals_adj", "pct_in", "pct_out"];
    for column in columns {
        let want = of(column);
        assert_eq!(markers.len(), want.len(), "{what} {column}");
        for (i, (m, w)) in markers.iter().zip(want).enumerate() {
            let (found, scale) = match column {
                "scores" => (m.score, w.abs().max(1.0)),
                "logfoldchanges" => (m.logfoldchange, w.abs().max(1.0)),
                "pvals" => (m.pval, w),
                "pvals_adj" => (m.pval_adj, w),
                "pct_in" => (m.pct_in, 1.0),
                _ => (m.pct_out, 1.0),
            };
            close(&format!("{what}, {column}[{i}]"), found, w, scale);
        }
    }
}

#[test]
fn a_small_matrix_with_ties() {
    let golden = golden("synthetic.json");
    let n_genes = golden["n_genes"].as_u64().unwrap() as usize;
    let x = list(&golden["x"], |v| v.as_f64().map(|v| v as f32));
    let x = CsrMatrix::from_dense(x.len() / n_genes, n_genes, &x).unwrap();
    let labels = list(&golden["groups"], |v| v.as_str().map(|s| Some(s.to_string())));
    let groups = Categorical::from_labels(labels);
    for (name, tie_correct) in [("tie_correct", true), ("no_tie_correct", false)] {
        let params = MarkersParams::default().tie_correct(tie_correct);
        let markers = rank_genes_groups(&x, &groups, &params).unwrap();
        assert_eq!(markers.groups().len(), 4);
        for group in markers.groups() {
            let all: Vec<&Marker> = group.genes().iter().collect();
            check(&format!("{name}, group {}", group.name), &all, &golden[name][&group.name]);
        }
    }
}

/// Normalises counts as `scripts/scanpy_markers.py` does, with the logarithm rounded once.
fn log_normalised(counts: &CsrMatrix) -> CsrMatrix {
    let mut x = counts.clone();
    morula_preprocess::normalize_total(&mut x, Default::default()).unwrap();
    x.data_mut().iter_mut().for_each(|v| *v = f64::from(*v).ln_1p() as f32);
    x
}

#[test]
fn baron_pancreas() {
    let Some(folder) = morula_testing::data_folder() else { return };
    let path = folder.join("Baron_human1.h5ad");
    let data = morula_data::read(path).unwrap();
    let groups = Categorical::from_labels(data.obs.column("cell_type").unwrap().labels());
    let x = log_normalised(data.x.as_ref().unwrap());
    let markers = rank_genes_groups(&x, &groups, &MarkersParams::default()).unwrap();
    let golden = golden("baron.json");
    for (name, want) in golden.as_object().unwrap() {
        let group = markers.groups().iter().find(|g| g.name == *name).unwrap();
        let best: Vec<&Marker> = group.top(20).collect();
        let genes: Vec<&str> = best.iter().map(|m| data.var_names()[m.gene].as_str()).collect();
        assert_eq!(genes, list(&want["names"], |v| v.as_str()), "{name}");
        check(name, &best, want);
    }
}
