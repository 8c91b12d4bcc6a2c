//! Flavour `cell_ranger`: dispersion relative to the median and MAD of its percentile bin of the
//! mean (Zheng et al., Nat. Commun. 2017).

use super::dispersion::{bins, dispersions, normalize_in_bins, reaching_the_top};
use super::{HighlyVariable, HvgParams};
use crate::normalize::median;
use crate::rows::Moments;

/// The 75% point of the standard normal: a MAD over this estimates a standard deviation.
const MAD_TO_SD: f64 = 0.674_489_750_196_081_7;

/// Selects from the moments of the log expression.
pub(super) fn select(m: &Moments, params: &HvgParams) -> HighlyVariable {
    let (means, spread) = dispersions(m);
    let edges = edges(&means);
    let bin = bins(&means, &edges);
    let score = normalize_in_bins(&spread, &bin, edges.len() - 1, median_and_mad);
    let selected = reaching_the_top(&score, params.n_top_genes.min(score.len()));
    HighlyVariable { selected, means, spread, score }
}

/// The 10th, 15th, ... 100th percentile between infinities. Equal percentiles (few genes, many
/// ties) are merged.
fn edges(means: &[f64]) -> Vec<f64> {
    let mut sorted = means.to_vec();
    sorted.sort_by(f64::total_cmp);
    let mut edges = vec![f64::NEG_INFINITY];
    edges.extend((2..=20).filter_map(|i| percentile(&sorted, f64::from(i * 5) / 100.0)));
    edges.push(f64::INFINITY);
    edges.dedup();
    edges
}

/// A percentile, by linear interpolation between the order statistics.
fn percentile(sorted: &[f64], q: f64) -> Option<f64> {
    let at = q * sorted.len().checked_sub(1)? as f64;
    let (low, t) = (at.floor() as usize, at.fract());
    let (a, b) = (sorted[low], sorted[(low + 1).min(sorted.len() - 1)]);
    Some(if t < 0.5 { a + (b - a) * t } else { b - (b - a) * (1.0 - t) })
}

/// Median of a bin, and the standard deviation that its MAD estimates; NaN for an empty bin.
fn median_and_mad(values: Vec<f64>) -> (f64, f64) {
    let Some(centre) = median(values.clone()) else { return (f64::NAN, f64::NAN) };
    let mad = median(values.iter().map(|v| (v - centre).abs()).collect());
    (centre, mad.unwrap_or(f64::NAN) / MAD_TO_SD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_interpolate() {
        let sorted = [1.0, 2.0, 4.0];
        assert_eq!(percentile(&sorted, 0.5), Some(2.0));
        assert_eq!(percentile(&sorted, 0.75), Some(3.0));
        assert_eq!(percentile(&sorted, 1.0), Some(4.0));
        assert_eq!(percentile(&[], 0.5), None);
    }

    #[test]
    fn the_mad_of_a_known_sample() {
        let (centre, width) = median_and_mad(vec![1.0, 2.0, 3.0, 4.0, 100.0]);
        assert_eq!(centre, 3.0);
        assert!((width - 1.482_602_218_505_602).abs() < 1e-12);
    }

    #[test]
    fn tied_means_do_not_break_the_bins() {
        let m = Moments { mean: vec![1.0; 6], var: vec![1., 2., 3., 4., 5., 60.] };
        let params = HvgParams { n_top_genes: 1, ..Default::default() };
        assert_eq!(select(&m, &params).selected, [5]);
    }
}
