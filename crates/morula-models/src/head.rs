//! From an embedding to clusters.

use burn::tensor::{Int, Tensor};
use kodama::{Method, linkage};
use morula_core::kmeans::KMeansConfig;
use morula_core::ops;
use rand::Rng;
use serde::{Deserialize, Serialize};

use crate::{Matrix, ModelError, Result, read};

/// Small clusters per cluster asked for.
const FINENESS: usize = 4;

/// How the embedding is cut into K clusters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Head {
    /// K-means with K centroids. It likes clusters of equal size, and cuts a large type in two
    /// before it finds a rare one.
    KMeans,
    /// K-means with 4 K centroids, joined to K clusters by average linkage of the centroids,
    /// with the cosine of their differences from the mean cell as similarity. Clusters may be of
    /// any size.
    Merge,
}

/// K clusters, each made of one or more centroids.
#[derive(Debug, Clone)]
pub(crate) struct Clustering {
    /// Centroids, none of them without cells, `[m, d]`.
    pub centroids: Tensor<2>,
    /// Cluster of every centroid, below K; the largest cluster is 0.
    pub groups: Vec<usize>,
    /// Cluster of every cell, `[n]`.
    pub labels: Tensor<1, Int>,
}

impl Head {
    /// Clusters the rows of `h`, `[n, d]`.
    ///
    /// # Errors
    /// [`ModelError::Clustering`] when a value is not finite.
    pub(crate) fn fit(
        self,
        h: &Tensor<2>,
        n_clusters: usize,
        n_init: usize,
        rng: &mut impl Rng,
    ) -> Result<Clustering> {
        let n_cells = h.dims()[0];
        let fine = match self {
            Self::KMeans => n_clusters,
            Self::Merge => (FINENESS * n_clusters).min(n_cells),
        };
        let kmeans = KMeansConfig::new(fine).with_n_init(n_init).init();
        let fit = kmeans.fit(h.clone(), rng).ok_or(ModelError::Clustering {
            n_cells,
            n_clusters,
            why: "it holds values that are not finite; lower learning_rate",
        })?;

        let sizes = read(ops::one_hot(fit.labels.clone(), fine).sum_dim(0), "cluster sizes")?;
        let live: Vec<usize> = (0..fine).filter(|&k| sizes[k] > 0.5).collect();
        let centroids = fit.centroids.select(0, ops::indices(&live, &h.device()));
        let around = centroids.clone() - h.clone().mean_dim(0);
        let around = Matrix::read(ops::l2_normalize(around), "the centroids")?;
        let sizes: Vec<f32> = live.iter().map(|&k| sizes[k]).collect();
        let groups = by_size(&join(&around, n_clusters), &sizes);

        // Small cluster -> cluster, looked up on the device.
        let mut lookup = vec![0; fine];
        live.iter().zip(&groups).for_each(|(&k, &g)| lookup[k] = g);
        let labels = ops::indices(&lookup, &h.device()).select(0, fit.labels);
        Ok(Clustering { centroids, groups, labels })
    }
}

/// Average linkage of unit vectors by cosine, cut at `n_clusters` groups (or as many as there are
/// vectors).
fn join(unit: &Matrix, n_clusters: usize) -> Vec<usize> {
    let m = unit.n_rows();
    let cosine = |i, j| -> f32 { unit.row(i).iter().zip(unit.row(j)).map(|(a, b)| a * b).sum() };
    let mut distances: Vec<f32> = (0..m)
        .flat_map(|i| (i + 1..m).map(move |j| (i, j)))
        .map(|(i, j)| 1.0 - cosine(i, j))
        .collect();
    let dendrogram = linkage(&mut distances, m, Method::Average);
    // Step s makes the node m + s of two earlier nodes.
    let mut group: Vec<usize> = (0..2 * m).collect();
    let steps = dendrogram.steps().iter().take(m.saturating_sub(n_clusters));
    for (s, step) in steps.enumerate() {
        for node in [step.cluster1, step.cluster2] {
            group[node] = m + s;
        }
    }
    let root = |mut node: usize| {
        while group[node] != node {
            node = group[node];
        }
        node
    };
    (0..m).map(root).collect()
}

/// Numbers groups by falling size, as scanpy does; ties by their first member.
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
    use burn::tensor::{Device, TensorData};
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    /// A large round cluster and two small ones, in 3 dimensions.
    fn unbalanced() -> Tensor<2> {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let mut rows = Vec::new();
        for (n, centre) in [(300, [1.0, 0., 0.]), (12, [0., 1.0, 0.]), (10, [0., 0., 1.0])] {
            for _ in 0..n {
                rows.extend(centre.map(|c: f32| c + rng.random_range(-0.4..0.4)));
            }
        }
        Tensor::from_data(TensorData::new(rows, [322, 3]), &Device::flex())
    }

    fn fit(head: Head, h: &Tensor<2>, k: usize) -> (Vec<i32>, Clustering) {
        let clustering = head.fit(h, k, 5, &mut ChaCha8Rng::seed_from_u64(0)).unwrap();
        (clustering.labels.clone().try_into_vec_as().unwrap(), clustering)
    }

    #[test]
    fn merging_keeps_a_large_cluster_whole() {
        let (labels, clustering) = fit(Head::Merge, &unbalanced(), 3);
        assert!(labels[..300].iter().all(|&l| l == 0), "the largest cluster is 0");
        assert!(labels[300..312].iter().all(|&l| l == labels[300]));
        assert!(labels[312..].iter().all(|&l| l == labels[321]));
        assert_ne!(labels[300], labels[321]);
        assert_eq!(clustering.groups.len(), 12);
    }

    #[test]
    fn kmeans_has_one_centroid_per_cluster() {
        let (labels, clustering) = fit(Head::KMeans, &unbalanced(), 4);
        assert_eq!(clustering.groups.len(), 4);
        let mut groups = clustering.groups;
        groups.sort_unstable();
        assert_eq!(groups, [0, 1, 2, 3]);
        let size = |k| labels.iter().filter(|&&l| l == k).count();
        assert!(size(0) >= size(1) && size(1) >= size(2) && size(2) >= size(3));
    }

    #[test]
    fn few_and_identical_rows_are_no_trouble() {
        for head in [Head::KMeans, Head::Merge] {
            let same = Tensor::<2>::ones([5, 2], &Device::flex());
            assert!(fit(head, &same, 3).0.iter().all(|&l| l == 0));
            let (labels, _) = fit(head, &unbalanced().narrow(0, 298, 5), 5);
            let distinct: std::collections::BTreeSet<_> = labels.iter().collect();
            assert_eq!(distinct.len(), 5);
            assert!(fit(head, &unbalanced(), 1).0.iter().all(|&l| l == 0));
        }
    }
}
