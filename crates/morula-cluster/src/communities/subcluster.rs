//! Splits clusters into parts that are almost separate.

use rayon::prelude::*;

use super::agreement::agreement;
use super::ensemble::KEPT;
use super::split::LEAST;
use crate::Result;
use crate::graph::{ContractedGraph, Edge};
use crate::labels::{by_size, count};
use crate::leiden::{LeidenParams, Partitioner};
use crate::random::{Purpose, stream};

/// Starts of the search for parts.
const N_INIT: usize = 5;

/// Graphs with fewer edges in which the parts must be found again.
const THINNED: usize = 10;

/// Index of their first stream of random numbers, apart from those of other resampled graphs.
const STREAMS: usize = 2 << 32;

/// Least mean agreement of their parts with the parts from all edges.
const STEADY: f64 = 0.75;

/// Clusters each cluster again by itself, and splits those with separate parts.
///
/// Modularity merges small, well-separated groups. It compares the weight between two groups with
/// the weight expected by chance in the *whole* graph, which is small for small groups (the
/// resolution limit, Fortunato and Barthelemy 2007). In the graph of one cluster, communities at
/// resolution t are parts a and b with
///
/// `w_ab (1 / d_a + 1 / d_b) < t`
///
/// the normalised cut (Shi and Malik 2000). A small t asks whether the parts are almost separate,
/// whatever their sizes. The parts must be found again in ten graphs with four fifths of the edges
/// (mean agreement at least 0.75). Parts of one or two cells stay with the largest part.
pub(super) fn subcluster(
    graph: &ContractedGraph<'_>,
    labels: &[usize],
    resolution: f64,
    seed: u64,
) -> Result<Vec<usize>> {
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); count(labels)];
    labels.iter().enumerate().for_each(|(i, &cluster)| members[cluster].push(i));
    // The index of every vertex in its cluster.
    let mut place = vec![0; labels.len()];
    members.iter().flat_map(|m| m.iter().enumerate()).for_each(|(at, &i)| place[i] = at);

    // Clusters are independent of each other.
    let parts = members.par_iter().enumerate().map(|(cluster, members)| {
        let edges = members.iter().flat_map(|&i| graph.edges_of(i));
        let within = edges.filter(|edge| labels[edge.ends[1]] == cluster);
        let edges: Vec<Edge> = within.map(|edge| edge.at(edge.ends.map(|i| place[i]))).collect();
        let sizes: Vec<usize> = members.iter().map(|&i| graph.sizes()[i]).collect();
        steady(&sizes, &edges, resolution, (seed, STREAMS + cluster * THINNED))
    });
    let parts = parts.collect::<Result<Vec<_>>>()?;

    let mut parted = labels.to_vec();
    let mut next = members.len();
    for (members, parts) in members.iter().zip(&parts) {
        // The first part keeps the number of the cluster.
        for (&i, &part) in members.iter().zip(parts).filter(|(_, part)| **part > 0) {
            parted[i] = next + part - 1;
        }
        next += count(parts).saturating_sub(1);
    }
    Ok(parted)
}

/// Parts of one cluster, or the whole cluster where the parts depend on a few edges.
fn steady(
    sizes: &[usize],
    edges: &[Edge],
    resolution: f64,
    (seed, streams): (u64, usize),
) -> Result<Vec<usize>> {
    let n = sizes.len();
    let run = |graph: &Partitioner, n_init| {
        let found = graph.run(&LeidenParams { resolution, seed, n_init });
        found.map(|parts| without_crumbs(&parts, sizes))
    };
    let parts = run(&Partitioner::of(n, edges.iter().map(Edge::whole))?, N_INIT)?;
    if count(&parts) < 2 {
        return Ok(parts);
    }
    let mut sum = 0.0;
    for i in 0..THINNED {
        let mut rng = stream(seed, Purpose::Edges, streams + i);
        let kept = edges.iter().filter_map(|edge| edge.thinned(KEPT, &mut rng));
        sum += agreement(&parts, &run(&Partitioner::of(n, kept)?, 1)?, sizes);
    }
    Ok(if sum >= STEADY * THINNED as f64 { parts } else { vec![0; n] })
}

