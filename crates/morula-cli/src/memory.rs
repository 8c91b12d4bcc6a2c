//! How much memory a clustering needs.

use serde::Serialize;

/// Genes that are selected by default.
const SELECTED: usize = 2000;

/// Program, network, optimizer and one batch, in MB.
const BASE: usize = 50;

/// Expected memory of `morula cluster` with default parameters, in MB.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MemoryPlan {
    /// The sparse counts.
    pub counts_mb: usize,
    /// The dense matrix of the selected genes.
    pub training_matrix_mb: usize,
    /// Everything at once, roughly.
    pub expected_peak_mb: usize,
}

impl MemoryPlan {
    pub fn new(n_cells: usize, n_genes: usize, stored_values: usize) -> Self {
        let mb = |bytes: usize| bytes.div_ceil(1_000_000);
        let counts_mb = mb(stored_values.saturating_mul(8));
        let dense = n_cells.saturating_mul(n_genes.min(SELECTED)).saturating_mul(4);
        let training_matrix_mb = mb(dense);
        // Weights measured on files of 420 to 14 000 cells, a little rounded up: reading and
        // preprocessing hold parts of the counts twice.
        let expected_peak_mb = BASE + 3 * counts_mb + training_matrix_mb / 2;
        Self { counts_mb, training_matrix_mb, expected_peak_mb }
    }

    pub fn text(&self) -> String {
        format!(
            "possible; memory about {} MB (counts {} MB, selected genes {} MB)",
            self.expected_peak_mb, self.counts_mb, self.training_matrix_mb
        )
    }
}
