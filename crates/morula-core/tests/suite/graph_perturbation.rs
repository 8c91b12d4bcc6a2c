//! Dropping the least similar edges.

use std::collections::BTreeSet;

use crate::common::graphs::{dense, golden, propagation, random};
use crate::common::{close, normals, siamese_case, vector};
use morula_core::CoreError;
use morula_core::graph::Graph;
use proptest::prelude::*;
use serde_json::Value;

fn edge_set(graph: &Graph) -> BTreeSet<(usize, usize)> {
    graph.edges().collect()
}

fn floats(value: &Value) -> Vec<f32> {
    vector(value).into_iter().map(|v| v as f32).collect()
}

/// Origin: scsiameseclu.json, case `augmentation`, NumPy float64. The embedding is held in f32
/// here, so the cosines agree to f32's precision.
#[test]
fn reference_similarities() {
    let graph = golden(&siamese_case("gcn"));
    let case = siamese_case("augmentation");
    let embedding = floats(&case["embedding_for_similarity"]);
    let found = graph.edge_similarity(&embedding, 3).unwrap();
    let reference = vector(&case["edges_sorted_by_cosine"]);
    for ((i, j), cosine) in graph.edges().zip(found) {
        let expected = reference.chunks(3).find(|e| (e[0], e[1]) == (i as f64, j as f64)).unwrap();
        assert!((cosine - expected[2]).abs() < 1e-6, "({i}, {j}): {cosine} {expected:?}");
    }
}

/// The reference drops the two least similar edges, which isolates cell 3. Here a cell keeps its
/// most similar edge (section
/// [3.2](https://github.com/morula-bio/morula/blob/main/docs/models/scsiameseclu.md#3-2)),
/// so (3, 4) stays and only (2, 3) is dropped. The test also checks the renormalised adjacency of
/// the edges that the reference keeps.
#[test]
fn reference_perturbation() {
    let graph = golden(&siamese_case("gcn"));
    let case = siamese_case("augmentation");
    let embedding = floats(&case["embedding_for_similarity"]);
    let fraction = case["drop_fraction"].as_f64().unwrap();
    let kept = graph.drop_dissimilar(&embedding, 3, fraction).unwrap();

    let dropped: BTreeSet<_> =
        vector(&case["dropped"]).chunks(2).map(|e| (e[0] as usize, e[1] as usize)).collect();
    let protected = (3, 4);
    assert!(dropped.contains(&protected));
    let found: BTreeSet<_> = edge_set(&graph).difference(&edge_set(&kept)).copied().collect();
    let expected: BTreeSet<_> = dropped.iter().copied().filter(|&edge| edge != protected).collect();
    assert_eq!(found, expected);

    let unprotected =
        Graph::from_edges(6, graph.edges().filter(|edge| !dropped.contains(edge))).unwrap();
    close(&dense(&propagation(&unprotected)), &case["a_r_sym_norm"]);
}

proptest! {
    #[test]
    fn least_similar_edges_go_and_nobody_is_left_alone(
        n in 2usize..12, n_edges in 0usize..40, seed in 0u64..1000, fraction in 0.0..=1.0f64,
    ) {
        let graph = random(n, n_edges, seed);
        let embedding: Vec<f32> = normals(seed, n * 3).iter().map(|&v| v as f32).collect();
        let kept = graph.drop_dissimilar(&embedding, 3, fraction).unwrap();
        let similarity: Vec<_> =
            graph.edges().zip(graph.edge_similarity(&embedding, 3).unwrap()).collect();
        let (before, after) = (edge_set(&graph), edge_set(&kept));
        prop_assert!(after.is_subset(&before));

        let quota = (fraction * before.len() as f64).round() as usize;
        let dropped = before.len() - after.len();
        prop_assert!(dropped <= quota);
        let best = |node: usize| {
            similarity.iter()
                .filter(|((i, j), _)| node == *i || node == *j)
                .map(|(_, s)| *s)
                .reduce(f64::max)
        };
        let mut lower = 0;
        let mut ranked = similarity.clone();
        ranked.sort_by(|a, b| a.1.total_cmp(&b.1));
        for (rank, (edge, s)) in ranked.iter().enumerate() {
            let protected = best(edge.0) == Some(*s) || best(edge.1) == Some(*s);
            prop_assert_eq!(after.contains(edge), protected || rank >= quota);
            lower += usize::from(!after.contains(edge));
        }
        prop_assert_eq!(lower, dropped);
        for i in 0..n {
            prop_assert_eq!(graph.neighbors(i).is_empty(), kept.neighbors(i).is_empty());
        }
    }
}

#[test]
fn ties_go_by_the_numbers_of_the_nodes() {
    // A square of identical cells: all cosines are 1, or all are 0.
    let graph = Graph::from_edges(4, [(0, 1), (1, 2), (2, 3), (0, 3)]).unwrap();
    for value in [1.0, 0.0] {
        let kept = graph.drop_dissimilar(&[value; 8], 2, 1.0).unwrap();
        // The first edge of each node: (0, 1) of 0 and 1, (1, 2) of 2, (0, 3) of 3.
        assert_eq!(kept.edges().collect::<Vec<_>>(), [(0, 1), (0, 3), (1, 2)]);
    }
}

#[test]
fn zero_rows_have_the_cosine_zero() {
    let graph = Graph::from_edges(3, [(0, 1), (1, 2), (0, 2)]).unwrap();
    let embedding = [0.0, 0.0, 1.0, 0.0, -1.0, 1e-3];
    let similarity = graph.edge_similarity(&embedding, 2).unwrap();
    assert_eq!(similarity[..2], [0.0, 0.0]);
    assert!(similarity[2] < -0.99);
    let kept = graph.drop_dissimilar(&embedding, 2, 0.34).unwrap();
    assert_eq!(kept.edges().collect::<Vec<_>>(), [(0, 1), (0, 2)]);
    // Without dimensions all edges are equally similar.
    assert_eq!(graph.edge_similarity(&[], 0).unwrap(), [0.0; 3]);
}

#[test]
fn nothing_to_drop() {
    let graph = random(9, 14, 1);
    let embedding = vec![0.5f32; 18];
    assert_eq!(graph.drop_dissimilar(&embedding, 2, 0.0).unwrap(), graph);
    let empty = Graph::from_edges(0, []).unwrap();
    assert_eq!(empty.drop_dissimilar(&[], 4, 1.0).unwrap(), empty);
    let lonely = Graph::from_edges(1, []).unwrap();
    assert_eq!(lonely.drop_dissimilar(&[1.0], 1, 1.0).unwrap(), lonely);
}

#[test]
fn impossible_requests_are_refused() {
    let graph = Graph::from_edges(2, [(0, 1)]).unwrap();
    for fraction in [-0.1, 1.1, f64::NAN] {
        let refused = graph.drop_dissimilar(&[1.0, 1.0], 1, fraction);
        assert!(matches!(refused, Err(CoreError::Parameter { parameter: "fraction", .. })));
    }
    for embedding in [&[1.0f32][..], &[1.0, 1.0, 1.0]] {
        let refused = graph.drop_dissimilar(embedding, 1, 0.1);
        assert!(matches!(refused, Err(CoreError::Shape { tensor: "embedding", .. })));
    }
    for value in [f32::NAN, f32::INFINITY] {
        let refused = graph.drop_dissimilar(&[1.0, value], 1, 0.1);
        assert!(matches!(refused, Err(CoreError::Parameter { parameter: "embedding", .. })));
    }
    assert!(graph.drop_dissimilar(&[1.0], usize::MAX, 0.1).is_err());
}
