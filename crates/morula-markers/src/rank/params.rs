//! Parameters of the search for markers.

use morula_data::{Categorical, CsrMatrix};
use serde::{Deserialize, Serialize};

use super::Markers;
use crate::Result;

/// Parameters of [`rank_genes_groups`](crate::rank_genes_groups).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MarkersParams {
    /// Whether to correct the variance of the rank sum for ties. scanpy's default is off.
    pub tie_correct: bool,
    /// Test only genes that are expressed in at least this many cells; 0 for all genes.
    pub min_cells: usize,
}

impl Default for MarkersParams {
    fn default() -> Self {
        Self { tie_correct: true, min_cells: 0 }
    }
}

impl MarkersParams {
    /// Turns the correction for ties on or off.
    pub fn tie_correct(mut self, tie_correct: bool) -> Self {
        self.tie_correct = tie_correct;
        self
    }

    /// Sets the number of cells in which a gene must be expressed.
    pub fn min_cells(mut self, min_cells: usize) -> Self {
        self.min_cells = min_cells;
        self
    }

    /// Ranks the genes of every group.
    ///
    /// # Errors
    /// The errors of [`rank_genes_groups`](crate::rank_genes_groups).
    pub fn run(&self, x: &CsrMatrix, groups: &Categorical) -> Result<Markers> {
        super::rank_genes_groups(x, groups, self)
    }
}
