//! The divergence of one cell and its gradients, in f64 for every storage type.

use burn::tensor::{Element, ElementConversion};
use pulp::{Simd, WithSimd};

use crate::fast_math::{exp, log_ratio};

/// Values per block. The number is fixed, so the order of the sums is fixed too.
const LANES: usize = 16;

/// Fills the lanes after the last value: its probability is 0.
const NOTHING: f64 = -1e300;

/// The two rows of logits of a cell.
pub(super) struct Row<'a, T> {
    pub p: &'a [T],
    pub q: &'a [T],
}

/// `KL(p || m) + KL(q || m)` of a cell.
pub(super) struct RowDivergence<'a, T> {
    pub row: Row<'a, T>,
    pub scratch: &'a mut Scratch,
}

/// The gradients of `scale` times the divergence, written to the last two fields.
pub(super) struct RowGradient<'a, T> {
    pub row: Row<'a, T>,
    pub scratch: &'a mut Scratch,
    pub scale: f64,
    pub p: &'a mut [T],
    pub q: &'a mut [T],
}

/// Room for a cell: probabilities p and q, and log(p / m) and log(q / m).
#[derive(Default)]
pub(super) struct Scratch {
    p: Vec<[f64; LANES]>,
    q: Vec<[f64; LANES]>,
    p_above: Vec<[f64; LANES]>,
    q_above: Vec<[f64; LANES]>,
}

impl<T: Element> WithSimd for RowDivergence<'_, T> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> f64 {
        self.scratch.fill(&self.row);
        let Scratch { p, q, p_above, q_above } = self.scratch;
        dot(p, p_above) + dot(q, q_above)
    }
}

impl<T: Element> WithSimd for RowGradient<'_, T> {
    type Output = ();

    /// `dL / dx_j = p_j (log(p_j / m_j) - sum_k p_k log(p_k / m_k))`; the terms through m cancel.
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        self.scratch.fill(&self.row);
        let Scratch { p, q, p_above, q_above } = self.scratch;
        for (output, share, above) in [(self.p, p, p_above), (self.q, q, q_above)] {
            let mean = dot(share, above);
            for ((output, share), above) in output.chunks_mut(LANES).zip(share).zip(above) {
                for (lane, output) in output.iter_mut().enumerate() {
                    *output = (self.scale * share[lane] * (above[lane] - mean)).elem();
                }
            }
        }
    }
}

impl Scratch {
    #[inline(always)]
    fn fill<T: Element>(&mut self, row: &Row<'_, T>) {
        let log_p = log_softmax(row.p, &mut self.p, &mut self.p_above);
        let log_q = log_softmax(row.q, &mut self.q, &mut self.q_above);
        for (p, q) in self.p_above.iter_mut().zip(&mut self.q_above) {
            for lane in 0..LANES {
                // log(q / p); log(p / m) = log 2 - log(1 + q / p)
                let log = (q[lane] - log_q) - (p[lane] - log_p);
                let rest = log_ratio(exp(-log.abs()), 0.0);
                p[lane] = std::f64::consts::LN_2 - (log.max(0.0) + rest);
                q[lane] = std::f64::consts::LN_2 - ((-log).max(0.0) + rest);
            }
        }
    }
}

/// Fills the probabilities, and the logits minus their maximum. Returns the logarithm of the sum:
/// the shifted logits minus it are the log-probabilities.
#[inline(always)]
fn log_softmax<T: Element>(
    logits: &[T],
    share: &mut Vec<[f64; LANES]>,
    shifted: &mut Vec<[f64; LANES]>,
) -> f64 {
    share.clear();
    shifted.clear();
    let mut max = [NOTHING; LANES];
    for chunk in logits.chunks(LANES) {
        let lanes: [f64; LANES] =
            std::array::from_fn(|lane| chunk.get(lane).map_or(NOTHING, |value| value.elem()));
        // Unlike `f64::max`, this comparison keeps a NaN.
        (0..LANES).for_each(|i| max[i] = if lanes[i] <= max[i] { max[i] } else { lanes[i] });
        shifted.push(lanes);
    }
    let max = max.into_iter().fold(NOTHING, |max, value| if value <= max { max } else { value });
    let mut sums = [0.0; LANES];
    for lanes in shifted.iter_mut() {
        let mut shares = [0.0; LANES];
        for lane in 0..LANES {
            lanes[lane] -= max;
            shares[lane] = exp(lanes[lane]);
            sums[lane] += shares[lane];
        }
        share.push(shares);
    }
    let sum: f64 = sums.iter().sum();
    share.iter_mut().flatten().for_each(|share| *share /= sum);
    sum.ln()
}

#[inline(always)]
fn dot(a: &[[f64; LANES]], b: &[[f64; LANES]]) -> f64 {
    let mut sums = [0.0; LANES];
    for (a, b) in a.iter().zip(b) {
        (0..LANES).for_each(|lane| sums[lane] += a[lane] * b[lane]);
    }
    sums.iter().sum()
}
