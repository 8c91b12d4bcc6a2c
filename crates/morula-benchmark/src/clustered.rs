//! The result of any method.

use anyhow::{Context, Result};
use morula::data::DenseMatrix;
use serde::{Deserialize, Serialize};

/// Clusters of the cells that preprocessing kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Clustered {
    /// Positions of these cells in the input.
    pub kept_cells: Vec<usize>,
    pub labels: Vec<usize>,
    /// Probability of every cell's cluster, where the method gives one.
    pub confidence: Option<Vec<f32>>,
    /// What was clustered, kept cells x dimensions.
    pub embedding: DenseMatrix,
}

/// The number of clusters, for a method that cannot find it.
pub fn given(n_clusters: Option<usize>) -> Result<usize> {
    n_clusters.context("this method needs the number of clusters")
}
