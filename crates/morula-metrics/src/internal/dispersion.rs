//! Scores from cluster centroids: spread within clusters relative to distance between them.

use super::{LabelledPoints, distance::euclidean};

impl LabelledPoints<'_> {
    /// Calinski-Harabasz index (variance ratio), `CH = (B / (k - 1)) / (W / (n - k))`; higher is
    /// better.
    ///
    /// `B = sum_c n_c |m_c - m|^2` is the dispersion of the `k` centroids around the overall mean.
    /// `W = sum_i |x_i - m_c(i)|^2` is the dispersion of the `n` cells around their centroids. 1
    /// when `W = 0` (Calinski and Harabasz 1974; scikit-learn's convention).
    pub fn calinski_harabasz(&self) -> f64 {
        let centroids = self.centroids();
        let (n, k) = (self.cluster_of().len() as f64, self.sizes().len() as f64);
        let mut mean = vec![0.0; self.n_dims()];
        for (centroid, &size) in centroids.iter().zip(self.sizes()) {
            mean.iter_mut().zip(centroid).for_each(|(m, c)| *m += c * size as f64 / n);
        }
        let between: f64 = centroids
            .iter()
            .zip(self.sizes())
            .map(|(centroid, &size)| size as f64 * euclidean(centroid, &mean).powi(2))
            .sum();
        let within: f64 = self.centroid_distances(&centroids).map(|(_, dist)| dist.powi(2)).sum();
        if within == 0.0 { 1.0 } else { between * (n - k) / (within * (k - 1.0)) }
    }

    /// Davies-Bouldin index, `DB = 1/k sum_i max_{j != i} (s_i + s_j) / |m_i - m_j|`; lower is
    /// better, at least 0.
    ///
    /// `s_i` is the mean distance of a cluster's cells from its centroid `m_i`. Pairs with equal
    /// centroids are left out, as in scikit-learn (Davies and Bouldin 1979).
    pub fn davies_bouldin(&self) -> f64 {
        let centroids = self.centroids();
        let mut spread = vec![0.0; centroids.len()];
        for (cluster, distance) in self.centroid_distances(&centroids) {
            spread[cluster] += distance / self.sizes()[cluster] as f64;
        }
        let similarity = |i: usize, j: usize| {
            let distance = euclidean(&centroids[i], &centroids[j]);
            if distance == 0.0 { 0.0 } else { (spread[i] + spread[j]) / distance }
        };
        let k = centroids.len();
        let worst =
            |i: usize| (0..k).filter(|&j| j != i).map(|j| similarity(i, j)).fold(0.0, f64::max);
        (0..k).map(worst).sum::<f64>() / k as f64
    }

    /// Mean point of every cluster.
    fn centroids(&self) -> Vec<Vec<f64>> {
        let mut centroids = vec![vec![0.0; self.n_dims()]; self.sizes().len()];
        for (row, &cluster) in self.rows().zip(self.cluster_of()) {
            centroids[cluster].iter_mut().zip(row).for_each(|(c, &v)| *c += f64::from(v));
        }
        for (centroid, &size) in centroids.iter_mut().zip(self.sizes()) {
            centroid.iter_mut().for_each(|c| *c /= size as f64);
        }
        centroids
    }

    /// Cluster of every cell, and the cell's distance from its centroid.
    fn centroid_distances(&self, centroids: &[Vec<f64>]) -> impl Iterator<Item = (usize, f64)> {
        let mut point = vec![0.0; self.n_dims()];
        self.rows().zip(self.cluster_of()).map(move |(row, &cluster)| {
            point.iter_mut().zip(row).for_each(|(p, &v)| *p = f64::from(v));
            (cluster, euclidean(&point, &centroids[cluster]))
        })
    }
}
