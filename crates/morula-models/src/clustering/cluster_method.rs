//! Cluster methods: how an embedding is cut into clusters.

use burn::tensor::{Device, Int, Tensor, TensorData};
use morula_cluster::average_linkage;
use morula_core::ops;
use morula_preprocess::{PcaParams, pca_dense};
use rand::Rng;
use serde::{Deserialize, Serialize};

use super::KMeansConfig;
use crate::device::device_limits::{self, Planned};
use crate::device::{read, read_matrix};
use crate::{ModelError, NClusters, Result};

/// Number of small clusters per requested cluster.
const FINENESS: usize = 3;

/// Principal components of the embedding in which small clusters are found and merged. The other
/// components are mostly noise, which blurs cosines.
const N_COMPS: usize = 10;

/// The cluster method: how the embedding is cut into K clusters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClusterMethod {
    /// K-means with K centroids. It prefers clusters of equal size, so it splits a large type
    /// before it finds a rare one.
    #[serde(rename = "kmeans")]
    KMeans,
    /// K-means with 3 K centroids in the first principal components of the embedding, merged to K
    /// clusters by average linkage over cells. The similarity is the cosine of the centroids'
    /// differences from the mean cell. Clusters may be of any size. But a cluster with most of the
    /// cells lies near the mean cell, where directions are uncertain.
    Merge,
    /// Communities of a graph that joins cells near each other in the embedding and in three views
    /// of their expression: principal components of z-scores, of log-normalised counts and of
    /// Pearson residuals ([`communities`](morula_cluster::communities())). This method can detect
    /// the number of clusters. During training it is [`ClusterMethod::Merge`].
    Communities,
}

/// K clusters, each made of one or more centroids.
#[derive(Debug, Clone)]
pub(crate) struct Clustering {
    /// Mean embeddings of the small clusters that have cells, `[m, d]`.
    pub centroids: Tensor<2>,
    /// Cluster of every centroid, below K; the largest cluster is 0.
    pub groups: Vec<usize>,
    /// Cluster of every cell, `[n]`.
    pub labels: Tensor<1, Int>,
}

impl ClusterMethod {
    /// The number of clusters for training. The method `communities` applies K after training, so
    /// the embedding does not depend on K.
    pub(crate) fn training_clusters(self, asked: NClusters) -> NClusters {
        match self {
            Self::KMeans | Self::Merge => asked,
            Self::Communities => NClusters::Auto,
        }
    }

    /// Refuses a number of clusters that K-means cannot handle on the device.
    ///
    /// # Errors
    /// [`ModelError::TooLarge`] with the size of the distances.
    pub(crate) fn check(
        self,
        device: &Device,
        n_cells: usize,
        n_clusters: usize,
        n_init: usize,
    ) -> Result<()> {
        let kmeans = KMeansConfig::new(self.n_fine(n_cells, n_clusters)).with_n_init(n_init);
        let distances = Planned {
            what: "the distances of cells to the centroids of all starts",
            shape: kmeans.block(n_cells),
            remedy: "lower n_init or the number of clusters",
        };
        device_limits::check(device, &[distances])
    }

    /// Number of centroids of K-means.
    fn n_fine(self, n_cells: usize, n_clusters: usize) -> usize {
        match self {
            Self::KMeans => n_clusters,
            Self::Merge | Self::Communities => n_clusters.saturating_mul(FINENESS).min(n_cells),
        }
    }

    /// Clusters the rows of `h`, `[n, d]`.
    ///
    /// # Errors
    /// [`ModelError::Clustering`] when a value is not finite or the device fails; as
    /// [`check`](Self::check).
    pub(crate) fn fit(
        self,
        h: &Tensor<2>,
        n_clusters: usize,
        n_init: usize,
        rng: &mut impl Rng,
    ) -> Result<Clustering> {
        let n_cells = h.dims()[0];
        self.check(&h.device(), n_cells, n_clusters, n_init)?;
        let space = match self {
            Self::KMeans => h.clone(),
            Self::Merge | Self::Communities => components(h)?,
        };
        let fine = self.n_fine(n_cells, n_clusters);
        let kmeans = KMeansConfig::new(fine).with_n_init(n_init).init();
        let fit = kmeans.fit(space, rng).ok_or(ModelError::Clustering {
            n_cells,
            n_clusters,
            why: "it holds values that are not finite (lower learning_rate), or the device failed",
        })?;

        let member = ops::one_hot(fit.labels.clone(), fine);
        let sizes = member.clone().sum_dim(0);
        let means = member.transpose().matmul(h.clone()) / sizes.clone().transpose().clamp_min(1.0);
        let sizes = read(sizes, "the cluster sizes")?;
        let live: Vec<usize> = (0..fine).filter(|&k| sizes[k] > 0.5).collect();
        let live_rows = ops::indices(&live, &h.device());
        let sizes: Vec<f32> = live.iter().map(|&k| sizes[k]).collect();
        let groups = match self {
            Self::KMeans => (0..live.len()).collect(),
            Self::Merge | Self::Communities => {
                let unit = ops::l2_normalize(fit.centroids.select(0, live_rows.clone()));
                average_linkage(&read_matrix(unit, "the centroids")?, &sizes, n_clusters)
            }
        };
        let groups = by_size(&groups, &sizes);

        // Small cluster -> cluster, looked up on the device.
        let mut lookup = vec![0; fine];
        live.iter().zip(&groups).for_each(|(&k, &g)| lookup[k] = g);
        let labels = ops::indices(&lookup, &h.device()).select(0, fit.labels);
        Ok(Clustering { centroids: means.select(0, live_rows), groups, labels })
    }
}

