//! The source of the noise variance.

use burn::config::Config;
use burn::tensor::Tensor;

use super::clusters::{nonzero, squared_norms};

/// The source of the noise variance sigma^2.
///
/// One z per cell identifies only the sum sigma^2 + tau^2.
#[derive(Config, Debug, Copy, PartialEq, Eq)]
pub enum Variance {
    /// Two views of a cell are two draws around one theta_i, so their difference is noise alone:
    ///
    /// ```text
    /// sigma^2 = sum_i ||z_i^a - z_i^b||^2 / (2 B P)
    /// tau_k^2 = max(0, S_k / (P nu_k) - sigma^2)
    /// ```
    Replicates,
    /// The published plug-in, for fidelity. It takes all scatter within a cluster as noise, and the
    /// centre's sampling variance (central limit theorem) as the prior's variance:
    ///
    /// ```text
    /// sigma_k^2 = S_k / (P nu_k),   tau_k^2 = sigma_k^2 / n_k,   so that b = n_k / (n_k + 1)
    /// ```
    CentroidClt,
}

/// What is shrunk when a cell has two views.
#[derive(Config, Debug, Copy, PartialEq, Eq)]
pub enum Estimate {
    /// The first view; its noise variance is sigma^2.
    FirstView,
    /// The mean of both views; its noise variance is sigma^2 / 2.
    ViewMean,
}

impl Estimate {
    /// What is shrunk: z itself if the cell has no second view.
    pub(super) fn of(self, z: Tensor<2>, replicate: Option<Tensor<2>>) -> Tensor<2> {
        match (self, replicate) {
            (Self::ViewMean, Some(replicate)) => (z + replicate).mul_scalar(0.5),
            _ => z,
        }
    }

    /// Noise variance of the estimate, as a share of the noise variance of one view.
    pub(super) fn noise_share(self) -> f64 {
        match self {
            Self::FirstView => 1.0,
            Self::ViewMean => 0.5,
        }
    }
}

/// Noise variance of one view, over all cells:
/// sigma^2 = sum_i ||z_i^a - z_i^b||^2 / (2 B P).
///
/// # Shapes
///
/// - z_a, z_b: \[B, P\]
/// - output: \[1, 1\]
pub(super) fn replicate_variance(z_a: Tensor<2>, z_b: Tensor<2>) -> Tensor<2> {
    let [n_cells, n_dims] = z_a.dims();
    squared_norms(z_a - z_b).sum_dim(0).mul_scalar(0.5 / (n_cells as f64 * n_dims as f64))
}

/// Noise variance of one view, per cluster:
/// sigma_k^2 = sum_i r_ik ||z_i^a - z_i^b||^2 / (2 n_k P); 0 for an empty cluster.
///
/// # Shapes
///
/// - z_a, z_b: \[B, P\]
/// - weights: \[B, K\]
/// - output: \[1, K\]
pub(super) fn replicate_variance_per_cluster(
    z_a: Tensor<2>,
    z_b: Tensor<2>,
    weights: Tensor<2>,
) -> Tensor<2> {
    let [_, n_dims] = z_a.dims();
    let size = weights.clone().sum_dim(0);
    let differences = (weights * squared_norms(z_a - z_b)).sum_dim(0);
    differences / nonzero(size).mul_scalar(2.0 * n_dims as f64)
}
