//! Probability that two points of the layout are neighbours, as a function of their distance.

/// Distances at which the curve is fitted.
const STEPS: usize = 300;
/// Steps of the fit; it converges in about ten.
const MAX_ITERATIONS: usize = 200;

/// `v(d) = 1 / (1 + a d^{2b})`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Curve {
    pub(super) a: f64,
    pub(super) b: f64,
}

impl Curve {
    /// The least-squares fit, over distances up to three times `spread`, to 1 up to `min_dist` and
    /// `exp(-(d - min_dist) / spread)` beyond (section 3.2 of the paper), by the method of
    /// Levenberg and Marquardt.
    pub(super) fn fit(min_dist: f64, spread: f64) -> Self {
        let goal: Vec<(f64, f64)> = (0..STEPS)
            .map(|i| 3.0 * spread * i as f64 / (STEPS - 1) as f64)
            .map(|d| (d, if d < min_dist { 1.0 } else { (-(d - min_dist) / spread).exp() }))
            .collect();
        // On a log scale a stays positive, whatever the unit of distances is.
        let (mut at, mut damping) = ([-2.0 * spread.ln(), 1.0], 1e-3);
        let mut error = squares(at, &goal);
        for _ in 0..MAX_ITERATIONS {
            let step = step(at, &goal, damping);
            let next = [at[0] + step[0], at[1] + step[1]];
            let new = squares(next, &goal);
            if new < error {
                (at, error, damping) = (next, new, damping / 10.0);
            } else {
                damping *= 10.0;
            }
            if step.iter().all(|s| s.abs() < 1e-12) {
                break;
            }
        }
        Self { a: at[0].exp(), b: at[1] }
    }
}

fn value([ln_a, b]: [f64; 2], d: f64) -> f64 {
    1.0 / (1.0 + (ln_a + 2.0 * b * d.ln()).exp())
}

fn squares(at: [f64; 2], goal: &[(f64, f64)]) -> f64 {
    goal.iter().map(|&(d, v)| (value(at, d) - v).powi(2)).sum()
}

/// Solves `(J'J + damping diag(J'J)) step = J'(goal - value)`.
fn step(at: [f64; 2], goal: &[(f64, f64)], damping: f64) -> [f64; 2] {
    let (mut aa, mut ab, mut bb, mut ra, mut rb) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for &(d, v) in goal.iter().filter(|(d, _)| *d > 0.0) {
        let now = value(at, d);
        // Slopes along ln a and along b.
        let slope = -now * (1.0 - now);
        let (ja, jb, rest) = (slope, slope * 2.0 * d.ln(), v - now);
        (aa, ab, bb) = (aa + ja * ja, ab + ja * jb, bb + jb * jb);
        (ra, rb) = (ra + ja * rest, rb + jb * rest);
    }
    (aa, bb) = (aa * (1.0 + damping), bb * (1.0 + damping));
    let det = aa * bb - ab * ab;
    if !det.is_normal() {
        return [0.0; 2];
    }
    [(ra * bb - rb * ab) / det, (rb * aa - ra * ab) / det]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From `umap.umap_.find_ab_params` of umap-learn 0.5.
    #[test]
    fn curves_are_those_of_umap_learn() {
        for (min_dist, spread, a, b) in [
            (0.5, 1.0, 0.583_030_020_548_370_9, 1.334_166_992_455_648),
            (0.1, 1.0, 1.576_943_460_405_378, 0.895_060_878_122_785_9),
        ] {
            let curve = Curve::fit(min_dist, spread);
            approx::assert_relative_eq!(curve.a, a, max_relative = 1e-4);
            approx::assert_relative_eq!(curve.b, b, max_relative = 1e-4);
        }
    }

    #[test]
    fn the_unit_of_distances_does_not_matter() {
        let (one, other) = (Curve::fit(0.3, 1.0), Curve::fit(300.0, 1000.0));
        approx::assert_relative_eq!(one.b, other.b, max_relative = 1e-6);
        let scaled = other.a * 1000f64.powf(2.0 * other.b);
        approx::assert_relative_eq!(one.a, scaled, max_relative = 1e-6);
        assert!(Curve::fit(1.0, 1.0).a.is_finite() && Curve::fit(0.0, 1.0).b.is_finite());
    }
}
