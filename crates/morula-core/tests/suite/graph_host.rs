//! The host graph: construction, neighbours, subgraphs, normalisation.

use std::collections::BTreeSet;

use crate::common::graphs::{dense, golden};
use crate::common::{close, device, siamese_case, values};
use burn::tensor::{DType, Tensor};
use morula_core::CoreError;
use morula_core::graph::Graph;
use proptest::prelude::*;

fn dense_propagation(graph: &Graph) -> Tensor<2> {
    dense(&graph.propagation((&device(), DType::F64)))
}

/// Origin: scsiameseclu.json, case `gcn`, NumPy float64.
#[test]
fn propagation_is_the_normalised_adjacency() {
    let case = siamese_case("gcn");
    close(&dense_propagation(&golden(&case)), &case["a_sym_norm_self_loops"]);
}

proptest! {
    #[test]
    fn edges_are_a_symmetric_set(
        n in 1usize..12,
        ends in prop::collection::vec((0usize..12, 0usize..12), 0..40),
    ) {
        let ends: Vec<_> = ends.into_iter().map(|(i, j)| (i % n, j % n)).collect();
        let graph = Graph::from_edges(n, ends.clone()).unwrap();
        let expected: BTreeSet<_> = ends.iter()
            .filter(|(i, j)| i != j)
            .map(|&(i, j)| (i.min(j), i.max(j)))
            .collect();
        prop_assert_eq!(graph.edges().collect::<Vec<_>>(), expected.iter().copied().collect::<Vec<_>>());
        prop_assert_eq!(graph.n_edges(), expected.len());
        for i in 0..n {
            let around: Vec<u32> = (0..n)
                .filter(|&j| expected.contains(&(i.min(j), i.max(j))))
                .map(|j| j as u32)
                .collect();
            prop_assert_eq!(graph.neighbors(i), around);
        }

        // Compared with the dense formula, isolated nodes included.
        let degree = |i: usize| graph.neighbors(i).len() as f64 + 1.0;
        let found = values(dense_propagation(&graph));
        for i in 0..n {
            for j in 0..n {
                let linked = i == j || graph.neighbors(i).contains(&(j as u32));
                let expected = f64::from(u8::from(linked)) / (degree(i) * degree(j)).sqrt();
                prop_assert!((found[i * n + j] - expected).abs() < 1e-15);
            }
        }
    }

    #[test]
    fn subgraphs_keep_the_edges_among_their_nodes(
        ends in prop::collection::vec((0usize..9, 0usize..9), 0..30),
        nodes in prop::sample::subsequence((0..9).collect::<Vec<usize>>(), 0..9).prop_shuffle(),
    ) {
        let graph = Graph::from_edges(9, ends).unwrap();
        let part = graph.subgraph(&nodes).unwrap();
        prop_assert_eq!(part.n_nodes(), nodes.len());
        for (new, &old) in nodes.iter().enumerate() {
            let found: BTreeSet<usize> =
                part.neighbors(new).iter().map(|&j| nodes[j as usize]).collect();
            let expected: BTreeSet<usize> = graph.neighbors(old).iter()
                .map(|&j| j as usize)
                .filter(|j| nodes.contains(j))
                .collect();
            prop_assert_eq!(found, expected);
            prop_assert!(part.neighbors(new).is_sorted());
        }
    }
}

#[test]
fn neighbour_lists_are_united() {
    // 0 -> 1, 0 -> 2, 1 -> 0, 1 -> 1 (itself), 2 -> 1, 2 -> 1 (twice)
    let graph = Graph::from_neighbors(3, 2, &[1, 2, 0, 1, 1, 1]).unwrap();
    assert_eq!(graph.edges().collect::<Vec<_>>(), [(0, 1), (0, 2), (1, 2)]);
    assert_eq!(graph.neighbors(3), [0u32; 0]);
    assert_eq!(graph.neighbors(usize::MAX), [0u32; 0]);
    assert_eq!(Graph::from_neighbors(4, 0, &[]).unwrap().n_edges(), 0);
}

#[test]
fn small_graphs() {
    let empty = Graph::from_edges(0, []).unwrap();
    assert_eq!((empty.n_nodes(), empty.n_edges(), empty.edges().count()), (0, 0, 0));
    assert_eq!(dense_propagation(&empty).dims(), [0, 0]);
    let lonely = Graph::from_edges(1, [(0, 0)]).unwrap();
    assert_eq!((lonely.n_nodes(), lonely.n_edges()), (1, 0));
    assert_eq!(values(dense_propagation(&lonely)), [1.0]);
}

#[test]
fn impossible_graphs_are_refused() {
    let refused = [
        Graph::from_edges(2, [(0, 2)]),
        Graph::from_edges(0, [(0, 0)]),
        Graph::from_edges(usize::MAX, []),
        Graph::from_neighbors(2, 1, &[1, 2]),
        Graph::from_neighbors(2, 1, &[1]),
        Graph::from_neighbors(usize::MAX, 2, &[1]),
        Graph::from_neighbors(0, 1, &[1]),
        Graph::from_edges(2, []).unwrap().subgraph(&[2]),
        Graph::from_edges(2, []).unwrap().subgraph(&[1, 1]),
    ];
    for (case, graph) in refused.into_iter().enumerate() {
        let named = |error: &CoreError| error.to_string().starts_with("Graph: ");
        assert!(graph.as_ref().is_err_and(named), "{case}: {graph:?}");
    }
}
