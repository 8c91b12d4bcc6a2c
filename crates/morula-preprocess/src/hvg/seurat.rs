//! Flavour `seurat`: log dispersion, z-scored in equal-width bins of the log mean
//! (Satija et al., Nat. Biotechnol. 2015).

use super::dispersion::{bins, dispersions, normalize_in_bins, reaching_the_top};
use super::{HighlyVariable, HvgParams};
use crate::rows::Moments;

/// Distance of the first bin's edge below the lowest mean, as a share of the range.
const LOWEST_BIN_MARGIN: f64 = 1e-3;

/// Selects from the moments of the normalised (not log) expression.
pub(super) fn select(m: &Moments, params: &HvgParams) -> HighlyVariable {
    let (mean, dispersion) = dispersions(m);
    let means: Vec<f64> = mean.iter().map(|m| m.ln_1p()).collect();
    let spread: Vec<f64> =
        dispersion.iter().map(|&d| if d == 0.0 { f64::NAN } else { d.ln() }).collect();
    let bin = bins(&means, &edges(&means, params.n_bins));
    let score = normalize_in_bins(&spread, &bin, params.n_bins, mean_and_sd);
    let selected = reaching_the_top(&score, params.n_top_genes.min(score.len()));
    HighlyVariable { selected, means, spread, score }
}

/// `n + 1` equally spaced edges around the values.
fn edges(values: &[f64], n: usize) -> Vec<f64> {
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for &v in values {
        (low, high) = (low.min(v), high.max(v));
    }
    let range = high - low;
    if range == 0.0 {
        let margin = if low == 0.0 { LOWEST_BIN_MARGIN } else { LOWEST_BIN_MARGIN * low.abs() };
        (low, high) = (low - margin, high + margin);
    }
    let step = (high - low) / n as f64;
    let mut edges: Vec<f64> = (0..=n).map(|i| i as f64 * step + low).collect();
    edges[n] = high;
    if range > 0.0 {
        edges[0] -= range * LOWEST_BIN_MARGIN;
    }
    edges
}

/// Mean and standard deviation of a bin. A bin of one gene gives this gene the score 1.
fn mean_and_sd(values: Vec<f64>) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    if values.len() < 2 {
        return (0.0, mean);
    }
    let ss: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
    (mean, (ss / (n - 1.0)).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gene_alone_in_its_bin_scores_one() {
        let m = Moments { mean: vec![1.0, 1.1, 50.0], var: vec![1.0, 2.0, 9.0] };
        let h = select(&m, &HvgParams::default());
        assert!((h.score[2] - 1.0).abs() < 1e-12);
    }

    #[test]
    fn constant_and_unseen_genes_are_left_out() {
        let m = Moments { mean: vec![1.0, 1.0, 0.0, 1.0], var: vec![1.0, 0.0, 0.0, 3.0] };
        let h = select(&m, &HvgParams::default());
        assert!(h.score[1].is_nan() && h.score[2].is_nan());
        assert_eq!(h.selected, [0, 3]);
    }

    #[test]
    fn equal_means_share_the_bins() {
        let m = Moments { mean: vec![2.0; 4], var: vec![1.0, 2.0, 4.0, 8.0] };
        let params = HvgParams { n_top_genes: 1, ..Default::default() };
        assert_eq!(select(&m, &params).selected, [3]);
    }
}
