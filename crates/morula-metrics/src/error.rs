//! Errors of the clustering scores.

/// Result of this crate.
pub type Result<T> = std::result::Result<T, MetricsError>;

/// Errors of the clustering scores.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MetricsError {
    /// The two labellings do not have the same cells.
    #[error(
        "{truth} true labels, but {pred} predicted labels; give one of each per cell, \
         in the same order"
    )]
    LengthMismatch {
        /// Number of true labels.
        truth: usize,
        /// Number of predicted labels.
        pred: usize,
    },
    /// There are no cells to score.
    #[error("no labels to score; give at least one cell")]
    Empty,
    /// The matrix does not have one row per label.
    #[error(
        "{values} values cannot fill a matrix of {n_cells} cells (one per label) x {n_dims} \
         dimensions; give the row-major embedding of the labelled cells, at least one dimension"
    )]
    Shape {
        /// Number of values given.
        values: usize,
        /// Number of labels given.
        n_cells: usize,
        /// Number of dimensions given.
        n_dims: usize,
    },
    /// A coordinate is NaN or infinite.
    #[error(
        "cell {cell}, dimension {dim} holds {value}; distances need finite values, so drop \
         the cell or look for a diverged model"
    )]
    NonFinite {
        /// Row of the value.
        cell: usize,
        /// Column of the value.
        dim: usize,
        /// The value.
        value: f32,
    },
    /// The internal scores need two clusters, and one cluster with more than one cell.
    #[error(
        "{n_clusters} clusters of {n_cells} cells; internal scores need at least 2 clusters \
         and fewer clusters than cells"
    )]
    ClusterCount {
        /// Distinct labels.
        n_clusters: usize,
        /// Number of cells.
        n_cells: usize,
    },
}
