//! Flavour `pearson_residuals`: variance of the analytic Pearson residuals of a
//! negative binomial with one dispersion (Lause, Berens and Kobak, Genome Biol. 2021).

use crate::rows::{Rows, column_sums, row_sums};
use rayon::prelude::*;

/// Residual variance of every gene of a count matrix; 0 for a gene without counts.
///
/// `mu_ij = total_i total_j / total`, `r_ij = (c_ij - mu_ij) / sqrt(mu_ij + mu_ij^2 / theta)`,
/// clipped to `+- clip`, `sqrt(n)` by default.
pub(super) fn residual_variances<R: Rows>(counts: &R, theta: f64, clip: Option<f64>) -> Vec<f64> {
    let n = counts.n_rows() as f64;
    let clip = clip.unwrap_or(n.sqrt());
    let cells = row_sums(counts, f64::from);
    let genes: Vec<f64> =
        column_sums(counts, |_, _, v| [f64::from(v)]).into_iter().map(|[s]| s).collect();
    let total: f64 = genes.iter().sum();
    let residual = |count: f64, mu: f64| {
        let r = (count - mu) / (mu + mu * mu / theta).sqrt();
        r.clamp(-clip, clip)
    };
    // The residual of a zero depends on mu alone. First all cells are treated as zeros; then the
    // cells with counts are corrected.
    let counted: Vec<f64> = cells.iter().copied().filter(|c| *c > 0.0).collect();
    let zeros: Vec<[f64; 2]> =
        genes.par_iter().map(|gene| zero_sums(&counted, gene / total, theta, clip)).collect();
    let corrections = column_sums(counts, |i, j, v| {
        let mu = genes[j] * cells[i] / total;
        if v == 0.0 || mu == 0.0 {
            return [0.0, 0.0];
        }
        let (counted, zero) = (residual(f64::from(v), mu), residual(0.0, mu));
        [counted - zero, counted * counted - zero * zero]
    });
    (zeros.iter().zip(&corrections).zip(&genes))
        .map(|((z, c), gene)| {
            let (mean, square) = ((z[0] + c[0]) / n, (z[1] + c[1]) / n);
            if *gene > 0.0 { (square - mean * mean).max(0.0) } else { 0.0 }
        })
        .collect()
}

/// Sums of residuals and of their squares for a gene without counts.
///
/// The sums run in parallel lanes, because a single running sum would stall the processor.
fn zero_sums(cells: &[f64], share: f64, theta: f64, clip: f64) -> [f64; 2] {
    const LANES: usize = 8;
    let limit = clip * clip;
    let square = |cell: f64| {
        let mu = share * cell;
        (mu / (1.0 + mu / theta)).min(limit)
    };
    let (mut sums, mut squares) = ([0.0; LANES], [0.0; LANES]);
    let chunks = cells.chunks_exact(LANES);
    let rest = chunks.remainder();
    for chunk in chunks {
        for lane in 0..LANES {
            let r2 = square(chunk[lane]);
            sums[lane] -= r2.sqrt();
            squares[lane] += r2;
        }
    }
    for &cell in rest {
        let r2 = square(cell);
        sums[0] -= r2.sqrt();
        squares[0] += r2;
    }
    [sums.iter().sum(), squares.iter().sum()]
}
