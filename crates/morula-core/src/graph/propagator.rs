//! The operators that a graph network propagates with.

use burn::tensor::Tensor;

use super::{Diffusion, SparseTensor};

/// A symmetric linear operator on the rows of a matrix: one view of the graph (section [3.2]).
///
/// [3.2]: https://github.com/morula-bio/morula/blob/main/docs/models/scsiameseclu.md#3-2
#[derive(Debug, Clone)]
pub enum Propagator {
    /// The normalised adjacency of a graph, `A = S`.
    Adjacency(SparseTensor),
    /// Its personalised PageRank, `A = alpha (I - (1 - alpha) S)^-1`.
    Diffusion(SparseTensor, Diffusion),
}

impl Propagator {
    /// `A x`.
    ///
    /// # Shapes
    /// - x: `[n, d]`
    /// - output: `[n, d]`
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        match self {
            Self::Adjacency(s) => s.matmul(x),
            Self::Diffusion(s, diffusion) => diffusion.forward(s, x),
        }
    }
}