/// Scores of the first principal components, `[n, components]`; the mean cell is at the origin.
fn components(h: &Tensor<2>) -> Result<Tensor<2>> {
    let host = read_matrix(h.clone(), "the embedding")?;
    let params = PcaParams { n_comps: N_COMPS, ..PcaParams::default() };
    let pca = pca_dense(host.values(), host.n_cols(), &params)?;
    let shape = [host.n_rows(), pca.n_comps];
    Ok(Tensor::from_data(TensorData::new(pca.scores, shape), &h.device()))
}

/// Numbers groups by falling size, as scanpy does; the first member decides ties.
fn by_size(groups: &[usize], sizes: &[f32]) -> Vec<usize> {
    let mut totals: Vec<(usize, f32)> = Vec::new();
    for (&g, &size) in groups.iter().zip(sizes) {
        match totals.iter_mut().find(|t| t.0 == g) {
            Some(total) => total.1 += size,
            None => totals.push((g, size)),
        }
    }
    totals.sort_by(|a, b| b.1.total_cmp(&a.1));
    let rank = |g: &usize| totals.iter().position(|t| t.0 == *g).unwrap_or_default();
    groups.iter().map(rank).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    /// Two large round clusters and two small ones, each along its own axis.
    fn unbalanced() -> Tensor<2> {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let mut rows = Vec::new();
        for (axis, n) in [160, 140, 12, 10].into_iter().enumerate() {
            for _ in 0..n {
                let centre = (0..4).map(|d| if d == axis { 1.0 } else { 0.0 });
                rows.extend(centre.map(|c: f32| c + rng.random_range(-0.4..0.4)));
            }
        }
        Tensor::from_data(TensorData::new(rows, [322, 4]), &Device::flex())
    }

    fn fit(method: ClusterMethod, h: &Tensor<2>, k: usize) -> (Vec<i32>, Clustering) {
        let clustering = method.fit(h, k, 5, &mut ChaCha8Rng::seed_from_u64(0)).unwrap();
        (clustering.labels.clone().try_into_vec_as().unwrap(), clustering)
    }

    #[test]
    fn merging_keeps_large_clusters_whole() {
        let (labels, clustering) = fit(ClusterMethod::Merge, &unbalanced(), 4);
        assert_eq!(clustering.groups.len(), 12);
        for (range, label) in [(0..160, 0), (160..300, 1), (300..312, 2), (312..322, 3)] {
            assert!(labels[range].iter().all(|&l| l == label), "{labels:?}");
        }
    }

    #[test]
    fn kmeans_has_one_centroid_per_cluster() {
        let (labels, clustering) = fit(ClusterMethod::KMeans, &unbalanced(), 4);
        assert_eq!(clustering.groups.len(), 4);
        let mut groups = clustering.groups;
        groups.sort_unstable();
        assert_eq!(groups, [0, 1, 2, 3]);
        let size = |k| labels.iter().filter(|&&l| l == k).count();
        assert!(size(0) >= size(1) && size(1) >= size(2) && size(2) >= size(3));
    }

    #[test]
    fn few_rows_and_identical_rows_are_clustered() {
        for method in [ClusterMethod::KMeans, ClusterMethod::Merge] {
            let same = Tensor::<2>::ones([5, 2], &Device::flex());
            assert!(fit(method, &same, 3).0.iter().all(|&l| l == 0));
            let (labels, _) = fit(method, &unbalanced().narrow(0, 298, 5), 5);
            let distinct: std::collections::BTreeSet<_> = labels.iter().collect();
            assert_eq!(distinct.len(), 5);
            assert!(fit(method, &unbalanced(), 1).0.iter().all(|&l| l == 0));
        }
    }
}
