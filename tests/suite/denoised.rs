//! Denoised counts are written for their cells and genes only.

use morula::data::{AnnData, Column, DataError, UnsValue};
use morula::prelude::*;
use serde_json::json;

/// Two cells of the model's genes c, lost and a.
fn denoised(cells: &[usize]) -> Denoised<'_> {
    let counts = json!({ "values": [1.5, 0.0, 2.5, 3.5, 4.5, 5.5], "n_cols": 3 });
    let counts = serde_json::from_value(counts).unwrap();
    Denoised { model: "m", genes: vec!["c", "lost", "a"], cells, counts }
}

fn data(genes: &[&str]) -> AnnData {
    let names = |names: &[&str]| names.iter().map(|n| n.to_string()).collect();
    let x = CsrMatrix::from_dense(4, genes.len(), &vec![1.0; 4 * genes.len()]).unwrap();
    AnnData::new(x, names(&["w", "x", "y", "z"]), names(genes)).unwrap()
}

fn added(genes: &[&str], denoised: &Denoised<'_>) -> AnnData {
    let mut data = data(genes);
    let names = data.var_names().to_vec();
    let kept = Additions::new().uns("kept", UnsValue::from(1));
    data.add(&denoised.add_to(kept, 4, &names).unwrap()).unwrap();
    data
}

#[test]
fn entries_are_written_for_their_cells_and_genes_only() {
    let data = added(&["a", "b", "c"], &denoised(&[1, 3]));
    let layer = &data.layers["denoised"];
    assert_eq!(layer.indptr(), [0, 0, 2, 2, 4]);
    assert_eq!(layer.row(1), (&[0u32, 2][..], &[2.5f32, 1.5][..]));
    assert_eq!(layer.row(3), (&[0u32, 2][..], &[5.5f32, 3.5][..]));
    let modelled = Column::Bool(vec![Some(true), Some(false), Some(true)]);
    assert_eq!(data.var.column("m_modelled").unwrap(), &modelled);
    assert_eq!(data.uns["kept"], UnsValue::Int(1));
}

#[test]
fn repeated_names_are_matched_in_order() {
    let mut twice = denoised(&[0, 1]);
    twice.genes = vec!["c", "c", "a"];
    let data = added(&["a", "c", "a", "c"], &twice);
    assert_eq!(data.layers["denoised"].row(0), (&[0u32, 1, 3][..], &[2.5f32, 1.5, 0.0][..]));
}

#[test]
fn parts_that_disagree_are_refused() {
    let genes = data(&["a", "b", "c"]).var_names().to_vec();
    for cells in [&[0, 4][..], &[0]] {
        let error = denoised(cells).add_to(Additions::new(), 4, &genes).unwrap_err();
        assert!(matches!(error, DataError::Shape { .. }), "{error}");
    }
}
