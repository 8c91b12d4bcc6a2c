//! Communities that do not depend on a few edges.

use morula_data::CsrMatrix;

use crate::Result;
use crate::leiden::{LeidenParams, Partitioner};
use crate::random::{Purpose, stream};

/// Share of the edges that a resampled graph keeps.
pub(crate) const KEPT: f64 = 0.8;

/// Resampled graphs.
const RESAMPLED: usize = 10;

/// Index of their first stream of random numbers, apart from those of other resampled graphs.
const STREAMS: usize = 1 << 32;

/// Starts of the last optimisation.
pub(super) const N_INIT: usize = 5;

/// Communities of the graph with reweighted edges,
///
/// `w'_ij = w_ij |{ P : P_i = P_j }| / 10`
///
/// where P are the partitions of ten resampled graphs, each with four fifths of the edges. Two very
/// different partitions can be almost equally good, and then a few edges decide between them. The
/// consensus keeps cells together that most resampled graphs keep together (Monti et al. 2003). It
/// uses only edges of the graph, so it stays sparse.
pub(super) fn consensus(graph: &CsrMatrix, resolution: f64, seed: u64) -> Result<Vec<usize>> {
    let partitions = (0..RESAMPLED).map(|i| {
        let rng = &mut stream(seed, Purpose::Edges, STREAMS + i);
        let params = LeidenParams { resolution, seed, n_init: 1 };
        Partitioner::sampled(graph, KEPT, rng)?.run(&params)
    });
    let partitions = partitions.collect::<Result<Vec<_>>>()?;
    let kept = Partitioner::new(&together(graph, &partitions))?;
    kept.run(&LeidenParams { resolution, seed, n_init: N_INIT })
}

/// The graph with every edge weighted by the share of the partitions that do not cut it.
fn together(graph: &CsrMatrix, partitions: &[Vec<usize>]) -> CsrMatrix {
    let mut weighted = graph.clone();
    let ends = graph
        .rows()
        .enumerate()
        .flat_map(|(i, (columns, _))| columns.iter().map(move |&j| (i, j as usize)));
    for (weight, (i, j)) in weighted.data_mut().iter_mut().zip(ends) {
        let whole = partitions.iter().filter(|p| p[i] == p[j]).count();
        *weight *= whole as f32 / partitions.len() as f32;
    }
    weighted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leiden::cliques;

    #[test]
    fn edges_are_weighted_by_the_share_of_partitions_that_keep_them() {
        let graph = CsrMatrix::from_dense(3, 3, &[0., 2., 4., 2., 0., 1., 4., 1., 0.]).unwrap();
        let partitions = [vec![0, 0, 1], vec![0, 0, 0], vec![1, 1, 0], vec![0, 1, 0]];
        let weighted = together(&graph, &partitions).to_dense();
        assert_eq!(weighted, [0., 1.5, 2., 1.5, 0., 0.25, 2., 0.25, 0.]);
    }

    #[test]
    fn cliques_stay_together() {
        let found = consensus(&cliques(&[12, 9, 7]), 0.5, 3).unwrap();
        assert_eq!(found, [vec![0; 12], vec![1; 9], vec![2; 7]].concat());
    }

    #[test]
    fn graphs_without_edges_or_vertices() {
        let none = CsrMatrix::from_dense(3, 3, &[0.0; 9]).unwrap();
        assert_eq!(consensus(&none, 0.5, 0).unwrap().len(), 3);
        assert!(consensus(&CsrMatrix::default(), 0.5, 0).unwrap().is_empty());
    }
}
