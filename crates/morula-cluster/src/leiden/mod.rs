//! The Leiden algorithm.

mod leiden_for_k;
mod partitioner;

use morula_data::CsrMatrix;

pub use leiden_for_k::leiden_for_k;
#[cfg(test)]
pub(crate) use partitioner::tests::cliques;
pub(crate) use partitioner::{LARGE, Partitioner};

use crate::Result;

/// Parameters of [`leiden`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LeidenParams {
    /// Resolution gamma; a higher one gives more clusters.
    pub resolution: f64,
    /// Seed of the order in which vertices are visited.
    pub seed: u64,
    /// Number of starts; the result with the largest objective is kept. scanpy makes one; with
    /// more, results depend less on the seed.
    pub n_init: usize,
}

impl Default for LeidenParams {
    fn default() -> Self {
        Self { resolution: 1.0, seed: 0, n_init: 1 }
    }
}

/// Cluster of every vertex of a weighted graph, numbered by falling size, such that
///
/// `sum_c [ w_c - gamma d_c^2 / (4 m) ]`
///
/// is large. `w_c` is the weight of the edges within cluster c, `d_c` the sum of its vertices'
/// degrees, `m` the weight of all edges: Reichardt and Bornholdt's modularity with the
/// configuration model, the objective of scanpy's `tl.leiden` (Traag, Waltman and van Eck 2019).
/// Each round starts from the result of the last, until a round gains nothing. Above 30,000 vertices
/// a gain below 1e-4 of the objective ends the rounds. The graph should be symmetric: only the entries above the diagonal are read.
///
/// ```
/// use morula_cluster::{LeidenParams, leiden};
/// use morula_data::CsrMatrix;
///
/// // Two pairs, each joined by a heavy edge.
/// let w = [0., 5., 0., 1., 5., 0., 1., 0., 0., 1., 0., 5., 1., 0., 5., 0.];
/// let graph = CsrMatrix::from_dense(4, 4, &w)?;
/// assert_eq!(leiden(&graph, &LeidenParams::default())?, [0, 0, 1, 1]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`ClusterError::Parameter`](crate::ClusterError::Parameter) for a resolution or weight that is
/// negative or not finite, or a matrix that is not square.
pub fn leiden(graph: &CsrMatrix, params: &LeidenParams) -> Result<Vec<usize>> {
    Partitioner::new(graph)?.run(params)
}
