//! p-values of rank sums.

use std::f64::consts::FRAC_1_SQRT_2;

/// `z` of a rank sum `w` of `n` among `total` cells; 0 if nothing varies.
///
/// `z = (w - n (N + 1) / 2) / sqrt(c n (N - n) (N + 1) / 12)`, `c = 1 - ties / (N^3 - N)`, without
/// a continuity correction.
pub(super) fn z_score(w: f64, n: usize, total: usize, ties: Option<f64>) -> f64 {
    let (n, all) = (n as f64, total as f64);
    let c = match ties {
        Some(ties) if total >= 2 => 1.0 - ties / (all * all * all - all),
        _ => 1.0,
    };
    let sd = (c * n * (all - n) * (all + 1.0) / 12.0).sqrt();
    let z = (w - n * (all + 1.0) / 2.0) / sd;
    if z.is_finite() { z } else { 0.0 }
}

/// `2 P(Z > |z|)` of a standard normal.
pub(super) fn two_sided(z: f64) -> f64 {
    libm::erfc(z.abs() * FRAC_1_SQRT_2)
}

/// Benjamini and Hochberg (1995): `min over j >= i of p_(j) m / j`, at most 1.
pub(crate) fn benjamini_hochberg(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_unstable_by(|&a, &b| p[a].total_cmp(&p[b]));
    let m = p.len() as f64;
    let (mut adjusted, mut least) = (vec![0.0; p.len()], 1f64);
    for (j, &i) in order.iter().enumerate().rev() {
        // Divided by the share j / m, to round as statsmodels does.
        least = least.min(p[i] / ((j + 1) as f64 / m));
        adjusted[i] = least;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R 4: `p.adjust(c(0.01, 0.04, 0.03, 0.2, 0.9), "BH")`; the same by hand.
    #[test]
    fn rates_of_false_discovery() {
        let adjusted = benjamini_hochberg(&[0.01, 0.04, 0.03, 0.2, 0.9]);
        let want = [0.05, 0.2 / 3.0, 0.2 / 3.0, 0.25, 0.9];
        for (a, w) in adjusted.iter().zip(want) {
            approx::assert_relative_eq!(*a, w, max_relative = 1e-14);
        }
        assert!(benjamini_hochberg(&[]).is_empty());
        assert_eq!(benjamini_hochberg(&[1.0, 1.0]), [1.0, 1.0]);
    }

    /// scipy 1.15: `2 * norm.sf([0, 1, 5, 20, 37])`.
    #[test]
    fn tails_of_the_normal() {
        let want = [1.0, 0.31731050786291415, 5.733031437583867e-07, 5.507248237212467e-89];
        for (z, w) in [0.0, -1.0, 5.0, 20.0].into_iter().zip(want) {
            approx::assert_relative_eq!(two_sided(z), w, max_relative = 1e-12);
        }
        assert_eq!(two_sided(60.0), 0.0);
    }

    #[test]
    fn nothing_varies() {
        assert_eq!(z_score(3.0, 1, 5, Some(120.0)), 0.0);
        assert_eq!(z_score(1.0, 1, 1, Some(0.0)), 0.0);
        assert_eq!(z_score(1.0, 0, 0, None), 0.0);
    }
}
