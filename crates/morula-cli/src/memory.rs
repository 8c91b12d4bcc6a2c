//! Memory that clustering needs.

use anyhow::{Result, bail};
use serde::Serialize;

/// Genes that are selected by default.
const SELECTED: usize = 2000;

/// The program alone, in MB.
const PROGRAM: usize = 30;

/// Expected memory of `morula cluster` with default parameters, in MB.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MemoryPlan {
    /// The sparse counts.
    pub counts_mb: usize,
    /// Peak with JojoSCL, roughly.
    pub expected_peak_mb: usize,
    /// Peak with scSiameseClu, roughly.
    pub scsiameseclu_peak_mb: usize,
    /// Peak with views, roughly.
    pub views_peak_mb: usize,
}

impl MemoryPlan {
    pub fn new(n_cells: usize, n_genes: usize, stored_values: usize) -> Self {
        let mb = |bytes: usize| bytes.div_ceil(1_000_000);
        let counts_mb = mb(stored_values.saturating_mul(8));
        // The counts of the selected genes, in tenths of MB: these genes are seen most.
        let selected = 22 * counts_mb * n_genes.min(SELECTED) / n_genes.max(1);
        let of_cells = |bytes: usize| mb(n_cells.saturating_mul(bytes));
        // Measured from 420 to 30 000 cells. The counts are in memory twice: a second fit of views
        // has seven tenths of them. The halves of a cell have features too.
        let expected_peak_mb = 51 + (21 * counts_mb + 14 * selected / 10) / 10 + of_cells(9000);
        let scsiameseclu_peak_mb = 73 + (21 * counts_mb + 15 * selected / 10) / 10 + of_cells(7000);
        // Measured from 420 to 100 000 cells. The counts of the selected genes are in memory up to
        // three times.
        let views_peak_mb = PROGRAM + (12 * counts_mb + selected) / 10 + of_cells(2600);
        Self { counts_mb, expected_peak_mb, scsiameseclu_peak_mb, views_peak_mb }
    }

    /// Refuses to train where the system does not give the memory. What the plan may be too high by
    /// is left out: a run is refused only where it would end for want of memory.
    pub fn check(&self, model: &str) -> Result<()> {
        let peak = match model {
            "scsiameseclu" => self.scsiameseclu_peak_mb,
            "views" => self.views_peak_mb,
            _ => self.expected_peak_mb,
        };
        // The counts are in memory already.
        let needed = (peak.saturating_sub(self.counts_mb)) * 7 / 10;
        let reserved = gemm_reserve_mb();
        let bytes = needed.saturating_add(reserved).saturating_mul(1_000_000);
        match Vec::<u8>::new().try_reserve_exact(bytes) {
            Ok(()) => Ok(()),
            Err(_) => bail!(
                "not enough memory: training needs {needed} MB more, and {reserved} MB of address \
                 space for products of matrices, and the system does not give them; close other \
                 programs, raise the limit (ulimit -v), or give fewer cells"
            ),
        }
    }

    pub fn text(&self) -> String {
        format!(
            "possible; memory about {} MB with jojoscl, {} MB with scsiameseclu, {} MB with views \
             (counts {} MB)",
            self.expected_peak_mb, self.scsiameseclu_peak_mb, self.views_peak_mb, self.counts_mb
        )
    }
}

/// Address space that a thread reserves for products of matrices, in MB: faer's kernel for x86 takes
/// twice the size of the last cache, of which it uses what a product needs.
fn gemm_reserve_mb() -> usize {
    if !cfg!(target_arch = "x86_64") {
        return 0;
    }
    let size = std::fs::read_to_string("/sys/devices/system/cpu/cpu0/cache/index3/size");
    2 * kilobytes(&size.unwrap_or_default()) * 1024 / 1_000_000
}

/// A size such as 32768K or 32M.
fn kilobytes(size: &str) -> usize {
    let size = size.trim();
    let number = |unit: char| size.strip_suffix(unit).and_then(|n| n.parse::<usize>().ok());
    number('K').or(number('M').map(|n| n * 1024)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Measured peaks in MB, with JojoSCL, scSiameseClu and views, on eight real data sets and three
    /// simulated ones of 10,000 genes; within a fifth from 2000 cells on.
    #[test]
    fn plans_are_near_what_was_measured() {
        for (cells, genes, counts_mb, measured) in [
            (420, 22_083, 14, [90, 104, 51]),
            (571, 12_653, 25, [118, 135, 65]),
            (1937, 20_125, 30, [136, 157, 70]),
            (2100, 20_670, 18, [106, 131, 61]),
            (3005, 4_000, 55, [303, 310, 182]),
            (4186, 13_488, 7, [102, 119, 51]),
            (4271, 33_694, 45, [209, 220, 96]),
            (13_999, 14_053, 79, [348, 354, 187]),
            (2000, 10_000, 20, [113, 133, 70]),
            (10_000, 10_000, 99, [399, 422, 208]),
            (30_000, 10_000, 297, [1053, 972, 564]),
        ] {
            let plan = MemoryPlan::new(cells, genes, counts_mb * 125_000);
            let planned = [plan.expected_peak_mb, plan.scsiameseclu_peak_mb, plan.views_peak_mb];
            for (planned, measured) in planned.into_iter().zip(measured) {
                let ratio = planned as f64 / measured as f64;
                let near = if cells < 1000 { 0.85..1.3 } else { 0.8..1.2 };
                assert!(near.contains(&ratio), "{cells}: {planned} planned, {measured}");
            }
        }
    }

    #[test]
    fn sizes_of_caches_are_read() {
        let sizes = ["266240K\n", "32M", "512", "", "x K"].map(kilobytes);
        assert_eq!(sizes, [266_240, 32_768, 0, 0, 0]);
    }

    #[test]
    fn what_no_system_gives_is_refused() {
        let error = MemoryPlan::new(usize::MAX / 10_000, 2000, 1).check("jojoscl").unwrap_err();
        assert!(error.to_string().starts_with("not enough memory"), "{error}");
        MemoryPlan::new(100, 100, 1000).check("scsiameseclu").unwrap();
    }
}
