//! How much memory a clustering needs.

use serde::Serialize;

/// Genes that are selected by default.
const SELECTED: usize = 2000;

/// Program, network, optimizer and one batch of JojoSCL, in MB.
const BASE: usize = 50;

/// Cells that a step of scSiameseClu sees at most by default.
const MAX_NODES: usize = 8192;

/// Expected memory of `morula cluster` with default parameters, in MB.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MemoryPlan {
    /// The sparse counts.
    pub counts_mb: usize,
    /// The dense matrix of the selected genes.
    pub training_matrix_mb: usize,
    /// Everything at once with JojoSCL, roughly.
    pub expected_peak_mb: usize,
    /// Everything at once with scSiameseClu, roughly.
    pub scsiameseclu_peak_mb: usize,
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
        // 95 kB per cell of a step, 10 kB per cell for its components and the pass over all cells:
        // measured from 420 to 100 000 cells.
        let step = n_cells.div_ceil(n_cells.div_ceil(MAX_NODES).max(1));
        let scsiameseclu_peak_mb =
            BASE + counts_mb + mb(step.saturating_mul(95_000)) + mb(n_cells.saturating_mul(10_000));
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

    /// Peaks measured in MB: real data of 420, 1937 and 4271 cells, simulated ones of 100 000.
    #[test]
    fn plans_are_near_what_was_measured() {
        for (cells, genes, values, peak) in [
            (420, 22_083, 1_724_985, 114),
            (1937, 20_125, 3_726_445, 288),
            (4271, 33_694, 5_525_358, 488),
            (100_000, 2_000, 66_000_000, 1830),
        ] {
            let plan = MemoryPlan::new(cells, genes, values).scsiameseclu_peak_mb as f64;
            let ratio = plan / peak as f64;
            assert!((0.8..1.5).contains(&ratio), "{cells} cells: {plan} planned, {peak} measured");
        }
    }
}
