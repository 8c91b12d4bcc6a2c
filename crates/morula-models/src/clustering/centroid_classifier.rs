//! The centroid classifier: clusters of cells from the centroids near their embedding.

use burn::tensor::{Device, Tensor};
use morula_cluster::number_by_cells;
use morula_core::ops;
use morula_data::DenseMatrix;
use serde::{Deserialize, Serialize};

use super::PROBABILITIES;
use super::cluster_method::Clustering;
use crate::Result;
use crate::device::{read, read_matrix, upload};

/// A mixture of equal, round components around the centroids. The probability of a cluster is the
/// sum over its centroids:
///
/// `p_ik = sum_{m in k} exp(-|h_i - c_m|^2 / 2 s^2) / sum_m exp(-|h_i - c_m|^2 / 2 s^2)`
///
/// with `s^2 = W / d_eff`. `W` is the mean squared distance of the cells to their nearest centroid,
/// `d_eff = tr(C)^2 / tr(C^2)` the number of directions in which they spread, and C the covariance
/// within components. For round components in d dimensions d_eff = d, and this is Bayes' rule.
/// Embeddings spread in few directions; with d in place of d_eff, every cell would look certain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct CentroidClassifier {
    centroids: DenseMatrix,
    groups: Vec<usize>,
    n_clusters: usize,
    variance: f32,
}

impl CentroidClassifier {
    /// Fits the classifier to the centroids of a clustering of the cells. Returns it with the
    /// probabilities of the cells. Clusters that are the likeliest of no cell are left out; the
    /// others are numbered by falling number of these cells.
    ///
    /// # Shapes
    /// - h: `[n, d]`
    pub fn fit(
        h: &Tensor<2>,
        clustering: Clustering,
        n_clusters: usize,
    ) -> Result<(Self, DenseMatrix)> {
        let mut classifier = Self::of(h, clustering, n_clusters)?;
        loop {
            let proba = read_matrix(classifier.forward(h.clone()), PROBABILITIES)?;
            let (proba, _, live) = number_by_cells(proba, |to| classifier.renumber(to));
            if live == classifier.n_clusters {
                return Ok((classifier, proba));
            }
            classifier.keep(live);
        }
    }

    fn of(h: &Tensor<2>, clustering: Clustering, n_clusters: usize) -> Result<Self> {
        let Clustering { centroids, groups, .. } = clustering;
        let [m, d] = centroids.dims();
        let nearest = super::nearest(h.clone(), centroids.clone());
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
        let centroids = read_matrix(centroids, "the centroids")?;
        Ok(Self { centroids, groups, n_clusters, variance: variance.max(1e-12) })
    }

    /// Number of clusters.
    pub fn n_clusters(&self) -> usize {
        self.n_clusters
    }

    /// Gives cluster `k` the number `to[k]`.
    fn renumber(&mut self, to: &[usize]) {
        self.groups.iter_mut().for_each(|group| *group = to[*group]);
    }

    /// Leaves the centroids of the first `live` clusters.
    fn keep(&mut self, live: usize) {
        let rows = self.centroids.rows().zip(&self.groups).filter(|(_, group)| **group < live);
        let (rows, groups): (Vec<&[f32]>, Vec<usize>) = rows.unzip();
        self.centroids = DenseMatrix::from_rows(rows.concat(), self.centroids.n_cols());
        (self.groups, self.n_clusters) = (groups, live);
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
        let distance = ops::squared_distances(h, upload(&self.centroids, &device));
        let component =
            burn::tensor::activation::softmax(distance.mul_scalar(-0.5 / self.variance), 1);
        component.matmul(ops::one_hot(ops::indices(&self.groups, &device), self.n_clusters))
    }
}
