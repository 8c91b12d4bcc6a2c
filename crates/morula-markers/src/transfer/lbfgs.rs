//! L-BFGS: minimises a smooth convex function (Nocedal and Wright 2006, algorithms 7.4 and 7.5).

use std::collections::VecDeque;

/// Number of stored steps.
const MEMORY: usize = 10;

/// A step is accepted at this share of the decrease that the slope predicts.
const ARMIJO: f64 = 1e-4;

/// Most halvings of a step.
const HALVINGS: usize = 40;

/// Minimises `f`, which returns value and gradient, from `x` on. Stops when no entry of the
/// gradient exceeds `tolerance`, or when rounding prevents a further decrease.
pub(super) fn minimize(
    x: &mut [f64],
    tolerance: f64,
    max_steps: usize,
    f: impl Fn(&[f64]) -> (f64, Vec<f64>),
) {
    let (mut value, mut gradient) = f(x);
    let mut pairs: VecDeque<(Vec<f64>, Vec<f64>, f64)> = VecDeque::with_capacity(MEMORY + 1);
    for _ in 0..max_steps {
        if gradient.iter().all(|g| g.abs() <= tolerance) {
            return;
        }
        let mut direction = descent(&gradient, &pairs);
        let mut slope = dot(&direction, &gradient);
        if slope >= 0.0 {
            pairs.clear();
            direction = gradient.iter().map(|g| -g).collect();
            slope = -dot(&gradient, &gradient);
        }
        // The first step has no earlier steps that determine its length.
        let mut step = if pairs.is_empty() { (1.0 / (-slope).sqrt()).min(1.0) } else { 1.0 };
        let taken = (0..HALVINGS).find_map(|_| {
            let next: Vec<f64> = x.iter().zip(&direction).map(|(x, d)| x + step * d).collect();
            let found = f(&next);
            let low = found.0 <= value + ARMIJO * step * slope;
            step /= 2.0;
            low.then_some((next, found))
        });
        let Some((next, (lower, slopes))) = taken else { return };
        let moved: Vec<f64> = next.iter().zip(&*x).map(|(new, old)| new - old).collect();
        let turned: Vec<f64> = slopes.iter().zip(&gradient).map(|(new, old)| new - old).collect();
        let curvature = dot(&moved, &turned);
        if curvature > 0.0 {
            pairs.push_back((moved, turned, curvature));
            if pairs.len() > MEMORY {
                pairs.pop_front();
            }
        }
        x.copy_from_slice(&next);
        (value, gradient) = (lower, slopes);
    }
}

/// Minus the gradient times the inverse curvature, estimated from the last steps.
fn descent(gradient: &[f64], pairs: &VecDeque<(Vec<f64>, Vec<f64>, f64)>) -> Vec<f64> {
    let mut q: Vec<f64> = gradient.iter().map(|g| -g).collect();
    let mut alphas = Vec::with_capacity(pairs.len());
    for (s, y, sy) in pairs.iter().rev() {
        let alpha = dot(s, &q) / sy;
        add(&mut q, -alpha, y);
        alphas.push(alpha);
    }
    if let Some((_, y, sy)) = pairs.back() {
        let scale = sy / dot(y, y);
        q.iter_mut().for_each(|q| *q *= scale);
    }
    for ((s, y, sy), alpha) in pairs.iter().zip(alphas.into_iter().rev()) {
        let beta = dot(y, &q) / sy;
        add(&mut q, alpha - beta, s);
    }
    q
}

pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// `to += factor * from`.
pub(super) fn add(to: &mut [f64], factor: f64, from: &[f64]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to += factor * from);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `sum_i i (x_i - i)^2`, whose minimum is at `x_i = i`.
    #[test]
    fn a_bowl_is_solved() {
        let mut x = vec![0.0; 30];
        minimize(&mut x, 1e-10, 500, |x| {
            let terms = || (1..).map(f64::from).zip(x);
            let value = terms().map(|(i, x)| i * (x - i).powi(2)).sum();
            (value, terms().map(|(i, x)| 2.0 * i * (x - i)).collect())
        });
        for (i, x) in (1..).map(f64::from).zip(x) {
            approx::assert_abs_diff_eq!(x, i, epsilon = 1e-9);
        }
    }
}
