//! Multinomial logistic regression.

use rayon::prelude::*;

use super::lbfgs::{add, dot, minimize};

/// Cells per unit of parallel work: a constant, so that sums do not depend on the number of
/// threads.
const BLOCK: usize = 256;

/// The fit stops when no entry of the gradient per cell exceeds this.
const TOLERANCE: f64 = 1e-8;

/// Most steps of the fit.
const MAX_STEPS: usize = 1000;

/// `p(k | x) = exp(w_k . x + b_k) / sum over l of exp(w_l . x + b_l)`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Logistic {
    dims: usize,
    n_classes: usize,
    /// A row of weights and an intercept per class.
    weights: Vec<f64>,
}

impl Logistic {
    /// Minimises `- sum_i ln p(y_i | x_i) + l2 / 2 sum_k |w_k|^2`; `x` row-major.
    pub fn fit(x: &[f64], dims: usize, y: &[usize], n_classes: usize, l2: f64) -> Self {
        let width = dims + 1;
        let start = Self { dims, n_classes, weights: vec![0.0; n_classes * width] };
        let mut weights = start.weights.clone();
        minimize(&mut weights, TOLERANCE * y.len() as f64, MAX_STEPS, |weights| {
            let model = Self { weights: weights.to_vec(), ..start };
            let blocks = x.par_chunks(dims * BLOCK).zip(y.par_chunks(BLOCK));
            let parts: Vec<(f64, Vec<f64>)> = blocks.map(|(x, y)| model.loss(x, y)).collect();
            let mut total = (0.0, vec![0.0; weights.len()]);
            for (value, gradient) in parts {
                total.0 += value;
                add(&mut total.1, 1.0, &gradient);
            }
            let rows = weights.chunks(width).zip(total.1.chunks_mut(width));
            for (w, g) in rows.map(|(w, g)| (&w[..dims], &mut g[..dims])) {
                total.0 += l2 / 2.0 * dot(w, w);
                add(g, l2, w);
            }
            total
        });
        Self { weights, ..start }
    }

    /// Loss of some cells, and its gradient.
    fn loss(&self, x: &[f64], y: &[usize]) -> (f64, Vec<f64>) {
        let mut gradient = vec![0.0; self.weights.len()];
        let mut value = 0.0;
        for (x, &y) in x.chunks(self.dims).zip(y) {
            let mut p = self.probabilities(x);
            value -= p[y].max(f64::MIN_POSITIVE).ln();
            p[y] -= 1.0;
            for (g, p) in gradient.chunks_mut(self.dims + 1).zip(p) {
                add(&mut g[..self.dims], p, x);
                g[self.dims] += p;
            }
        }
        (value, gradient)
    }

    /// Probability of every class.
    pub fn probabilities(&self, x: &[f64]) -> Vec<f64> {
        let rows = self.weights.chunks(self.dims + 1);
        let mut p: Vec<f64> = rows.map(|w| dot(&w[..self.dims], x) + w[self.dims]).collect();
        let largest = p.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        p.iter_mut().for_each(|p| *p = (*p - largest).exp());
        let total: f64 = p.iter().sum();
        p.iter_mut().for_each(|p| *p /= total);
        p
    }

    pub fn n_classes(&self) -> usize {
        self.n_classes
    }
}
