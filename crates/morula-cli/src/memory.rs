//! Memory that clustering needs.

use serde::Serialize;

/// Genes that are selected by default.
const SELECTED: usize = 2000;

/// Program, networks, optimiser and one batch, in MB.
const BASE: usize = 75;

/// Most cells in a step of scSiameseClu, by default.
const MAX_NODES: usize = 8192;

/// Expected memory of `morula cluster` with default parameters, in MB.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MemoryPlan {
    /// The sparse counts.
    pub counts_mb: usize,
    /// The dense matrix of the selected genes.
    pub training_matrix_mb: usize,
    /// Peak with JojoSCL, roughly.
    pub expected_peak_mb: usize,
    /// Peak with scSiameseClu, roughly.
    pub scsiameseclu_peak_mb: usize,
}

impl MemoryPlan {
    pub fn new(n_cells: usize, n_genes: usize, stored_values: usize) -> Self {
        let mb = |bytes: usize| bytes.div_ceil(1_000_000);
        let counts_mb = mb(stored_values.saturating_mul(8));
        let dense = n_cells.saturating_mul(n_genes.min(SELECTED)).saturating_mul(4);
        let training_matrix_mb = mb(dense);
        // Measured on files of 420 to 14 000 cells. Parts of the counts are in memory twice, and the
        // selected genes too.
        let expected_peak_mb = BASE + 3 * counts_mb / 2 + 2 * training_matrix_mb;
        // Measured from 420 to 100 000 cells: 65 kB per cell of a step, and 10 kB per cell for its
        // components and the pass over all cells.
        let step = n_cells.div_ceil(n_cells.div_ceil(MAX_NODES).max(1));
        let scsiameseclu_peak_mb =
            BASE + counts_mb + mb(step.saturating_mul(65_000)) + mb(n_cells.saturating_mul(10_000));
        Self { counts_mb, training_matrix_mb, expected_peak_mb, scsiameseclu_peak_mb }
    }

    pub fn text(&self) -> String {
        format!(
            "possible; memory about {} MB with jojoscl, {} MB with scsiameseclu (counts {} MB, \
             selected genes {} MB)",
            self.expected_peak_mb,
            self.scsiameseclu_peak_mb,
            self.counts_mb,
            self.training_matrix_mb
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Measured peaks in MB, with both models, on eight real data sets.
    #[test]
    fn plans_are_near_what_was_measured() {
        for (cells, genes, counts_mb, measured) in [
            (420, 22_083, 14, [88, 121]),
            (571, 12_653, 25, [99, 148]),
            (1937, 20_125, 30, [155, 265]),
            (2100, 20_670, 18, [147, 262]),
            (3005, 4_000, 55, [225, 373]),
            (4186, 13_488, 7, [151, 357]),
            (4271, 33_694, 45, [200, 406]),
            (13_999, 14_053, 79, [409, 592]),
        ] {
            let plan = MemoryPlan::new(cells, genes, counts_mb * 125_000);
            let planned = [plan.expected_peak_mb, plan.scsiameseclu_peak_mb];
            for (planned, measured) in planned.into_iter().zip(measured) {
                let ratio = planned as f64 / measured as f64;
                assert!((0.85..1.3).contains(&ratio), "{cells}: {planned} planned, {measured}");
            }
        }
    }
}
