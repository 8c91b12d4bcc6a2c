//! Loss and gradients of one cell, in f64 for every storage type.
//!
//! The terms of all genes are computed without branches, so that the compiler vectorises them. The
//! gamma functions, which only the few genes with counts need, are added one by one.

use core::array::from_fn;

use burn::tensor::{Element, ElementConversion};
use pulp::{Simd, WithSimd};

use super::gamma::{ln_coefficient, ln_coefficient_slope};
use crate::fast_math::{exp, log_ratio};

/// Genes per block. The number is fixed, so the last genes need no slower code and the order of the
/// sums is fixed.
const LANES: usize = 16;

/// One cell's counts, parameters and log size factor.
pub(super) struct Row<'a, T> {
    pub counts: &'a [T],
    pub log_mean: &'a [T],
    pub log_dispersion: &'a [T],
    pub dropout_logits: &'a [T],
    pub log_size: f64,
}

/// Sum of -log ZINB + ridge pi^2 over the genes of a cell.
pub(super) struct RowLoss<'a, T> {
    pub row: Row<'a, T>,
    pub ridge: f64,
}

/// The gradients of `scale` times the loss of a cell, written to the last three fields.
pub(super) struct RowGradient<'a, T> {
    pub row: Row<'a, T>,
    pub ridge: f64,
    pub scale: f64,
    /// Room for one number per gene, all 0 before and after.
    pub slopes: &'a mut [f64],
    pub log_mean: &'a mut [T],
    pub log_dispersion: &'a mut [T],
    pub dropout_logits: &'a mut [T],
}

impl<T: Element> WithSimd for RowLoss<'_, T> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> f64 {
        let Self { row, ridge } = self;
        let mut sums = [0.0; LANES];
        for first in (0..row.counts.len()).step_by(LANES) {
            let block = row.block(first);
            let mut losses = [0.0; LANES];
            for (lane, loss) in losses.iter_mut().enumerate() {
                *loss = block.entry(lane).loss(ridge);
            }
            let within = row.counts.len() - first;
            for (lane, sum) in sums.iter_mut().enumerate() {
                *sum += if lane < within { losses[lane] } else { 0.0 };
            }
        }
        let gamma: f64 = row.expressed().map(|(_, c, theta)| ln_coefficient(c, theta)).sum();
        sums.iter().sum::<f64>() - gamma
    }
}

impl<T: Element> WithSimd for RowGradient<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        for (gene, count, dispersion) in self.row.expressed() {
            self.slopes[gene] = dispersion * ln_coefficient_slope(count, dispersion);
        }
        for first in (0..self.row.counts.len()).step_by(LANES) {
            let block = self.row.block(first);
            let slopes = lanes(&self.slopes[first..]);
            let mut found = [[0.0; LANES]; 3];
            for (lane, slope) in slopes.into_iter().enumerate() {
                let gradient = block.entry(lane).gradient(self.ridge, slope);
                (0..3).for_each(|part| found[part][lane] = self.scale * gradient[part]);
            }
            store(found[0], &mut self.log_mean[first..]);
            store(found[1], &mut self.log_dispersion[first..]);
            store(found[2], &mut self.dropout_logits[first..]);
        }
        self.slopes.fill(0.0);
    }
}

impl<T: Element> Row<'_, T> {
    /// Gene, count and dispersion of every count above 0.
    #[inline(always)]
    fn expressed(&self) -> impl Iterator<Item = (usize, f64, f64)> {
        let genes = self.counts.iter().zip(self.log_dispersion).enumerate();
        genes.filter_map(|(gene, (count, log_dispersion))| {
            let count: f64 = count.elem();
            (count > 0.0).then(|| (gene, count, exp(log_dispersion.elem())))
        })
    }

    #[inline(always)]
    fn block(&self, first: usize) -> Block {
        let log_mean = lanes(&self.log_mean[first..]);
        let log_dispersion = lanes(&self.log_dispersion[first..]);
        Block {
            counts: lanes(&self.counts[first..]),
            odds: from_fn(|lane| log_mean[lane] + self.log_size - log_dispersion[lane]),
            log_dispersion,
            logits: lanes(&self.dropout_logits[first..]),
        }
    }
}

