//! One label, one batch, one cell, and neighbours that are none.

use morula_metrics::{KnnGraph, KnnScores, MetricsError, NeighborProblem, silhouette_batch};

use crate::search::Found;

/// Eight cells on a line, in two groups.
const X: [f32; 8] = [0.0, 1.0, 2.0, 3.0, 50.0, 51.0, 52.0, 53.0];

fn error(indices: &[u32], distances: &[f32], k: usize) -> MetricsError {
    KnnGraph::new(indices, distances, k).unwrap_err()
}

#[test]
fn neighbours_must_fill_rows() {
    let shape = |indices, distances, k| MetricsError::NeighborShape { indices, distances, k };
    assert_eq!(error(&[1, 0, 0], &[1.0; 3], 2), shape(3, 3, 2));
    assert_eq!(error(&[1, 0], &[1.0; 3], 1), shape(2, 3, 1));
    assert_eq!(error(&[1, 0], &[1.0; 2], 0), shape(2, 2, 0));
    assert_eq!(error(&[1, 0], &[1.0; 2], usize::MAX), shape(2, 2, usize::MAX));
    assert_eq!(error(&[], &[], 3), MetricsError::Empty);
    assert_eq!(error(&[], &[], 0), MetricsError::Empty);
}

#[test]
fn a_cell_has_fewer_neighbours_than_there_are_cells() {
    let expect = MetricsError::NeighborCount { k: 2, n_cells: 2, least: 1 };
    assert_eq!(error(&[1, 0, 0, 1], &[1.0; 4], 2), expect);
    assert_eq!(error(&[0], &[0.0], 1), MetricsError::NeighborCount { k: 1, n_cells: 1, least: 1 });
}

#[test]
fn a_wrong_neighbour_is_named() {
    // Three cells with two neighbours each; the second cell has the problem.
    for (row, distances, rank, problem) in [
        ([3, 0], [1.0, 2.0], 0, NeighborProblem::OutOfRange),
        ([u32::MAX, 0], [1.0, 2.0], 0, NeighborProblem::OutOfRange),
        ([0, 1], [1.0, 2.0], 1, NeighborProblem::Itself),
        ([2, 2], [1.0, 1.0], 1, NeighborProblem::Repeated),
        ([0, 2], [f32::NAN, 1.0], 0, NeighborProblem::NoDistance),
        ([0, 2], [1.0, f32::INFINITY], 1, NeighborProblem::NoDistance),
        ([0, 2], [-1.0, 1.0], 0, NeighborProblem::NoDistance),
        ([0, 2], [2.0, 1.0], 1, NeighborProblem::Unsorted),
    ] {
        let indices = [1, 2, row[0], row[1], 0, 1];
        let distances = [1.0, 1.0, distances[0], distances[1], 1.0, 1.0];
        let found = error(&indices, &distances, 2);
        let message = found.to_string();
        assert!(message.starts_with(&format!("cell 1, rank {rank}: neighbour ")), "{message}");
        match found {
            MetricsError::Neighbor { problem: found, .. } => assert_eq!(found, problem),
            other => panic!("{other}"),
        }
    }
}

#[test]
fn every_score_needs_a_label_per_cell() {
    let found = Found::new(&X, 1, 5);
    let (graph, expect) = (found.graph(), MetricsError::LabelCount { labels: 7, n_cells: 8 });
    let (short, long) = ([0; 7], [0; 8]);
    assert_eq!(graph.knn_scores(&short), Err(expect.clone()));
    assert_eq!(graph.knn_scores_across(&long, &short), Err(expect.clone()));
    assert_eq!(graph.knn_scores_across(&short, &[0, 1, 2, 3, 4, 5, 6, 7]), Err(expect.clone()));
    assert_eq!(graph.lisi(&short), Err(expect.clone()));
    assert_eq!(graph.ilisi(&short), Err(expect.clone()));
    assert_eq!(graph.clisi(&short), Err(expect.clone()));
    assert_eq!(graph.graph_connectivity(&short), Err(expect.clone()));
    assert_eq!(silhouette_batch(&X, 1, &long, &short), Err(expect));
}

