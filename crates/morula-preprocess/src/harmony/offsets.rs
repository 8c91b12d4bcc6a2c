//! What sets the cells of a batch apart within a cluster.

use rayon::prelude::*;

/// Ridge regression of `x` on an intercept, which is not penalised, and the batches, within every
/// soft cluster: `w_kb`, row-major `(K x B) x d`.
///
/// With `n_b` and `s_b` the sums of the weights and of the weighted rows of a batch, the minimum of
/// `sum_i r_i |x_i - m - w_b(i)|^2 + lambda sum_b |w_b|^2` is at
///
/// `m = sum_b s_b / (n_b + lambda) / sum_b n_b / (n_b + lambda)`,
/// `w_b = (s_b - n_b m) / (n_b + lambda)`.
pub(super) fn fit(
    x: &[f32],
    n_dims: usize,
    batches: &[usize],
    n_batches: usize,
    memberships: &[f32],
    lambda: f64,
) -> Vec<f32> {
    let n_clusters = memberships.len() / batches.len().max(1);
    let of = |k: usize| {
        let mut weights = vec![0.0; n_batches];
        let mut sums = vec![0.0; n_batches * n_dims];
        let column = memberships.iter().skip(k).step_by(n_clusters);
        for ((row, &batch), &r) in x.chunks_exact(n_dims).zip(batches).zip(column) {
            let r = f64::from(r);
            weights[batch] += r;
            let sum = &mut sums[batch * n_dims..][..n_dims];
            sum.iter_mut().zip(row).for_each(|(s, &v)| *s += r * f64::from(v));
        }
        one_cluster(&weights, sums, lambda)
    };
    (0..n_clusters).into_par_iter().flat_map_iter(of).collect()
}

fn one_cluster(weights: &[f64], mut sums: Vec<f64>, lambda: f64) -> Vec<f32> {
    let d = sums.len() / weights.len().max(1);
    let total: f64 = weights.iter().map(|n| n / (n + lambda)).sum();
    let mut mean = vec![0.0; d];
    for (sum, n) in sums.chunks_exact(d.max(1)).zip(weights) {
        mean.iter_mut().zip(sum).for_each(|(m, s)| *m += s / (n + lambda) / total);
    }
    for (sum, n) in sums.chunks_exact_mut(d.max(1)).zip(weights) {
        sum.iter_mut().zip(&mean).for_each(|(s, m)| *s = (*s - n * m) / (n + lambda));
    }
    // A cluster that holds no cell at all shifts none.
    sums.into_iter().map(|w| if w.is_finite() { w as f32 } else { 0.0 }).collect()
}

/// `x_i - sum_k r_ik w_{k b(i)}`.
pub(super) fn subtract(
    x: &[f32],
    n_dims: usize,
    batches: &[usize],
    memberships: &[f32],
    offsets: &[f32],
) -> Vec<f32> {
    let n_clusters = memberships.len() / batches.len().max(1);
    let per_cluster = offsets.len() / n_clusters.max(1);
    let mut corrected = x.to_vec();
    if offsets.is_empty() || memberships.is_empty() {
        return corrected;
    }
    let rows = corrected.par_chunks_exact_mut(n_dims).zip(memberships.par_chunks_exact(n_clusters));
    rows.zip(batches).for_each(|((row, r), &batch)| {
        for (w, &r) in offsets.chunks_exact(per_cluster).zip(r) {
            let w = &w[batch * n_dims..][..n_dims];
            row.iter_mut().zip(w).for_each(|(v, w)| *v -= r * w);
        }
    });
    corrected
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    /// At the minimum of the ridge regression its gradient is 0: checked for every offset, and the
    /// intercept by way of them (`lambda sum_b w_b = 0`, as the residuals of all cells sum to 0).
    #[test]
    fn offsets_solve_the_ridge_regression() {
        let (n, d, k, lambda) = (40, 3, 2, 0.7);
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let x: Vec<f32> = (0..n * d).map(|_| rng.random_range(-2.0..2.0)).collect();
        let batches: Vec<usize> = (0..n).map(|i| if i < 25 { 0 } else { 1 + i % 2 }).collect();
        let r: Vec<f32> = (0..n * k).map(|_| rng.random_range(0.0..1.0)).collect();
        let offsets = fit(&x, d, &batches, 3, &r, lambda);
        assert_eq!(offsets.len(), k * 3 * d);
        for cluster in 0..k {
            for dim in 0..d {
                let w = |b: usize| f64::from(offsets[(cluster * 3 + b) * d + dim]);
                let weight = |i: usize| f64::from(r[i * k + cluster]);
                let value = |i: usize| f64::from(x[i * d + dim]);
                assert!((0..3).map(w).sum::<f64>().abs() < 1e-5);
                let all: f64 = (0..n).map(weight).sum();
                let residual = |i: usize| value(i) - w(batches[i]);
                let mean = (0..n).map(|i| weight(i) * residual(i)).sum::<f64>() / all;
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
        let alone = fit(&x, 1, &[0, 0, 0], 1, &[1.0; 3], 1.0);
        assert!(alone[0].abs() < 1e-6, "{alone:?}");
        let empty = fit(&x, 1, &[0, 1, 1], 2, &[0.0; 3], 0.0);
        assert_eq!(empty, [0.0, 0.0]);
    }

    #[test]
    fn offsets_are_taken_off_by_membership() {
        let corrected = subtract(&[1.0, 1.0], 1, &[0, 1], &[0.5, 0.5, 1.0, 0.0], &[1., 2., 3., 4.]);
        assert_eq!(corrected, [1.0 - 0.5 - 1.5, 1.0 - 2.0]);
    }
}