/// The first values in f64, and 0 after the last.
#[inline(always)]
fn lanes<T: Element>(values: &[T]) -> [f64; LANES] {
    match values.first_chunk::<LANES>() {
        Some(values) => values.map(|value| value.elem()),
        None => from_fn(|lane| values.get(lane).map_or(0.0, |value| value.elem())),
    }
}

/// Writes as many lanes as `to` holds.
#[inline(always)]
fn store<T: Element>(lanes: [f64; LANES], to: &mut [T]) {
    to.iter_mut().zip(lanes).for_each(|(to, lane)| *to = lane.elem());
}

/// Counts and distributions of some neighbouring genes.
struct Block {
    counts: [f64; LANES],
    /// log(s mu / theta)
    odds: [f64; LANES],
    log_dispersion: [f64; LANES],
    logits: [f64; LANES],
}

impl Block {
    #[inline(always)]
    fn entry(&self, lane: usize) -> Entry {
        Entry {
            count: self.counts[lane],
            odds: self.odds[lane],
            log_dispersion: self.log_dispersion[lane],
            logit: self.logits[lane],
        }
    }
}

/// Count and distribution of one gene.
struct Entry {
    count: f64,
    odds: f64,
    log_dispersion: f64,
    logit: f64,
}

impl Entry {
    /// -log ZINB + ridge pi^2, without the gamma functions of a count above 0:
    ///
    /// ```text
    /// c = 0:  min(max(-logit, 0), B) + log[(1 + e^-|logit|) / (1 + e^-|logit + B|)]
    /// c > 0:  softplus(logit) + B + c softplus(-t)
    /// ```
    #[inline(always)]
    fn loss(&self, ridge: f64) -> f64 {
        let Self { count, odds, log_dispersion, logit } = *self;
        let rest = log_ratio(exp(-odds.abs()), 0.0);
        let barrier = exp(log_dispersion) * (odds.max(0.0) + rest);
        let small = exp(-logit.abs());
        let posterior = exp(-(logit + barrier).abs());
        let zero = count <= 0.0;
        let lead = if zero {
            (-logit).max(0.0).min(barrier)
        } else {
            logit.max(0.0) + barrier + count * ((-odds).max(0.0) + rest)
        };
        let dropout = upper(logit, small);
        lead + log_ratio(small, if zero { posterior } else { 0.0 }) + ridge * dropout * dropout
    }

    /// Derivatives of the loss with respect to log mu, log theta and the logit; `slope` is
    /// theta (digamma(c + theta) - digamma(theta)).
    ///
    /// ```text
    /// q = 1 if c > 0 else sigmoid(-logit - B)      probability that the count did not drop out
    /// d log mu    = q theta sigmoid(t) - c sigmoid(-t)
    /// d log theta = q B - d log mu - slope
    /// d logit     = sigmoid(logit) - [c = 0] sigmoid(logit + B)
    /// ```
    #[inline(always)]
    fn gradient(&self, ridge: f64, slope: f64) -> [f64; 3] {
        let Self { count, odds, log_dispersion, logit } = *self;
        let dispersion = exp(log_dispersion);
        let small_odds = exp(-odds.abs());
        let barrier = dispersion * (odds.max(0.0) + log_ratio(small_odds, 0.0));
        let (above, below) = (upper(odds, small_odds), upper(-odds, small_odds));
        let dropout = upper(logit, exp(-logit.abs()));
        let posterior = logit + barrier;
        let small_posterior = exp(-posterior.abs());
        let zero = count <= 0.0;
        let expressed = if zero { upper(-posterior, small_posterior) } else { 1.0 };
        let explained = if zero { upper(posterior, small_posterior) } else { 0.0 };

        let log_mean = expressed * dispersion * above - count * below;
        let log_dispersion = expressed * barrier - log_mean - slope;
        let penalty = 2.0 * ridge * dropout * dropout * (1.0 - dropout);
        [log_mean, log_dispersion, dropout - explained + penalty]
    }
}

/// sigmoid(x), given exp(-|x|).
#[inline(always)]
fn upper(x: f64, small: f64) -> f64 {
    (if x >= 0.0 { 1.0 } else { small }) / (1.0 + small)
}
