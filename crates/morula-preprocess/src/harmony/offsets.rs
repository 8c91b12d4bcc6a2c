//! Offsets of the batches within a cluster.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Means of soft clusters, and offsets of the batches from them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Offsets {
    /// Intercepts `m_k`, row-major `K x d`.
    means: Vec<f32>,
    /// `w_kb`, row-major `(K x B) x d`.
    offsets: Vec<f32>,
    n_batches: usize,
    lambda: f64,
}

impl Offsets {
    /// Ridge regression of `x`, within every soft cluster, on an intercept (without penalty) and
    /// the batches.
    ///
    /// With `n_b` and `s_b` the sums of the weights and of the weighted rows of a batch, the
    /// minimum of `sum_i r_i |x_i - m - w_b(i)|^2 + lambda sum_b |w_b|^2` is at
    ///
    /// `m = sum_b s_b / (n_b + lambda) / sum_b n_b / (n_b + lambda)`,
    /// `w_b = (s_b - n_b m) / (n_b + lambda)`.
    pub fn fit(
        x: &[f32],
        n_dims: usize,
        (batches, n_batches): (&[usize], usize),
        memberships: &[f32],
        lambda: f64,
    ) -> Self {
        let n_clusters = memberships.len() / batches.len().max(1);
        let of = |k: usize| {
            let column = memberships.iter().skip(k).step_by(n_clusters);
            let (weights, sums) = totals(x, n_dims, (batches, n_batches), column);
            let total: f64 = weights.iter().map(|n| n / (n + lambda)).sum();
            let mut mean = vec![0.0; n_dims];
            for (sum, n) in sums.chunks_exact(n_dims).zip(&weights) {
                mean.iter_mut().zip(sum).for_each(|(m, s)| *m += s / (n + lambda) / total);
            }
            let offsets = from_mean(&weights, &sums, &mean, lambda);
            (rounded(mean), offsets)
        };
        let (means, offsets): (Vec<_>, Vec<_>) = (0..n_clusters).into_par_iter().map(of).unzip();
        Self { means: means.concat(), offsets: offsets.concat(), n_batches, lambda }
    }

    /// Offsets of new batches from the means of the fit, `(K x new) x d`. Batch b is at
    /// `b - n_batches`.
    pub fn of_new(
        &self,
        x: &[f32],
        n_dims: usize,
        (batches, n_new): (&[usize], usize),
        memberships: &[f32],
    ) -> Vec<f32> {
        if n_new == 0 {
            return Vec::new();
        }
        let n_clusters = self.means.len() / n_dims;
        let of = |k: usize| {
            let column = memberships.iter().skip(k).step_by(n_clusters);
            let all = self.n_batches + n_new;
            let (weights, sums) = totals(x, n_dims, (batches, all), column);
            let mean = self.means[k * n_dims..][..n_dims].iter().map(|&m| f64::from(m));
            let mean: Vec<f64> = mean.collect();
            let new = self.n_batches;
            from_mean(&weights[new..], &sums[new * n_dims..], &mean, self.lambda)
        };
        (0..n_clusters).into_par_iter().flat_map_iter(of).collect()
    }

    /// `x_i - sum_k r_ik w_{k b(i)}`, with the offsets of new batches.
    pub fn subtract(
        &self,
        x: &[f32],
        n_dims: usize,
        (batches, new): (&[usize], &[f32]),
        memberships: &[f32],
    ) -> Vec<f32> {
        let mut corrected = x.to_vec();
        let n_clusters = self.means.len() / n_dims;
        if n_clusters == 0 {
            return corrected;
        }
        let n_new = new.len() / self.means.len();
        let offset = |k: usize, batch: usize| match batch.checked_sub(self.n_batches) {
            None => &self.offsets[(k * self.n_batches + batch) * n_dims..][..n_dims],
            Some(batch) => &new[(k * n_new + batch) * n_dims..][..n_dims],
        };
        let rows = corrected.par_chunks_exact_mut(n_dims);
        rows.zip(memberships.par_chunks_exact(n_clusters)).zip(batches).for_each(
            |((row, r), &batch)| {
                for (k, &r) in r.iter().enumerate() {
                    let w = offset(k, batch);
                    row.iter_mut().zip(w).for_each(|(v, w)| *v -= r * w);
                }
            },
        );
        corrected
    }

    /// Whether the sizes agree.
    pub fn fits(&self, n_clusters: usize, n_dims: usize, n_batches: usize) -> bool {
        let Self { means, offsets, lambda, .. } = self;
        self.n_batches == n_batches
            && *lambda >= 0.0
            && n_clusters.checked_mul(n_dims) == Some(means.len())
            && means.len().checked_mul(n_batches) == Some(offsets.len())
    }
}

