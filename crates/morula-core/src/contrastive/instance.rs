//! Instance-level contrast: NT-Xent.

use burn::config::Config;
use burn::tensor::Tensor;

use crate::ops::{logsumexp, mask_diagonal};

/// Configuration of an [`InstanceContrastiveLoss`].
#[derive(Config, Debug)]
pub struct InstanceContrastiveLossConfig {
    /// Temperature T > 0; a small value gives the hardest negatives the most weight.
    #[config(default = 0.07)]
    pub temperature: f64,
}

/// NT-Xent over the 2B rows `Z = [z_a; z_b]` with `S = Z Z^T / T`:
///
/// `L = mean_i [ -S(i, pos i) + log sum_{j != i} exp S(i, j) ]`
///
/// where `pos i` is the other view of row `i` (section [2.4]; SimCLR, equation 1).
///
/// [2.4]: https://github.com/morula-bio/morula/blob/main/docs/models/jojoscl.md#2-4
#[derive(Debug, Clone)]
pub struct InstanceContrastiveLoss {
    temperature: f64,
}

impl InstanceContrastiveLossConfig {
    /// Creates the loss.
    pub fn init(&self) -> InstanceContrastiveLoss {
        InstanceContrastiveLoss { temperature: self.temperature }
    }
}

impl InstanceContrastiveLoss {
    /// The mean loss over the 2B anchors.
    ///
    /// # Shapes
    /// - z_a, z_b: `[batch, d]`, rows of length 1; row `i` of both is the same cell
    /// - output: `[1]`
    pub fn forward(&self, z_a: Tensor<2>, z_b: Tensor<2>) -> Tensor<1> {
        self.per_anchor(z_a, z_b).mean()
    }

    /// The loss of every anchor: first those of view a, then those of view b.
    ///
    /// # Shapes
    /// - z_a, z_b: `[batch, d]`, rows of length 1
    /// - output: `[2 * batch, 1]`
    pub fn per_anchor(&self, z_a: Tensor<2>, z_b: Tensor<2>) -> Tensor<2> {
        let positive = (z_a.clone() * z_b.clone()).sum_dim(1).div_scalar(self.temperature);
        let positive = Tensor::cat(vec![positive.clone(), positive], 0);
        let z = Tensor::cat(vec![z_a, z_b], 0);
        let similarity = z.clone().matmul(z.transpose()).div_scalar(self.temperature);
        logsumexp(mask_diagonal(similarity)) - positive
    }
}
