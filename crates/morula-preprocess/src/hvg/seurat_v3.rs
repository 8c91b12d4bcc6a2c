//! Flavour `seurat_v3`: variance of clipped z-scores. The expected variance comes from a loess of
//! log variance on log mean (Stuart et al., Cell 2019).

use super::loess::loess;
use crate::rows::{Moments, Rows, column_sums};

/// Normalised variance of every gene of a count matrix.
///
/// `sum_i (c_ij - mean_j)^2 / ((n - 1) sd_j^2)`, with the expected standard deviation `sd_j` and
/// counts clipped at `mean_j + sd_j sqrt(n)`. 0 for a constant gene.
pub(super) fn normalized_variances<R: Rows>(counts: &R, m: &Moments, span: f64) -> Vec<f64> {
    let n = counts.n_rows() as f64;
    let varying: Vec<usize> = (0..m.var.len()).filter(|&j| m.var[j] > 0.0).collect();
    let logs = |v: &[f64]| -> Vec<f64> { varying.iter().map(|&j| v[j].log10()).collect() };
    let fitted = loess(&logs(&m.mean), &logs(&m.var), span);
    let mut sd = vec![1.0; m.var.len()];
    for (&j, log_var) in varying.iter().zip(fitted) {
        sd[j] = 10f64.powf(log_var).sqrt();
    }
    let limit: Vec<f64> = sd.iter().zip(&m.mean).map(|(s, m)| s * n.sqrt() + m).collect();
    let sums = column_sums(counts, |_, j, v| {
        let v = f64::from(v).min(limit[j]);
        [v * v, v]
    });
    (0..sd.len())
        .map(|j| {
            let ([squares, sum], mean) = (sums[j], m.mean[j]);
            let centred = n * mean * mean + squares - 2.0 * sum * mean;
            if m.var[j] > 0.0 { centred / ((n - 1.0) * sd[j] * sd[j]) } else { 0.0 }
        })
        .collect()
}
