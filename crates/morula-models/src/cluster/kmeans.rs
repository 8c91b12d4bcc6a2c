//! K-means of points on the host.

use burn::tensor::{Device, Tensor, TensorData};
use morula_core::kmeans::KMeansConfig;

use super::{by_size, n_points};
use crate::rng::{Purpose, stream};
use crate::{ModelError, Result, read};

/// Parameters of [`kmeans`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KMeansParams {
    /// Number of clusters K.
    pub n_clusters: usize,
    /// Starts; the result with the least inertia is kept.
    pub n_init: usize,
    /// Seed of the starts.
    pub seed: u64,
}

/// Cluster of every row of `x` (row-major `n x n_dims`) by Lloyd's algorithm with greedy
/// k-means++ starts. Fewer distinct rows than clusters leave clusters empty.
///
/// # Errors
/// [`ModelError::Clustering`] with fewer rows than clusters, no clusters, or values that are not
/// finite.
pub fn kmeans(
    x: &[f32],
    n_dims: usize,
    params: &KMeansParams,
    device: &Device,
) -> Result<Vec<usize>> {
    let KMeansParams { n_clusters, n_init, seed } = *params;
    let n_cells = n_points(x, n_dims, n_clusters)?;
    let points = Tensor::<2>::from_data(TensorData::new(x.to_vec(), [n_cells, n_dims]), device);
    let kmeans = KMeansConfig::new(n_clusters).with_n_init(n_init).init();
    let fit = kmeans.fit(points, &mut stream(seed, Purpose::KMeans, 0));
    let why = "the device failed";
    let fit = fit.ok_or(ModelError::Clustering { n_cells, n_clusters, why })?;
    let labels = read(fit.labels.float(), "the clusters")?;
    Ok(by_size(&labels.into_iter().map(|k| k as usize).collect::<Vec<_>>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blobs_are_found_and_numbered_by_size() {
        let x = [9.0, 9.1, 0.0, 0.1, 0.2];
        let params = KMeansParams { n_clusters: 2, n_init: 3, seed: 0 };
        assert_eq!(kmeans(&x, 1, &params, &Device::flex()).unwrap(), [1, 1, 0, 0, 0]);
        let many = KMeansParams { n_clusters: 6, ..params };
        assert!(kmeans(&x, 1, &many, &Device::flex()).is_err());
    }
}
