//! The quality of the cells of each cluster.

use morula_data::{AnnData, Column};

/// A cluster of which a larger share of cells has a flag gets a warning.
pub(crate) const MOST_FLAGGED: f64 = 0.5;

/// Quality metrics and flags of the cells of a run, from the columns that `morula qc` writes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CellQuality {
    /// Name and values of each metric: a value per cell, NaN where it is missing.
    pub metrics: Vec<(String, Vec<f64>)>,
    /// Name of each flag, and whether each cell has it.
    pub flags: Vec<(String, Vec<bool>)>,
}

/// The metrics that are shown, where they are there.
const METRICS: [&str; 4] = ["total_counts", "n_genes_by_counts", "pct_counts_mt", "doublet_score"];
/// The flags that are shown, where they are there, with the meaning for a cell.
const FLAGS: [(&str, &str); 2] = [
    ("mt_outlier", "are flagged for mitochondrial counts"),
    ("predicted_doublet", "are called doublets"),
];

impl CellQuality {
    /// The metrics and flags of these cells; nothing where the data has none.
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
        let flag = |name: &str| match data.obs.column(name).ok()? {
            Column::Bool(all) => {
                Some((name.to_string(), cells.iter().map(|&i| all[i] == Some(true)).collect()))
            }
            _ => None,
        };
        Self {
            metrics: METRICS.into_iter().filter_map(metric).collect(),
            flags: FLAGS.into_iter().filter_map(|(name, _)| flag(name)).collect(),
        }
    }

    /// Whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        self.metrics.is_empty() && self.flags.is_empty()
    }

    /// The quartiles of every metric in every cluster, linear between values, NaN without values;
    /// clusters x metrics.
    pub fn quartiles(&self, labels: &[usize], k: usize) -> Vec<Vec<[f64; 3]>> {
        let mut members = vec![Vec::new(); k];
        for (cell, &label) in labels.iter().enumerate().filter(|(_, label)| **label < k) {
            members[label].push(cell);
        }
        let of = |cells: &[usize], values: &[f64]| {
            let known = cells.iter().map(|&cell| values[cell]).filter(|v| !v.is_nan());
            let mut found: Vec<f64> = known.collect();
            found.sort_unstable_by(f64::total_cmp);
            [0.25, 0.5, 0.75].map(|share| quantile(&found, share))
        };
        let metrics =
            |cells: &Vec<usize>| self.metrics.iter().map(|(_, values)| of(cells, values)).collect();
        members.iter().map(metrics).collect()
    }

    /// The share of cells with every flag in every cluster, NaN without cells; clusters x flags.
    pub fn flagged(&self, labels: &[usize], k: usize) -> Vec<Vec<f64>> {
        let mut sizes = vec![0.0; k];
        let mut found = vec![vec![0.0; self.flags.len()]; k];
        for (cell, &label) in labels.iter().enumerate().filter(|(_, label)| **label < k) {
            sizes[label] += 1.0;
            for (at, (_, flags)) in self.flags.iter().enumerate() {
                found[label][at] += f64::from(u8::from(flags[cell]));
            }
        }
        for (row, size) in found.iter_mut().zip(sizes) {
            row.iter_mut().for_each(|n| *n /= size);
        }
        found
    }

    /// A warning for each cluster of which more than half of the cells have a flag: cluster and
    /// text.
    ///
    /// `flagged`: as from [`flagged`](Self::flagged).
    pub fn warnings(&self, flagged: &[Vec<f64>]) -> Vec<(usize, String)> {
        let of = |(cluster, shares): (usize, &Vec<f64>)| {
            let high = self.flags.iter().zip(shares).filter(|(_, share)| **share > MOST_FLAGGED);
            let text = |((name, _), share): (&(String, _), &f64)| {
                let known = FLAGS.iter().find(|(flag, _)| flag == name);
                let meaning = known.map_or("are flagged", |(_, meaning)| meaning);
                (cluster, format!("{:.0}% of its cells {meaning} ({name})", 100.0 * share))
            };
            high.map(text).collect::<Vec<_>>()
        };
        flagged.iter().enumerate().flat_map(of).collect()
    }
}

/// A quantile of sorted values, linear between them.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let at = share * last as f64;
    let (low, rest) = (at as usize, at.fract());
    let high = sorted[(low + 1).min(last)];
    if rest == 0.0 || sorted[low] == high {
        sorted[low]
    } else {
        sorted[low] + rest * (high - sorted[low])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clusters_of_doublets_and_of_broken_cells_are_named() {
        let quality = CellQuality {
            metrics: vec![("pct_counts_mt".into(), vec![1.0, 2.0, 30.0, 20.0, 24.0, f64::NAN])],
            flags: vec![
                ("mt_outlier".into(), vec![false, false, true, true, false, true]),
                ("predicted_doublet".into(), vec![true, false, false, false, false, false]),
            ],
        };
        let labels = [0, 0, 1, 1, 1, 2];
        let quartiles = quality.quartiles(&labels, 4);
        assert_eq!(quartiles[0], [[1.25, 1.5, 1.75]]);
        assert_eq!(quartiles[1], [[22.0, 24.0, 27.0]]);
        assert!(quartiles[2][0][1].is_nan());
        let flagged = quality.flagged(&labels, 4);
        assert_eq!(flagged[..3], [vec![0.0, 0.5], vec![2.0 / 3.0, 0.0], vec![1.0, 0.0]]);
        // Half of the cells is not more than half; a cluster without cells is none.
        let warnings = quality.warnings(&flagged);
        assert_eq!(warnings.iter().map(|w| w.0).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(
            warnings[0].1,
            "67% of its cells are flagged for mitochondrial counts (mt_outlier)"
        );
        assert!(CellQuality::default().warnings(&[vec![], vec![]]).is_empty());
    }

    #[test]
    fn infinite_values_have_quartiles() {
        assert_eq!(quantile(&[1.0, f64::INFINITY], 0.5), f64::INFINITY);
        assert_eq!(quantile(&[f64::INFINITY; 3], 0.25), f64::INFINITY);
        assert_eq!(quantile(&[7.0], 0.75), 7.0);
    }
}
