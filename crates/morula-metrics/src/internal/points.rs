//! An embedding with one label per cell.

use crate::{
    MetricsError, Result,
    labels::{class_sizes, encode_labels},
};

/// Cells as points of an embedding, each with its cluster: the input of the internal scores.
///
/// Distances are Euclidean. Coordinates are `f32`, and every sum is `f64`.
///
/// ```
/// use morula_metrics::LabelledPoints;
///
/// let x = [0.0, 0.0, 0.0, 1.0, 9.0, 9.0, 9.0, 8.0]; // 4 cells x 2
/// let points = LabelledPoints::new(&x, 2, &["a", "a", "b", "b"])?;
/// assert!(points.silhouette() > 0.9);
/// # Ok::<(), morula_metrics::MetricsError>(())
/// ```
#[derive(Debug, Clone)]
pub struct LabelledPoints<'a> {
    x: &'a [f32],
    n_dims: usize,
    cluster_of: Vec<usize>,
    sizes: Vec<usize>,
}

impl<'a> LabelledPoints<'a> {
    /// Combines a row-major matrix, `labels.len()` cells x `n_dims`, with the labels of the cells.
    ///
    /// # Errors
    /// [`MetricsError::Shape`] when the number of values does not fit the matrix or there are no
    /// dimensions; [`MetricsError::NonFinite`] for NaN or infinite values; [`MetricsError::Empty`]
    /// without cells; [`MetricsError::ClusterCount`] unless `2 <= clusters < cells` (scikit-learn's
    /// condition).
    pub fn new<T: Ord>(x: &'a [f32], n_dims: usize, labels: &[T]) -> Result<Self> {
        let n_cells = labels.len();
        check_matrix(x, n_dims, n_cells)?;
        let (cluster_of, clusters) = encode_labels(labels);
        let n_clusters = clusters.len();
        if n_clusters < 2 || n_clusters >= n_cells {
            return Err(MetricsError::ClusterCount { n_clusters, n_cells });
        }
        let sizes = class_sizes(&cluster_of, n_clusters);
        Ok(Self { x, n_dims, cluster_of, sizes })
    }

    /// Number of dimensions of the embedding.
    pub(super) fn n_dims(&self) -> usize {
        self.n_dims
    }

    /// Number of cells in every cluster.
    pub(super) fn sizes(&self) -> &[usize] {
        &self.sizes
    }

    /// Cluster of every cell.
    pub(super) fn cluster_of(&self) -> &[usize] {
        &self.cluster_of
    }

    /// Coordinates of every cell.
    pub(super) fn rows(&self) -> impl Iterator<Item = &'a [f32]> {
        self.x.chunks_exact(self.n_dims)
    }
}

/// Fails unless `x` is a row-major matrix of `n_cells` x `n_dims` finite values, both at least 1.
pub(crate) fn check_matrix(x: &[f32], n_dims: usize, n_cells: usize) -> Result<()> {
    if n_dims == 0 || n_cells.checked_mul(n_dims) != Some(x.len()) {
        return Err(MetricsError::Shape { values: x.len(), n_cells, n_dims });
    }
    if n_cells == 0 {
        return Err(MetricsError::Empty);
    }
    if let Some(at) = x.iter().position(|v| !v.is_finite()) {
        let (cell, dim) = (at / n_dims, at % n_dims);
        return Err(MetricsError::NonFinite { cell, dim, value: x[at] });
    }
    Ok(())
}
