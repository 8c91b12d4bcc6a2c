//! Few cells, unusual cells, wrong parameters.

use morula_core::transport::Marginal;
use morula_data::{CountMatrix, CsrMatrix};
use morula_models::ModelError;
use morula_preprocess::RecipeParams;

use super::{finite, labels, params};
use crate::common::{checks, counts, device};

#[test]
fn degenerate_sizes_give_a_result_or_a_clear_error() {
    let (counts, _) = counts(30);
    for k in [1, 3] {
        let model = params(k).fit(&counts, &device()).unwrap();
        assert!(labels(&model).iter().all(|&l| l < k));
        assert!(finite(&model), "k = {k}");
    }
    let error = params(31).fit(&counts, &device()).unwrap_err();
    assert!(matches!(error, ModelError::TooFewCells { n_cells: 30, n_clusters: 31 }), "{error}");
    // Batches of a single cell, and more neighbours than cells.
    let model = params(2).batch_size(1).neighbors(100).fit(&counts, &device()).unwrap();
    assert!(finite(&model));
}

/// Rows of a dense matrix of 300 genes as counts.
fn matrix(dense: &[f32]) -> CountMatrix {
    let n = dense.len() / 300;
    let names = |n: usize, p: &str| (0..n).map(|i| format!("{p}{i}")).collect::<Vec<_>>();
    let x = CsrMatrix::from_dense(n, 300, dense).unwrap();
    CountMatrix::new(x, names(n, "cell"), names(300, "gene")).unwrap()
}

#[test]
fn duplicates_and_a_distant_cell_are_handled() {
    let (counts, _) = counts(60);
    let mut dense = counts.x().to_dense();
    // Ten copies of one cell, and a cell that shares no gene with the others.
    for copy in 1..10 {
        dense.copy_within(0..300, copy * 300);
    }
    dense[59 * 300..].fill(0.0);
    dense[59 * 300] = 5000.0;
    assert!(finite(&params(3).fit(&matrix(&dense), &device()).unwrap()));
    // All cells identical: no direction separates them.
    let alike = dense[..300].repeat(20);
    match params(2).fit(&matrix(&alike), &device()) {
        Ok(model) => assert!(finite(&model)),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    // Each of two cells is as near to the other as to itself, so they are one cluster.
    let recipe = RecipeParams { min_cells: 1, n_top_genes: 50, ..RecipeParams::default() };
    let two = matrix(&dense[9 * 300..11 * 300]);
    assert!(finite(&params(1).recipe(recipe.clone()).fit(&two, &device()).unwrap()));
    let error = params(2).recipe(recipe).fit(&two, &device()).unwrap_err().to_string();
    assert!(error.contains("at most 1"), "{error}");
}

#[test]
fn parameters_out_of_range_are_named() {
    let cases = [
        ("n_clusters", params(0)),
        ("alpha", params(3).alpha(0.0)),
        ("drop_edges", params(3).drop_edges(1.5)),
        ("learning_rate", params(3).learning_rate(f64::NAN)),
        ("widths", params(3).widths(vec![])),
        ("graph_widths", params(3).graph_widths(vec![0])),
        ("neighbors", params(3).neighbors(0)),
        ("max_nodes", params(3).max_nodes(8)),
        ("transport_weight", params(3).transport_weight(-1.0)),
    ];
    checks::parameters_are_named(cases.map(|(name, params)| (name, params.check())));
    let error = params(3).marginal(Marginal::Prior(vec![1.0, 2.0])).check().unwrap_err();
    assert!(error.to_string().contains("prior"), "{error}");
}
