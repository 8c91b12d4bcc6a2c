//! The formulas of the model, elementwise.

use burn::tensor::Tensor;

/// Weight of the centre in the posterior mean,
///
/// ```text
/// b = sigma^2 / (sigma^2 + tau^2)
/// ```
///
/// Both variances are finite, >= 0 and not both 0. The arguments broadcast.
///
/// # Shapes
///
/// - sigma2, tau2: \[B or 1, K or 1\]
/// - output: \[B or 1, K or 1\]
pub fn posterior_weight(sigma2: Tensor<2>, tau2: Tensor<2>) -> Tensor<2> {
    sigma2.clone() / (sigma2 + tau2)
}

/// Stein's unbiased estimate of the risk E||theta_hat_i - theta_i||^2 of
/// theta_hat_i = z_i - b (z_i - mu_k), for cell i in cluster k:
///
/// ```text
/// SURE_ik = P sigma^2 + b^2 ||z_i - mu_k||^2 - 2 sigma^2 b D_ik
/// ```
///
/// D_ik is the divergence of z_i - mu_k: P for a fixed centre, P (1 - h_ik) for the cluster's mean,
/// in which the cell has weight h_ik. sigma^2 may differ from cell to cell (Xie,
/// Kou and Brown 2012). The arguments broadcast.
///
/// # Shapes
///
/// - distances: squared, \[B, K\]
/// - divergence: \[B or 1, K or 1\]
/// - sigma2, b: \[B or 1, K or 1\]
/// - output: \[B, K\]
pub fn stein_risk(
    distances: Tensor<2>,
    divergence: Tensor<2>,
    sigma2: Tensor<2>,
    b: Tensor<2>,
    n_dims: usize,
) -> Tensor<2> {
    sigma2.clone().mul_scalar(n_dims as f64) + b.clone().square() * distances
        - sigma2.mul_scalar(2.0) * b * divergence
}
