//! Reconstruction of the graph from embeddings.

use burn::tensor::{Tensor, activation::sigmoid};

use super::StructureSample;

/// The error of the graph that two embeddings of the cells reconstruct (section [3.5], `structure`;
/// the adjacency reconstruction of DFCN, AAAI 2021):
///
/// ```text
/// L = 1 / n^2  sum_ij (sigmoid(z_i . z_j) + sigmoid(zh_i . zh_j) - S_ij)^2
/// ```
///
/// over all ordered pairs, S the normalised adjacency with its diagonal. The pairs that S stores
/// enter exactly. The others are sampled ([`StructureSample`]), with weights that keep the
/// expectation.
///
/// [3.5]: https://github.com/morula-bio/morula/blob/main/docs/models/scsiameseclu.md#3-5
#[derive(Debug, Clone, Copy, Default)]
pub struct StructureLoss;

impl StructureLoss {
    /// The loss, exact if the sample holds all pairs.
    ///
    /// # Shapes
    /// - z: `[n, d]`, the embedding
    /// - z_hat: `[n, e]`, its reconstruction
    /// - output: `[1]`
    pub fn forward(&self, z: Tensor<2>, z_hat: Tensor<2>, sample: &StructureSample) -> Tensor<1> {
        let dtype = z.dtype();
        let affinity = |x: Tensor<2>| {
            let product = sample.first.matmul(x.clone()) * sample.second.matmul(x);
            sigmoid(product.sum_dim(1))
        };
        let target = sample.target.clone().cast(dtype);
        let residual = affinity(z) + affinity(z_hat) - target;
        (residual.square() * sample.weight.clone().cast(dtype)).sum()
    }
}
