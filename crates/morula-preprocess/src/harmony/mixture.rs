//! Soft clusters of directions in which every batch is represented.

use super::{dot, to_unit};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Rows per partial sum: a constant, so that the number of threads does not change the sums.
const CHUNK: usize = 4096;

/// Soft clusters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Mixture {
    /// Unit vectors, row-major `K x d`.
    centroids: Vec<f32>,
    /// `((E_kb + 1) / (O_kb + 1))^theta`, row-major `K x B`.
    shares: Vec<f32>,
    n_clusters: usize,
    sigma: f32,
}

impl Mixture {
    pub fn new(centroids: Vec<f32>, shares: Vec<f32>, n_clusters: usize, sigma: f64) -> Self {
        Self { centroids, shares, n_clusters, sigma: sigma as f32 }
    }

    pub fn n_clusters(&self) -> usize {
        self.n_clusters
    }

    /// Whether the sizes agree.
    pub fn fits(&self, n_dims: usize, n_batches: usize) -> bool {
        let Self { centroids, shares, n_clusters, sigma } = self;
        *n_clusters > 0
            && sigma.is_finite()
            && *sigma > 0.0
            && n_clusters.checked_mul(n_dims) == Some(centroids.len())
            && n_clusters.checked_mul(n_batches) == Some(shares.len())
    }

    /// Similarity of every direction and every centroid, `exp(-2 (1 - y_k . u_i) / sigma)` relative
    /// to the nearest centroid, row-major `n x K`.
    pub fn nearness(&self, unit: &[f32]) -> Vec<f32> {
        let k = self.n_clusters;
        let d = self.centroids.len() / k;
        let mut near = vec![0.0; unit.len() / d * k];
        near.par_chunks_exact_mut(k).zip(unit.par_chunks_exact(d)).for_each(|(row, u)| {
            for (v, y) in row.iter_mut().zip(self.centroids.chunks_exact(d)) {
                *v = dot(u, y);
            }
            let most = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            row.iter_mut().for_each(|v| *v = (2.0 * (*v - most) / self.sigma).exp());
        });
        near
    }

    /// Memberships `r_ik` of one cell, from its similarities and its batch (ignored if it is new).
    pub fn membership(&self, near: &[f32], batch: usize, membership: &mut [f32]) {
        let n_batches = self.shares.len() / self.n_clusters;
        membership.copy_from_slice(near);
        if batch < n_batches {
            let shares = self.shares.iter().skip(batch).step_by(n_batches);
            membership.iter_mut().zip(shares).for_each(|(r, share)| *r *= share);
        }
        let total: f32 = membership.iter().sum();
        // If all weights vanish, the memberships are uniform: shares can be very small.
        let even = 1.0 / self.n_clusters as f32;
        membership.iter_mut().for_each(|r| *r = if total > 0.0 { *r / total } else { even });
    }

    /// Memberships of all cells, row-major `n x K`.
    pub fn memberships(&self, unit: &[f32], batches: &[usize]) -> Vec<f32> {
        let near = self.nearness(unit);
        let mut all = vec![0.0; near.len()];
        let k = self.n_clusters;
        all.par_chunks_exact_mut(k)
            .zip(near.par_chunks_exact(k))
            .zip(batches)
            .for_each(|((r, near), &batch)| self.membership(near, batch, r));
        all
    }

    /// Moves every centroid to the mean direction of its cells.
    pub fn center(&mut self, unit: &[f32], memberships: &[f32]) {
        let k = self.n_clusters;
        let d = self.centroids.len() / k;
        let sums = unit.par_chunks(CHUNK * d).zip(memberships.par_chunks(CHUNK * k));
        let sums: Vec<Vec<f32>> = sums
            .map(|(unit, memberships)| {
                let mut sum = vec![0.0; k * d];
                for (u, r) in unit.chunks_exact(d).zip(memberships.chunks_exact(k)) {
                    for (sum, &r) in sum.chunks_exact_mut(d).zip(r) {
                        sum.iter_mut().zip(u).for_each(|(s, u)| *s += r * u);
                    }
                }
                sum
            })
            .collect();
        self.centroids.fill(0.0);
        for sum in sums {
            self.centroids.iter_mut().zip(sum).for_each(|(c, s)| *c += s);
        }
        self.centroids.chunks_exact_mut(d).for_each(to_unit);
    }

    /// Sets the weights of the batches in every cluster, from the cells `held[k][b]` and the share
    /// `of_all[b]` of the batch in all cells.
    pub fn balance(&mut self, held: &[f64], of_all: &[f64], theta: f64) {
        let n_batches = of_all.len();
        for (shares, held) in
            self.shares.chunks_exact_mut(n_batches).zip(held.chunks_exact(n_batches))
        {
            let total: f64 = held.iter().sum();
            for ((share, held), of_all) in shares.iter_mut().zip(held).zip(of_all) {
                // Subtraction may leave a value slightly below 0.
                let expected = (of_all * total).max(0.0);
                *share = ((expected + 1.0) / (held.max(0.0) + 1.0)).powf(theta) as f32;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memberships_fall_with_the_distance_and_with_a_full_batch() {
        let mut mixture = Mixture::new(vec![1., 0., 0., 1.], vec![1.0; 4], 2, 0.5);
        let unit = [1.0, 0.0, 0.6, 0.8];
        // 2 (1 - cos) / sigma: 0 and 4; 1.6 and 0.8.
        let rows = mixture.memberships(&unit, &[0, 1]);
        let expected = [1.0 / (1.0 + (-4f64).exp()), 1.0 / (1.0 + 0.8f64.exp())];
        assert!((f64::from(rows[0]) - expected[0]).abs() < 1e-6, "{rows:?}");
        assert!((f64::from(rows[2]) - expected[1]).abs() < 1e-6, "{rows:?}");
        // The second cluster holds 3 cells of batch 1 and none of batch 0:
        // shares (1.5 + 1) / (0 + 1) and (1.5 + 1) / (3 + 1).
        mixture.balance(&[0.0, 0.0, 0.0, 3.0], &[0.5, 0.5], 2.0);
        assert_eq!(mixture.shares, [1.0, 1.0, 6.25, 0.390_625]);
        let rows = mixture.memberships(&unit, &[0, 1]);
        let second = 0.390_625 / (0.390_625 + (-0.8f64).exp());
        assert!((f64::from(rows[3]) - second).abs() < 1e-6, "{rows:?}");
        // A new batch is assigned by similarity alone.
        let new = mixture.memberships(&unit, &[2, 2]);
        assert!((f64::from(new[2]) - expected[1]).abs() < 1e-6, "{new:?}");
    }

    #[test]
    fn centroids_are_mean_directions() {
        let mut mixture = Mixture::new(vec![0.0; 2], vec![1.0], 1, 0.1);
        mixture.center(&[1.0, 0.0, 0.0, 1.0], &[3.0, 4.0]);
        let expected = [0.6, 0.8];
        assert!(mixture.centroids.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6));
    }

    #[test]
    fn cells_without_a_cluster_are_in_all() {
        let mixture = Mixture::new(vec![0.0; 4], vec![0.0; 2], 2, 0.1);
        assert_eq!(mixture.memberships(&[0.0, 0.0], &[0]), [0.5, 0.5]);
    }
}
