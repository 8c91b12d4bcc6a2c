//! Representations of cells for clustering: views of their expression, joined with an embedding in
//! one graph.

mod batch_correction;
mod cell_features;
mod cell_graph;
mod cell_neighbors;
mod expression_views;
mod joint_views;

pub use batch_correction::BatchCorrection;
pub use cell_features::CellFeatures;
pub use cell_graph::CellGraph;
pub(crate) use cell_neighbors::same_cells;
pub use cell_neighbors::{CellNeighbors, NEIGHBORHOOD};
pub use expression_views::{ExpressionViews, N_VIEWS};
pub use joint_views::{JointViews, neighbor_means};
