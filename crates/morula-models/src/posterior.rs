//! Soft assignment of embeddings to centroids.

use burn::tensor::{Device, Int, Tensor};
use morula_core::ops;
use serde::{Deserialize, Serialize};

use crate::{Matrix, Result, read};

/// A mixture of equal, round clusters around K centroids:
///
/// `p_ik = exp(-|h_i - mu_k|^2 / 2 s^2) / sum_j exp(-|h_i - mu_j|^2 / 2 s^2)`
///
/// with `s^2 = W / d_eff`, where `W` is the mean squared distance of the cells to their centroid
/// and `d_eff = tr(C)^2 / tr(C^2)` the number of directions in which they spread (C: the
/// within-cluster covariance). For round clusters in d dimensions d_eff = d, and this is Bayes'
/// rule; embeddings spread in few directions, where d would make every cell look certain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Posterior {
    centroids: Matrix,
    variance: f32,
}

impl Posterior {
    /// # Shapes
    /// - h: `[n, d]`; centroids: `[K, d]`; labels: `[n]`
    pub fn fit(h: &Tensor<2>, centroids: Tensor<2>, labels: Tensor<1, Int>) -> Result<Self> {
        let [k, d] = centroids.dims();
        let n = h.dims()[0] as f64;
        let residual = h.clone() - ops::one_hot(labels, k).matmul(centroids.clone());
        let covariance = residual.clone().transpose().matmul(residual).div_scalar(n);
        let diagonal = ops::one_hot(Tensor::arange(0..d as i64, &h.device()), d);
        let trace = (covariance.clone() * diagonal).sum();
        let square = covariance.square().sum();
        let moments = read(Tensor::cat(vec![trace, square], 0), "the spread of the clusters")?;
        let [trace, square] = [moments[0], moments[1]];
        // W / d_eff = tr(C) tr(C^2) / tr(C)^2.
        let variance = if trace > 0.0 { square / trace } else { f32::MIN_POSITIVE };
        Ok(Self { centroids: Matrix::read(centroids, "the centroids")?, variance })
    }

    /// Whether there are K centroids of d dimensions.
    pub fn fits(&self, n_clusters: usize, d: usize) -> bool {
        (self.centroids.n_rows(), self.centroids.n_cols()) == (n_clusters, d)
    }

    /// The centroids on a device, `[K, d]`.
    pub fn centroids(&self, device: &Device) -> Tensor<2> {
        self.centroids.to_tensor(device)
    }

    /// Probability of every cluster, rows summing to 1.
    ///
    /// # Shapes
    /// - h: `[n, d]`; output: `[n, K]`
    pub fn forward(&self, h: Tensor<2>) -> Tensor<2> {
        let distance = ops::squared_distances(h.clone(), self.centroids(&h.device()));
        let scale = -0.5 / f64::from(self.variance.max(1e-12));
        burn::tensor::activation::softmax(distance.mul_scalar(scale), 1)
    }
}
