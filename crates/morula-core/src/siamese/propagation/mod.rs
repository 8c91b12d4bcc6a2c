//! Propagation regularisation against over-smoothing.

#[cfg(feature = "flex")]
mod flex;
#[cfg(feature = "flex")]
mod fused;
#[cfg(feature = "flex")]
mod rows;

use burn::tensor::Tensor;

use crate::activation::softplus;

/// Propagation regularisation (section [3.4]; scSiameseClu, propagation regularisation): the mean
/// Jensen-Shannon divergence of every cell's distribution after and before propagation,
///
/// ```text
/// L = mean_i [ KL(p_i || m_i) + KL(q_i || m_i) ] / 2,   m = (p + q) / 2,
/// p = softmax(A Z),   q = softmax(Z)
/// ```
///
/// It ranges from 0 to log 2. It is computed in the log domain, so it is finite for any finite
/// input unless differences within a row overflow.
///
/// # Shapes
/// - propagated, z: `[n, d]`
/// - output: `[1]`
///
/// [3.4]: https://github.com/morula-bio/morula/blob/main/docs/models/scsiameseclu.md#3-4
pub fn propagation_jsd(propagated: Tensor<2>, z: Tensor<2>) -> Tensor<1> {
    #[cfg(feature = "flex")]
    if fused::supports(&propagated) && propagated.dtype() == z.dtype() {
        return fused::propagation_jsd(propagated, z);
    }
    composed(propagated, z)
}

/// The divergence as a chain of tensor operations.
fn composed(propagated: Tensor<2>, z: Tensor<2>) -> Tensor<1> {
    let n_cells = z.dims()[0].max(1);
    let (log_p, log_q) = (log_softmax(propagated), log_softmax(z));
    let difference = log_p.clone() - log_q.clone();
    // log(p / m) = log 2 - log(1 + q / p)
    let above_mean = |log_ratio: Tensor<2>| softplus(log_ratio).neg() + std::f64::consts::LN_2;
    let divergence =
        log_p.exp() * above_mean(difference.clone().neg()) + log_q.exp() * above_mean(difference);
    divergence.sum().mul_scalar(0.5 / n_cells as f64)
}

/// log softmax of every row. It subtracts the row's maximum first and the logarithm of the sum
/// second: in a row far from 0, the sum of the two would lose the logarithm to rounding.
fn log_softmax(x: Tensor<2>) -> Tensor<2> {
    let max = x.clone().detach().max_dim(1);
    let x = x - max;
    x.clone() - x.exp().sum_dim(1).log()
}

#[cfg(all(test, feature = "flex"))]
mod tests;