/// Moves parts of one or two cells to the largest part.
fn without_crumbs(parts: &[usize], n_cells: &[usize]) -> Vec<usize> {
    let mut sizes = vec![0_usize; count(parts)];
    parts.iter().zip(n_cells).for_each(|(&part, &n)| sizes[part] += n);
    let largest = (0..sizes.len()).rev().max_by_key(|&part| sizes[part]).unwrap_or_default();
    let kept = |&part: &usize| if sizes[part] < LEAST { largest } else { part };
    by_size(&parts.iter().map(kept).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use morula_data::CsrMatrix;

    use super::*;
    use crate::leiden::cliques;

    /// In a large enough graph, two cliques joined by an edge are one community.
    #[test]
    fn small_groups_in_a_large_graph_are_split() {
        let graph = cliques(&[8, 8, 60, 60, 60, 60]);
        let whole = Partitioner::new(&graph).unwrap();
        let params = LeidenParams { resolution: 0.3, seed: 0, n_init: 1 };
        let labels = whole.run(&params).unwrap();
        assert!(labels[..16].iter().all(|k| *k == labels[0]), "{labels:?}");
        let parted = subcluster(&ContractedGraph::whole(&graph), &labels, 0.06, 0).unwrap();
        assert_eq!(count(&parted), 6);
        assert!(parted[0] != parted[8] && parted[..8] == [parted[0]; 8]);
    }

    /// A path of cliques, each joined to the next by all of its vertices.
    #[test]
    fn a_connected_cluster_stays_whole() {
        let (n, size) = (60, 6);
        let weight = |i: usize, j: usize| match (i / size).abs_diff(j / size) {
            0 if i != j => 1.0,
            1 => 0.3,
            _ => 0.0,
        };
        let dense: Vec<f32> = (0..n * n).map(|at| weight(at / n, at % n)).collect();
        let graph = CsrMatrix::from_dense(n, n, &dense).unwrap();
        assert_eq!(
            subcluster(&ContractedGraph::whole(&graph), &vec![0; n], 0.06, 0).unwrap(),
            vec![0; n]
        );
        // Pairs of cliques stay whole too, and are not merged.
        let pairs: Vec<usize> = (0..n).map(|i| i / 12).collect();
        assert_eq!(subcluster(&ContractedGraph::whole(&graph), &pairs, 0.06, 0).unwrap(), pairs);
    }

    /// Each thinned path breaks at other edges, so no part is stable.
    #[test]
    fn parts_that_depend_on_a_few_edges_are_not_split() {
        let n = 300;
        let near = |i: usize| [i.checked_sub(1), (i + 1 < n).then_some(i + 1)];
        let indices: Vec<u32> = (0..n).flat_map(near).flatten().map(|j| j as u32).collect();
        let indptr: Vec<usize> =
            (0..=n).map(|i| (2 * i).saturating_sub(1).min(2 * n - 2)).collect();
        let path = CsrMatrix::new(n, n, indptr, indices, vec![1.0; 2 * n - 2]).unwrap();
        let params = LeidenParams { resolution: 0.06, seed: 0, n_init: 5 };
        assert!(count(&Partitioner::new(&path).unwrap().run(&params).unwrap()) > 1);
        assert_eq!(
            subcluster(&ContractedGraph::whole(&path), &vec![0; n], 0.06, 0).unwrap(),
            vec![0; n]
        );
    }

    #[test]
    fn tiny_parts_and_no_vertices() {
        assert_eq!(
            without_crumbs(&[0, 0, 0, 0, 2, 1, 1, 1, 2], &[1; 9]),
            [0, 0, 0, 0, 0, 1, 1, 1, 0]
        );
        assert!(
            subcluster(&ContractedGraph::whole(&CsrMatrix::default()), &[], 0.06, 0)
                .unwrap()
                .is_empty()
        );
        let none = CsrMatrix::from_dense(4, 4, &[0.0; 16]).unwrap();
        assert_eq!(
            subcluster(&ContractedGraph::whole(&none), &[0, 0, 0, 1], 0.06, 0).unwrap(),
            [0, 0, 0, 1]
        );
    }
}
