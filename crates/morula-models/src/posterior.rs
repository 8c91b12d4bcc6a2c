//! Soft assignment of embeddings to clusters.

use burn::tensor::{Device, Tensor};
use morula_core::ops;
use serde::{Deserialize, Serialize};

use crate::head::Clustering;
use crate::{Matrix, Result, read};

/// A mixture of equal, round components around the centroids; a cluster's probability is the sum
/// over its centroids:
///
/// `p_ik = sum_{m in k} exp(-|h_i - c_m|^2 / 2 s^2) / sum_m exp(-|h_i - c_m|^2 / 2 s^2)`
///
/// with `s^2 = W / d_eff`, where `W` is the mean squared distance of the cells to their nearest
/// centroid and `d_eff = tr(C)^2 / tr(C^2)` the number of directions in which they spread (C: the
/// covariance within components). For round components in d dimensions d_eff = d, and this is
/// Bayes' rule; embeddings spread in few directions, where d would make every cell look certain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Posterior {
    centroids: Matrix,
    groups: Vec<usize>,
    n_clusters: usize,
    variance: f32,
}

impl Posterior {
    /// # Shapes
    /// - h: `[n, d]`
    pub fn fit(h: &Tensor<2>, clustering: Clustering, n_clusters: usize) -> Result<Self> {
        let Clustering { centroids, groups, .. } = clustering;
        let [m, d] = centroids.dims();
        let nearest = morula_core::kmeans::nearest(h.clone(), centroids.clone());
        let residual = h.clone() - ops::one_hot(nearest, m).matmul(centroids.clone());
        let n = h.dims()[0] as f64;
        let covariance = residual.clone().transpose().matmul(residual).div_scalar(n);
        let diagonal = ops::one_hot(Tensor::arange(0..d as i64, &h.device()), d);
        let trace = (covariance.clone() * diagonal).sum();
        let square = covariance.square().sum();
        let moments = read(Tensor::cat(vec![trace, square], 0), "the spread of the clusters")?;
        let [trace, square] = [moments[0], moments[1]];
        // W / d_eff = tr(C) tr(C^2) / tr(C)^2.
        let variance = if trace > 0.0 { square / trace } else { 0.0 };
        let centroids = Matrix::read(centroids, "the centroids")?;
        Ok(Self { centroids, groups, n_clusters, variance: variance.max(1e-12) })
    }

    /// Number of clusters.
    pub fn n_clusters(&self) -> usize {
        self.n_clusters
    }

    /// Gives cluster `k` the number `to[k]`.
    pub fn renumber(&mut self, to: &[usize]) {
        self.groups.iter_mut().for_each(|group| *group = to[*group]);
    }

    /// Whether the sizes agree with each other and with d dimensions.
    pub fn fits(&self, d: usize) -> bool {
        self.n_clusters <= self.groups.len().max(1)
            && self.centroids.n_cols() == d
            && self.centroids.n_rows() == self.groups.len()
            && self.groups.iter().all(|&g| g < self.n_clusters)
            && self.variance > 0.0
    }

    /// Probability of every cluster, rows summing to 1.
    ///
    /// # Shapes
    /// - h: `[n, d]`; output: `[n, K]`
    pub fn forward(&self, h: Tensor<2>) -> Tensor<2> {
        let device: Device = h.device();
        let distance = ops::squared_distances(h, self.centroids.to_tensor(&device));
        let component =
            burn::tensor::activation::softmax(distance.mul_scalar(-0.5 / self.variance), 1);
        component.matmul(ops::one_hot(ops::indices(&self.groups, &device), self.n_clusters))
    }
}
