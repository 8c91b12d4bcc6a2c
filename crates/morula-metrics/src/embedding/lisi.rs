//! Local inverse Simpson's index: the number of labels around a cell.

use rayon::prelude::*;

use super::{KnnGraph, label_totals::LabelTotals};
use crate::{MetricsError, Result};

/// Fewest neighbours, for a perplexity of 2.
const LEAST_NEIGHBORS: usize = 5;
/// Largest error of the entropy, in nats; that of LISI and scib-metrics.
const TOLERANCE: f64 = 1e-5;
/// Steps of the search for the rate, enough for all `f32` distances; LISI takes 50.
const STEPS: usize = 200;

impl KnnGraph<'_> {
    /// LISI of every cell: the effective number of labels among its neighbours, from 1 to the
    /// number of labels.
    ///
    /// `LISI_i = 1 / sum_l (sum_{j of label l} p_ij)^2`, with weights
    /// `p_ij = exp(-b_i d_ij) / sum_j exp(-b_i d_ij)` of the Euclidean distance `d_ij`. The rate
    /// `b_i` gives the weights the perplexity `exp(-sum_j p_ij ln p_ij) = floor((k + 1) / 3)`, as
    /// in scib-metrics, which counts the cell itself among its neighbours: 30, the paper's, for
    /// `k = 89`. Where more cells than that are equally near, they share the weight (Korsunsky et
    /// al. 2019).
    ///
    /// # Errors
    /// [`MetricsError::LabelCount`] unless there is one label per cell;
    /// [`MetricsError::NeighborCount`] for fewer than 5 neighbours per cell.
    pub fn lisi<T: Ord>(&self, labels: &[T]) -> Result<Vec<f64>> {
        let (label_of, n_labels) = self.encode(labels)?;
        self.lisi_of_codes(&label_of, n_labels)
    }

    /// iLISI, how well batches are mixed: `(median_i LISI_i - 1) / (B - 1)` for `B` batches, from
    /// 0 (separate) to 1 (mixed in equal shares).
    ///
    /// The batches mix in the shares that they have around a cell, so unequal batches stay below 1
    /// (Korsunsky et al. 2019; scaled as Luecken et al. 2022, by scib-metrics).
    ///
    /// # Errors
    /// Those of [`lisi`](Self::lisi); [`MetricsError::SingleGroup`] for a single batch.
    pub fn ilisi<B: Ord>(&self, batches: &[B]) -> Result<f64> {
        let (median, n_batches) = self.median_lisi(batches)?;
        Ok(((median - 1.0) / (n_batches - 1.0)).clamp(0.0, 1.0))
    }

    /// cLISI, how well types are apart: `(L - median_i LISI_i) / (L - 1)` for `L` labels, from 0
    /// (mixed) to 1 (separate).
    ///
    /// Sources as for [`ilisi`](Self::ilisi).
    ///
    /// # Errors
    /// Those of [`lisi`](Self::lisi); [`MetricsError::SingleGroup`] for a single label.
    pub fn clisi<T: Ord>(&self, labels: &[T]) -> Result<f64> {
        let (median, n_labels) = self.median_lisi(labels)?;
        Ok(((n_labels - median) / (n_labels - 1.0)).clamp(0.0, 1.0))
    }

    /// Median of LISI over the cells, and the number of labels, at least 2.
    fn median_lisi<T: Ord>(&self, labels: &[T]) -> Result<(f64, f64)> {
        let (label_of, n_labels) = self.encode(labels)?;
        if n_labels < 2 {
            return Err(MetricsError::SingleGroup { n_cells: self.n_cells() });
        }
        let mut lisi = self.lisi_of_codes(&label_of, n_labels)?;
        lisi.sort_unstable_by(f64::total_cmp);
        let median = f64::midpoint(lisi[(lisi.len() - 1) / 2], lisi[lisi.len() / 2]);
        Ok((median, n_labels as f64))
    }

    fn lisi_of_codes(&self, label_of: &[usize], n_labels: usize) -> Result<Vec<f64>> {
        self.check_count(LEAST_NEIGHBORS)?;
        let entropy = (((self.k() + 1) / 3) as f64).ln();
        let cells = (0..self.n_cells()).into_par_iter();
        let lisi = cells.map_init(
            || LabelTotals::new(n_labels),
            |totals, cell| {
                let weights = weights(self.distances(cell), entropy);
                let labels = self.neighbors(cell).iter().map(|&j| label_of[j as usize]);
                let totals = totals.of(labels.zip(weights.iter().copied()));
                // The weights are not scaled to sum to 1, so one label alone gives exactly 1.
                let sum: f64 = totals.iter().map(|(_, total)| total).sum();
                sum * sum / totals.iter().map(|(_, total)| total * total).sum::<f64>()
            },
        );
        Ok(lisi.collect())
    }
}

/// Weights of neighbours at these distances, which rise: `exp(-b (d - d_0))`, of this entropy.
///
/// The rate starts at 1, is doubled or halved until the entropy is crossed, and is bisected then.
fn weights(distances: &[f32], entropy: f64) -> Vec<f64> {
    // Only differences count, and without the nearest distance no sum of weights is 0.
    let excess: Vec<f64> =
        distances.iter().map(|&d| f64::from(d) - f64::from(distances[0])).collect();
    let (mut low, mut rate, mut high) = (0.0, 1.0, f64::INFINITY);
    let (mut weights, mut found) = weights_at(rate, &excess);
    for _ in 0..STEPS {
        if (found - entropy).abs() < TOLERANCE {
            break;
        }
        if found > entropy {
            low = rate;
        } else {
            high = rate;
        }
        rate = if high == f64::INFINITY { 2.0 * rate } else { f64::midpoint(low, high) };
        (weights, found) = weights_at(rate, &excess);
    }
    weights
}

/// Weights at a rate, and their entropy in nats once they are scaled to sum to 1.
fn weights_at(rate: f64, excess: &[f64]) -> (Vec<f64>, f64) {
    let weights: Vec<f64> = excess.iter().map(|d| (-rate * d).exp()).collect();
    let sum: f64 = weights.iter().sum();
    let mean = weights.iter().zip(excess).map(|(w, d)| w * d).sum::<f64>() / sum;
    (weights, sum.ln() + rate * mean)
}
