//! Shared code of the two dispersion flavours.

use crate::rows::Moments;

/// Replaces a mean of zero, so that the dispersion of a gene without counts is 0 and not NaN.
const TINY_MEAN: f64 = 1e-12;

/// Means without zeros and the dispersions var / mean.
pub(super) fn dispersions(m: &Moments) -> (Vec<f64>, Vec<f64>) {
    let mean: Vec<f64> = m.mean.iter().map(|&m| if m == 0.0 { TINY_MEAN } else { m }).collect();
    let dispersion = m.var.iter().zip(&mean).map(|(v, m)| v / m).collect();
    (mean, dispersion)
}

/// Bin of every value: `i` where `edges[i] < value <= edges[i + 1]`, `edges` ascending.
pub(super) fn bins(values: &[f64], edges: &[f64]) -> Vec<usize> {
    let last = edges.len().saturating_sub(2);
    let bin = |&v: &f64| edges.partition_point(|&e| e < v).saturating_sub(1).min(last);
    values.iter().map(bin).collect()
}

/// `(value - centre) / width`. `stats` computes the centre and width of every bin from the bin's
/// values that are not NaN.
pub(super) fn normalize_in_bins(
    values: &[f64],
    bin: &[usize],
    n_bins: usize,
    stats: impl Fn(Vec<f64>) -> (f64, f64),
) -> Vec<f64> {
    let mut members = vec![Vec::new(); n_bins];
    for (&v, &b) in values.iter().zip(bin).filter(|(v, _)| !v.is_nan()) {
        members[b].push(v);
    }
    let stats: Vec<_> = members.into_iter().map(stats).collect();
    values.iter().zip(bin).map(|(v, &b)| (v - stats[b].0) / stats[b].1).collect()
}

/// Positions whose score reaches the `n`-th highest. NaN never does.
pub(super) fn reaching_the_top(score: &[f64], n: usize) -> Vec<usize> {
    let mut sorted: Vec<f64> = score.iter().copied().filter(|s| !s.is_nan()).collect();
    if sorted.is_empty() || n == 0 {
        return Vec::new();
    }
    let last = n.min(sorted.len()) - 1;
    let cutoff = *sorted.select_nth_unstable_by(last, |a, b| b.total_cmp(a)).1;
    (0..score.len()).filter(|&j| score[j] >= cutoff).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_are_open_below_and_closed_above() {
        assert_eq!(bins(&[0.5, 1.0, 1.5, 2.0], &[0.0, 1.0, 2.0]), [0, 0, 1, 1]);
    }

    #[test]
    fn ties_with_the_last_are_taken_and_nan_never() {
        let score = [3.0, f64::NAN, 1.0, 2.0, 2.0];
        assert_eq!(reaching_the_top(&score, 2), [0, 3, 4]);
        assert_eq!(reaching_the_top(&score, 99), [0, 2, 3, 4]);
        assert!(reaching_the_top(&[f64::NAN], 1).is_empty());
    }
}
