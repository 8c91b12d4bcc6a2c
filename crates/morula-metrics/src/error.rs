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
    /// There is not one label per cell.
    #[error(
        "{labels} labels or batches, but {n_cells} cells; give one per cell, in the same order"
    )]
    LabelCount {
        /// Number of labels given.
        labels: usize,
        /// Number of cells.
        n_cells: usize,
    },
    /// The neighbours do not fill rows of equal length.
    #[error(
        "{indices} indices and {distances} distances cannot both fill rows of {k} neighbours; \
         give row-major matrices, cells x k"
    )]
    NeighborShape {
        /// Number of indices given.
        indices: usize,
        /// Number of distances given.
        distances: usize,
        /// Neighbours per cell.
        k: usize,
    },
    /// A cell has too few neighbours for the score, or more than there are other cells.
    #[error(
        "{k} neighbours per cell, but this score needs at least {least}, and fewer than the \
         {n_cells} cells; search for another number of neighbours"
    )]
    NeighborCount {
        /// Neighbours per cell.
        k: usize,
        /// Number of cells.
        n_cells: usize,
        /// Fewest neighbours that the score takes.
        least: usize,
    },
    /// A neighbour is wrong.
    #[error("cell {cell}, rank {rank}: neighbour {neighbor} at distance {distance} {problem}")]
    Neighbor {
        /// Row of the neighbour.
        cell: usize,
        /// Column of the neighbour, 0 for the nearest.
        rank: usize,
        /// Index of the neighbour.
        neighbor: u32,
        /// Distance of the neighbour.
        distance: f32,
        /// What is wrong.
        problem: NeighborProblem,
    },
    /// Only cells of other batches may vote.
    #[error(
        "neighbour {neighbor} of cell {cell} is of the same batch; search for neighbours among \
         the cells of other batches"
    )]
    SameBatch {
        /// Row of the neighbour.
        cell: usize,
        /// Index of the neighbour.
        neighbor: u32,
    },
    /// LISI is scaled by the number of labels or batches, which has to be at least 2.
    #[error("all {n_cells} cells have one label; a scaled LISI needs two labels or batches")]
    SingleGroup {
        /// Number of cells.
        n_cells: usize,
    },
    /// The batches of no label can be compared.
    #[error(
        "none of {n_labels} labels has cells of two batches and two cells of one batch; the \
         silhouette of batches needs such a label"
    )]
    NoMixedLabel {
        /// Distinct labels.
        n_labels: usize,
    },
}

/// What is wrong with a neighbour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NeighborProblem {
    /// The index is not that of a cell.
    #[error("is no cell; indices count the rows from 0")]
    OutOfRange,
    /// The neighbour is the cell itself.
    #[error("is the cell itself; leave it out of its row")]
    Itself,
    /// The neighbour is in the row twice.
    #[error("is in the row twice; a cell is a neighbour once")]
    Repeated,
    /// The distance is NaN, infinite or negative.
    #[error("has no distance; give finite values of at least 0")]
    NoDistance,
    /// The distance is smaller than that of the neighbour before.
    #[error("is nearer than the one before; sort the row by distance")]
    Unsorted,
}
