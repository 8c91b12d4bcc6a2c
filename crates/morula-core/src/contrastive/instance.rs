//! Instance-level contrast: NT-Xent.

use burn::config::Config;
use burn::tensor::{Int, Tensor};

use crate::ops::{logsumexp, mask, mask_diagonal};

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

    /// The mean loss over the 2B anchors where a cell may be in the batch twice, as the second view
    /// of another cell. Two rows of one cell are no negatives of each other, and neither are a
    /// row and the cell of its positive.
    ///
    /// # Shapes
    /// - z_a, z_b: `[batch, d]`, rows of length 1
    /// - cells_a, cells_b: `[batch]`, the cell in every row
    /// - output: `[1]`
    pub fn forward_cells(
        &self,
        [z_a, z_b]: [Tensor<2>; 2],
        [cells_a, cells_b]: [Tensor<1, Int>; 2],
    ) -> Tensor<1> {
        let [n] = cells_a.dims();
        let rows =
            |a: &Tensor<1, Int>, b: &Tensor<1, Int>| Tensor::cat(vec![a.clone(), b.clone()], 0);
        // The cell of a row and that of its positive, against the cell of a column.
        let columns = rows(&cells_a, &cells_b).reshape([1, 2 * n]);
        let same = |of: Tensor<1, Int>| of.reshape([2 * n, 1]).equal(columns.clone());
        let own = same(rows(&cells_a, &cells_b)).bool_or(same(rows(&cells_b, &cells_a)));
        let index = Tensor::<1, Int>::arange(0..2 * n as i64, &columns.device());
        let other = (index.clone() + n as i64) % (2 * n as i64);
        let positive = index.reshape([1, 2 * n]).equal(other.reshape([2 * n, 1]));
        let masked = own.bool_and(positive.bool_not());
        let (similarity, positive) = self.similarities(z_a, z_b);
        (logsumexp(mask(similarity, masked)) - positive).mean()
    }

    /// The loss of every anchor: first those of view a, then those of view b.
    ///
    /// # Shapes
    /// - z_a, z_b: `[batch, d]`, rows of length 1
    /// - output: `[2 * batch, 1]`
    pub fn per_anchor(&self, z_a: Tensor<2>, z_b: Tensor<2>) -> Tensor<2> {
        let (similarity, positive) = self.similarities(z_a, z_b);
        logsumexp(mask_diagonal(similarity)) - positive
    }

    /// Similarities of all rows, `[2 * batch, 2 * batch]`, and those of the positives.
    fn similarities(&self, z_a: Tensor<2>, z_b: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        let positive = (z_a.clone() * z_b.clone()).sum_dim(1).div_scalar(self.temperature);
        let positive = Tensor::cat(vec![positive.clone(), positive], 0);
        let z = Tensor::cat(vec![z_a, z_b], 0);
        (z.clone().matmul(z.transpose()).div_scalar(self.temperature), positive)
    }
}
