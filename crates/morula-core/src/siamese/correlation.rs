//! Correlation refinement: two views of a cell agree, different cells differ.

use burn::tensor::Tensor;

use crate::ops::l2_normalize;

/// Divisor for an empty membership column, whose sum is 0.
const EMPTY: f64 = 1e-30;

/// Cell-correlation refinement (section [3.4]; scSiameseClu, cell correlation):
///
/// `L = mean_i (S_ii - 1)^2 + mean_{i != j} S_ij^2`, `S_ij = cos(z1_i, z2_j)`
///
/// in O(n d^2) and without S: on rows of length 1, `sum_ij S_ij^2 = <Z1^T Z1, Z2^T Z2>`.
/// A zero row has the cosine 0 with every other; a single cell has no second term.
///
/// # Shapes
/// - z1, z2: `[n, d]`, row i of both is the same cell
/// - output: `[1]`
///
/// [3.4]: https://github.com/morula-bio/morula/blob/main/docs/models/scsiameseclu.md#3-4
pub fn cell_correlation_loss(z1: Tensor<2>, z2: Tensor<2>) -> Tensor<1> {
    let n_cells = z1.dims()[0] as f64;
    let (z1, z2) = (l2_normalize(z1), l2_normalize(z2));
    let diagonal = (z1.clone() * z2.clone()).sum_dim(1);
    let total = (gram(z1) * gram(z2)).sum();
    let rest = total - diagonal.clone().square().sum();
    let agreement = diagonal.sub_scalar(1.0).square().sum();
    let pairs = n_cells * (n_cells - 1.0);
    agreement.mul_scalar(1.0 / n_cells.max(1.0)) + rest.mul_scalar(reciprocal(pairs))
}

/// Latent-correlation refinement (section [3.4]; scSiameseClu, latent correlation): the same loss
/// on the d x d cosines between the rows of the readouts `Z1^T R` and `Z2^T R`,
/// `R_ik = r_ik / sum_j r_jk`. A row of a readout is the mean of one latent dimension in every
/// cluster.
///
/// Memberships have no gradient; an empty cluster contributes nothing.
///
/// # Shapes
/// - z1, z2: `[n, d]`
/// - memberships: `[n, n_clusters]`, at least 0
/// - output: `[1]`
///
/// [3.4]: https://github.com/morula-bio/morula/blob/main/docs/models/scsiameseclu.md#3-4
pub fn latent_correlation_loss(z1: Tensor<2>, z2: Tensor<2>, memberships: Tensor<2>) -> Tensor<1> {
    let memberships = memberships.without_autodiff().cast(z1.dtype());
    let size = memberships.clone().sum_dim(0).clamp_min(EMPTY);
    let weights = memberships / size;
    cell_correlation_loss(z1.transpose().matmul(weights.clone()), z2.transpose().matmul(weights))
}

/// `Z^T Z`, `[d, d]`.
fn gram(z: Tensor<2>) -> Tensor<2> {
    z.clone().transpose().matmul(z)
}

/// 1 / count, and 0 for a count of 0.
fn reciprocal(count: f64) -> f64 {
    if count > 0.0 { 1.0 / count } else { 0.0 }
}