/// Sums of the weights and of the weighted rows of every batch.
fn totals<'a>(
    x: &[f32],
    n_dims: usize,
    (batches, n_batches): (&[usize], usize),
    weights: impl Iterator<Item = &'a f32>,
) -> (Vec<f64>, Vec<f64>) {
    let mut totals = vec![0.0; n_batches];
    let mut sums = vec![0.0; n_batches * n_dims];
    for ((row, &batch), &r) in x.chunks_exact(n_dims).zip(batches).zip(weights) {
        let r = f64::from(r);
        totals[batch] += r;
        let sum = &mut sums[batch * n_dims..][..n_dims];
        sum.iter_mut().zip(row).for_each(|(s, &v)| *s += r * f64::from(v));
    }
    (totals, sums)
}

/// `(s_b - n_b m) / (n_b + lambda)` of every batch.
fn from_mean(weights: &[f64], sums: &[f64], mean: &[f64], lambda: f64) -> Vec<f32> {
    let batches = sums.chunks_exact(mean.len()).zip(weights);
    let offset = |(sum, n): (&[f64], &f64)| {
        let pairs = sum.iter().zip(mean);
        rounded(pairs.map(|(s, m)| (s - n * m) / (n + lambda)).collect())
    };
    batches.flat_map(offset).collect()
}

/// Rounds to single precision. An empty cluster has the value 0, so it shifts no cell.
fn rounded(values: Vec<f64>) -> Vec<f32> {
    values.into_iter().map(|w| if w.is_finite() { w as f32 } else { 0.0 }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    /// The gradient of the ridge regression is 0 at its minimum. This checks every offset, and the
    /// intercept through them: `lambda sum_b w_b = 0`, as the residuals of all cells sum to 0.
    #[test]
    fn offsets_solve_the_ridge_regression() {
        let (n, d, k, lambda) = (40, 3, 2, 0.7);
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let x: Vec<f32> = (0..n * d).map(|_| rng.random_range(-2.0..2.0)).collect();
        let batches: Vec<usize> = (0..n).map(|i| if i < 25 { 0 } else { 1 + i % 2 }).collect();
        let r: Vec<f32> = (0..n * k).map(|_| rng.random_range(0.0..1.0)).collect();
        let fitted = Offsets::fit(&x, d, (&batches, 3), &r, lambda);
        assert!(fitted.fits(k, d, 3) && !fitted.fits(k, d, 2) && !fitted.fits(k, d + 1, 3));
        let offsets = &fitted.offsets;
        for cluster in 0..k {
            for dim in 0..d {
                let w = |b: usize| f64::from(offsets[(cluster * 3 + b) * d + dim]);
                let weight = |i: usize| f64::from(r[i * k + cluster]);
                let value = |i: usize| f64::from(x[i * d + dim]);
                assert!((0..3).map(w).sum::<f64>().abs() < 1e-5);
                let all: f64 = (0..n).map(weight).sum();
                let residual = |i: usize| value(i) - w(batches[i]);
                let mean = (0..n).map(|i| weight(i) * residual(i)).sum::<f64>() / all;
                assert!((mean - f64::from(fitted.means[cluster * d + dim])).abs() < 1e-5);
                for b in 0..3 {
                    let of_batch = (0..n).filter(|&i| batches[i] == b);
                    let fit: f64 = of_batch.map(|i| weight(i) * (residual(i) - mean)).sum();
                    assert!((fit - lambda * w(b)).abs() < 1e-4, "{fit} {}", lambda * w(b));
                }
            }
        }
    }

    #[test]
    fn a_batch_alone_and_a_cluster_without_cells_shift_nothing() {
        let x = [5.0, 6.0, 7.0];
        let alone = Offsets::fit(&x, 1, (&[0, 0, 0], 1), &[1.0; 3], 1.0);
        assert!(alone.offsets[0].abs() < 1e-6 && alone.means == [6.0], "{alone:?}");
        let empty = Offsets::fit(&x, 1, (&[0, 1, 1], 2), &[0.0; 3], 0.0);
        assert_eq!((empty.offsets, empty.means), (vec![0.0, 0.0], vec![0.0]));
    }

    #[test]
    fn offsets_are_taken_off_by_membership() {
        let offsets = Offsets {
            means: vec![0.0; 2],
            offsets: vec![1., 2., 3., 4.],
            n_batches: 2,
            lambda: 1.0,
        };
        let (x, batches) = ([1.0, 1.0, 5.0], [0, 1, 2]);
        let r = [0.5, 0.5, 1.0, 0.0, 1.0, 0.0];
        let new = offsets.of_new(&x, 1, (&batches, 1), &r);
        // One cell of weight 1 at 5, from a mean of 0 and with a penalty of 1.
        assert_eq!(new, [2.5, 0.0]);
        let corrected = offsets.subtract(&x, 1, (&batches, &new), &r);
        assert_eq!(corrected, [1.0 - 0.5 - 1.5, 1.0 - 2.0, 2.5]);
    }
}