#[test]
fn one_label_or_batch() {
    let found = Found::new(&X, 1, 5);
    let graph = found.graph();
    let one = ["T"; 8];
    assert_eq!(graph.knn_scores(&one), Ok(KnnScores { accuracy: 1.0, f1_macro: 1.0 }));
    assert_eq!(graph.graph_connectivity(&one), Ok(1.0));
    assert!(graph.lisi(&one).unwrap().iter().all(|lisi| (lisi - 1.0).abs() < 1e-12));
    let single = MetricsError::SingleGroup { n_cells: 8 };
    assert_eq!(graph.ilisi(&one), Err(single.clone()));
    assert_eq!(graph.clisi(&one), Err(single));
    let same = MetricsError::SameBatch { cell: 0, neighbor: 1 };
    assert_eq!(graph.knn_scores_across(&one, &one), Err(same));
    let unmixed = MetricsError::NoMixedLabel { n_labels: 1 };
    assert_eq!(silhouette_batch(&X, 1, &one, &one), Err(unmixed));
    assert!(silhouette_batch(&X, 1, &one, &[0, 0, 0, 0, 1, 1, 1, 1]).unwrap() < 0.1);
}

#[test]
fn a_label_with_one_cell() {
    let labels = ["a", "a", "a", "a", "b", "b", "b", "alone"];
    let found = Found::new(&X, 1, 3);
    let scores = found.graph().knn_scores(&labels).unwrap();
    assert_eq!(scores.accuracy, 7.0 / 8.0);
    // b has three cells, and the lonely cell gets b as well.
    assert!((scores.f1_macro - (1.0 + 6.0 / 7.0 + 0.0) / 3.0).abs() < 1e-15);
    assert_eq!(found.graph().graph_connectivity(&labels), Ok(1.0));
    // Only a has batches that can be compared: b has one, and the lonely cell is a batch by itself.
    let batches = [0, 0, 1, 1, 0, 0, 0, 1];
    let only_a = silhouette_batch(&X[..4], 1, &labels[..4], &batches[..4]);
    assert_eq!(silhouette_batch(&X, 1, &labels, &batches), only_a);
    let singletons: Vec<usize> = (0..8).collect();
    let unmixed = MetricsError::NoMixedLabel { n_labels: 3 };
    assert_eq!(silhouette_batch(&X, 1, &labels, &singletons), Err(unmixed));
}

#[test]
fn the_nearest_of_tied_labels_wins() {
    // Four votes each. Ties: 0 has b at 1, 1 has b at 0, and 4 has m at 3. Cells 2 and 3 have
    // three votes for b.
    let found = Found::new(&[0.0, 1.0, 2.1, 3.3, 4.4], 1, 4);
    for b in ["b", "z"] {
        let scores = found.graph().knn_scores(&[b, b, "m", "m", b]).unwrap();
        assert_eq!(scores.accuracy, 2.0 / 5.0);
    }
}

#[test]
fn lisi_needs_five_neighbours() {
    let few = MetricsError::NeighborCount { k: 4, n_cells: 8, least: 5 };
    assert_eq!(Found::new(&X, 1, 4).graph().lisi(&[0; 8]), Err(few));
    assert!(Found::new(&X, 1, 5).graph().lisi(&[0; 8]).is_ok());
}

#[test]
fn coincident_cells_share_the_weight() {
    let found = Found::new(&[1.5; 24], 2, 11);
    let batches: Vec<usize> = (0..12).map(|i| i % 2).collect();
    // Eleven neighbours of equal weight: five of the cell's own batch, six of the other.
    let expect = 1.0 / (25.0 + 36.0) * 121.0;
    for lisi in found.graph().lisi(&batches).unwrap() {
        assert!((lisi - expect).abs() < 1e-12, "{lisi}");
    }
    assert_eq!(silhouette_batch(&[1.5; 24], 2, &[0; 12], &batches), Ok(1.0));
}

#[test]
fn the_largest_and_smallest_distances_have_weights() {
    let batches = [0, 1, 0, 1, 0, 1, 0, 1];
    let expect = Found::new(&X, 1, 7).graph().lisi(&batches).unwrap();
    for scale in [1e-36, 1e36] {
        let x = X.map(|v| v * scale);
        let lisi = Found::new(&x, 1, 7).graph().lisi(&batches).unwrap();
        for (lisi, expect) in lisi.iter().zip(&expect) {
            assert!((lisi - expect).abs() < 1e-3, "{scale}: {lisi} {expect}");
        }
    }
}

#[test]
fn coordinates_must_be_finite_and_fill_the_matrix() {
    let mut x = X;
    x[5] = f32::NAN;
    let message = silhouette_batch(&x, 1, &[0; 8], &[0; 8]).unwrap_err().to_string();
    assert!(message.contains("cell 5, dimension 0 holds NaN"), "{message}");
    let shape = MetricsError::Shape { values: 8, n_cells: 8, n_dims: 2 };
    assert_eq!(silhouette_batch(&X, 2, &[0; 8], &[0; 8]), Err(shape));
    assert_eq!(silhouette_batch::<u8, u8>(&[], 1, &[], &[]), Err(MetricsError::Empty));
}
