//! The quality of the cells of each cluster.

use morula_data::{AnnData, Column};
use morula_preprocess::QcParams;

/// A cluster with a larger share of doublets gets a warning. The limit of mitochondrial counts is that
/// of [`QcParams`].
const MOST_DOUBLETS: f64 = 0.5;

/// Quality metrics of the cells of a run, from the columns that `morula qc` writes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CellQuality {
    /// Name and values of each metric: a value per cell, NaN where it is missing.
    pub metrics: Vec<(String, Vec<f64>)>,
    /// Whether each cell is called a doublet; empty if that is not known.
    pub doublets: Vec<bool>,
}

/// The columns that are shown, where they are there.
const COLUMNS: [&str; 4] = ["total_counts", "n_genes_by_counts", "pct_counts_mt", "doublet_score"];

impl CellQuality {
    /// The metrics of these cells; nothing where the data has none.
    pub(super) fn from_anndata(data: &AnnData, cells: &[usize]) -> Self {
        let metric = |name: &str| -> Option<(String, Vec<f64>)> {
            let values = match data.obs.column(name).ok()? {
                Column::Float(all) => cells.iter().map(|&i| all[i]).collect(),
                Column::Int(all) => {
                    cells.iter().map(|&i| all[i].map_or(f64::NAN, |v| v as f64)).collect()
                }
                _ => return None,
            };
            Some((name.to_string(), values))
        };
        let doublets = match data.obs.column("predicted_doublet") {
            Ok(Column::Bool(all)) => cells.iter().map(|&i| all[i] == Some(true)).collect(),
            _ => Vec::new(),
        };
        Self { metrics: COLUMNS.iter().filter_map(|name| metric(name)).collect(), doublets }
    }

    /// Whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        self.metrics.is_empty() && self.doublets.is_empty()
    }

    /// The median of every metric in every cluster, NaN without values; clusters x metrics.
    pub fn medians(&self, labels: &[usize], k: usize) -> Vec<Vec<f64>> {
        let mut members = vec![Vec::new(); k];
        for (cell, &label) in labels.iter().enumerate().filter(|(_, label)| **label < k) {
            members[label].push(cell);
        }
        let of = |cells: &[usize], values: &[f64]| {
            let known = cells.iter().map(|&cell| values[cell]).filter(|v| !v.is_nan());
            let mut found: Vec<f64> = known.collect();
            found.sort_unstable_by(f64::total_cmp);
            match found.len() {
                0 => f64::NAN,
                n => (found[(n - 1) / 2] + found[n / 2]) / 2.0,
            }
        };
        let metrics = |cells: &Vec<usize>| {
            self.metrics.iter().map(|(_, values)| of(cells, values)).collect::<Vec<f64>>()
        };
        members.iter().map(metrics).collect()
    }

    /// The share of doublets in every cluster; NaN where that is not known.
    pub fn doublet_shares(&self, labels: &[usize], k: usize) -> Vec<f64> {
        let mut found = vec![(0usize, 0usize); k];
        for (&label, &doublet) in labels.iter().zip(&self.doublets).filter(|(l, _)| **l < k) {
            found[label].0 += usize::from(doublet);
            found[label].1 += 1;
        }
        found.iter().map(|(doublets, n)| *doublets as f64 / *n as f64).collect()
    }

    /// A warning for each cluster that is mostly doublets or high in mitochondrial counts: cluster
    /// and text.
    ///
    /// `medians` and `shares`: those of [`medians`](Self::medians) and
    /// [`doublet_shares`](Self::doublet_shares).
    pub fn warnings(&self, medians: &[Vec<f64>], shares: &[f64]) -> Vec<(usize, String)> {
        let mut all = Vec::new();
        let high = QcParams::default().max_pct_mt;
        let mt = self.metrics.iter().position(|(name, _)| name == "pct_counts_mt");
        for (cluster, &share) in shares.iter().enumerate() {
            if share > MOST_DOUBLETS {
                let text = format!("{:.0}% of its cells are called doublets", 100.0 * share);
                all.push((cluster, text));
            }
            if let Some(median) = mt.map(|at| medians[cluster][at]).filter(|m| *m > high) {
                let text = format!("a median of {median:.1}% of its counts are mitochondrial");
                all.push((cluster, text));
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clusters_of_doublets_and_of_broken_cells_are_named() {
        let quality = CellQuality {
            metrics: vec![("pct_counts_mt".into(), vec![1.0, 2.0, 30.0, 20.0, f64::NAN])],
            doublets: vec![true, true, false, false, false],
        };
        let labels = [0, 0, 1, 1, 2];
        assert_eq!(quality.medians(&labels, 3)[..2], [[1.5], [25.0]]);
        assert_eq!(quality.doublet_shares(&labels, 3), [1.0, 0.0, 0.0]);
        let found = (quality.medians(&labels, 3), quality.doublet_shares(&labels, 3));
        let warnings = quality.warnings(&found.0, &found.1);
        assert_eq!(warnings.iter().map(|w| w.0).collect::<Vec<_>>(), [0, 1]);
        assert!(warnings[0].1.contains("100%") && warnings[1].1.contains("25.0%"));
        assert!(CellQuality::default().warnings(&[], &[]).is_empty());
    }
}
