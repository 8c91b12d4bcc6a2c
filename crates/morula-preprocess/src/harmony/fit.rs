//! Rounds of clustering and correction.

use super::mixture::Mixture;
use super::offsets::Offsets;
use super::{Harmony, HarmonyParams, Round, check, directions, start};
use crate::{PreprocessError, Result};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

/// Cells per soft cluster, and the largest number of soft clusters.
const CELLS: usize = 30;
const MOST: usize = 100;

/// Most passes over the cells in a round, and the number of parts in a pass. A pass assigns the
/// cells of one part at a time, so each part uses the batch shares that the part before it left.
const PASSES: usize = 20;
const PARTS: usize = 20;

/// Passes end when the mean change of the memberships of a cell is below this (1: another cluster).
/// Rounds end when cells move by less than this share of their length.
const STILL: f64 = 1e-3;

impl HarmonyParams {
    /// Checks the ranges.
    ///
    /// # Errors
    /// [`PreprocessError::Param`] names the first parameter out of range.
    pub fn check(&self) -> Result<()> {
        let Self { n_clusters, theta, sigma, lambda, .. } = *self;
        if n_clusters == Some(0) {
            return Err(PreprocessError::param("n_clusters", 0, "at least 1"));
        }
        for (name, value) in [("theta", theta), ("lambda", lambda)] {
            if !(value.is_finite() && value >= 0.0) {
                return Err(PreprocessError::param(name, value, "finite and not negative"));
            }
        }
        if !(sigma.is_finite() && sigma > 0.0) {
            return Err(PreprocessError::param("sigma", sigma, "finite and above 0"));
        }
        Ok(())
    }

    /// Fits a correction to cells, row-major `n x n_dims`, with batches numbered from 0. Returns it
    /// with the corrected cells.
    ///
    /// Time and memory grow with cells times soft clusters, of which there are at most 100. The
    /// result is the same for any number of threads. Cells of a single batch stay unchanged.
    ///
    /// # Errors
    /// [`PreprocessError::Shape`] unless there is one batch per row;
    /// [`PreprocessError::NotFinite`]; [`PreprocessError::Param`] for parameters out of range.
    pub fn fit(&self, x: &[f32], n_dims: usize, batches: &[usize]) -> Result<(Harmony, Vec<f32>)> {
        self.check()?;
        check(x, n_dims, batches)?;
        let n = batches.len();
        let n_batches = batches.iter().max().map_or(0, |b| b + 1);
        let mut harmony = Harmony { n_dims, n_batches, rounds: Vec::new() };
        let mut corrected = x.to_vec();
        if n_batches < 2 {
            return Ok((harmony, corrected));
        }
        let mut of_all = vec![0.0; n_batches];
        batches.iter().for_each(|&b| of_all[b] += 1.0 / n as f64);

        let rng = &mut ChaCha8Rng::seed_from_u64(self.seed);
        let k = self.n_clusters.unwrap_or((n / CELLS).min(MOST)).clamp(1, n);
        let mut unit = directions(x, n_dims);
        let centroids = start::centroids(&unit, n_dims, k, rng);
        let mut mixture = Mixture::new(centroids, vec![1.0; k * n_batches], k, self.sigma);
        let mut memberships = mixture.memberships(&unit, batches);
        for _ in 0..self.max_rounds {
            self.cluster(&mut mixture, &mut memberships, &unit, batches, &of_all, rng);
            // All at once, as new cells are assigned.
            memberships = mixture.memberships(&unit, batches);
            let of_batches = (batches, n_batches);
            let offsets = Offsets::fit(x, n_dims, of_batches, &memberships, self.lambda);
            let next = offsets.subtract(x, n_dims, (batches, &[]), &memberships);
            let moved = moved(&corrected, &next);
            corrected = next;
            harmony.rounds.push(Round { mixture: mixture.clone(), offsets });
            if moved < STILL {
                break;
            }
            unit = directions(&corrected, n_dims);
        }
        Ok((harmony, corrected))
    }

    /// Finds soft clusters in which every batch is represented.
    fn cluster(
        &self,
        mixture: &mut Mixture,
        memberships: &mut [f32],
        unit: &[f32],
        batches: &[usize],
        of_all: &[f64],
        rng: &mut ChaCha8Rng,
    ) {
        let (n, k, n_batches) = (batches.len(), mixture.n_clusters(), of_all.len());
        let mut held = vec![0.0; k * n_batches];
        let count = |held: &mut [f64], row: &[f32], batch: usize, sign: f64| {
            let of_batch = held.iter_mut().skip(batch).step_by(n_batches);
            of_batch.zip(row).for_each(|(held, &r)| *held += sign * f64::from(r));
        };
        for (row, &batch) in memberships.chunks_exact(k).zip(batches) {
            count(&mut held, row, batch, 1.0);
        }
        let mut order: Vec<usize> = (0..n).collect();
        for _ in 0..PASSES {
            mixture.center(unit, memberships);
            let near = mixture.nearness(unit);
            order.shuffle(rng);
            let mut change = 0.0;
            for part in order.chunks(n.div_ceil(PARTS)) {
                for &i in part {
                    count(&mut held, &memberships[i * k..][..k], batches[i], -1.0);
                }
                mixture.balance(&held, of_all, self.theta);
                let rows = part.par_iter().map(|&i| {
                    let mut row = vec![0.0; k];
                    mixture.membership(&near[i * k..][..k], batches[i], &mut row);
                    row
                });
                for (row, &i) in rows.collect::<Vec<_>>().into_iter().zip(part) {
                    count(&mut held, &row, batches[i], 1.0);
                    let old = &mut memberships[i * k..][..k];
                    let pairs = old.iter().zip(&row);
                    change += pairs.map(|(a, b)| f64::from((a - b).abs())).sum::<f64>() / 2.0;
                    old.copy_from_slice(&row);
                }
            }
            if change < STILL * n as f64 {
                break;
            }
        }
        mixture.balance(&held, of_all, self.theta);
    }
}

/// Distance that the cells moved, as a share of their length.
fn moved(from: &[f32], to: &[f32]) -> f64 {
    let square = |v: f32| f64::from(v).powi(2);
    let step: f64 = from.iter().zip(to).map(|(a, b)| square(a - b)).sum();
    let length: f64 = from.iter().map(|&v| square(v)).sum();
    if length > 0.0 { (step / length).sqrt() } else { 0.0 }
}
