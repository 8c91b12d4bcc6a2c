//! Ratios of gamma functions at a count and a dispersion, in f64.

/// Whole counts up to this number use products.
const SMALL: usize = 20;

/// A dispersion below which the product of [`SMALL`] factors is certainly finite.
const LARGE_DISPERSION: f64 = 1e14;

/// The asymptotic series are used from this argument on; their next term is then below 1e-14.
const SERIES_FROM: usize = 8;

/// B_2n / (2n (2n - 1)), of ln Gamma.
const LN_GAMMA: [f64; 6] =
    [1.0 / 12.0, -1.0 / 360.0, 1.0 / 1260.0, -1.0 / 1680.0, 1.0 / 1188.0, -691.0 / 360_360.0];

/// j! for j up to [`SMALL`].
const FACTORIAL: [f64; SMALL + 1] = {
    let mut factorial = [1.0; SMALL + 1];
    let mut j = 1;
    while j <= SMALL {
        factorial[j] = factorial[j - 1] * j as f64;
        j += 1;
    }
    factorial
};

/// log [ Gamma(c + theta) / (Gamma(theta) c!) ] for c > 0, theta > 0.
///
/// For small whole c the ratio is the product of (theta + j) / (1 + j), j < c, and needs one
/// logarithm. Otherwise Stirling's formula is used, with its large terms combined:
///
/// ```text
/// (theta - 1/2) log(1 + c / theta) + c log(1 + theta / c) - log(2 pi c) / 2
/// + binet(c + theta) - binet(theta) - binet(c)
/// ```
pub(super) fn ln_coefficient(count: f64, dispersion: f64) -> f64 {
    if let Some(count) = small(count, dispersion) {
        let product = (0..count).fold(1.0, |product, j| product * (dispersion + j as f64));
        return (product / FACTORIAL[count]).ln();
    }
    (dispersion - 0.5) * (count / dispersion).ln_1p() + count * (dispersion / count).ln_1p()
        - 0.5 * (core::f64::consts::TAU * count).ln()
        + binet(count + dispersion)
        - binet(dispersion)
        - binet(count)
}

/// d/d theta of [`ln_coefficient`]: digamma(c + theta) - digamma(theta). For small whole c it is
/// the sum of 1 / (theta + j), j < c, as one fraction.
pub(super) fn ln_coefficient_slope(count: f64, dispersion: f64) -> f64 {
    if let Some(count) = small(count, dispersion) {
        let (slope, product) = (0..count).fold((0.0, 1.0), |(slope, product), j| {
            let factor = dispersion + j as f64;
            (slope * factor + product, product * factor)
        });
        return slope / product;
    }
    digamma(count + dispersion) - digamma(dispersion)
}

/// The count as an integer, if the product applies.
fn small(count: f64, dispersion: f64) -> Option<usize> {
    let whole = count as usize;
    let fits = whole <= SMALL && whole as f64 == count && dispersion < LARGE_DISPERSION;
    fits.then_some(whole)
}

/// ln Gamma(x) - [(x - 1/2) ln x - x + ln sqrt(2 pi)], x > 0.
fn binet(x: f64) -> f64 {
    let start = SERIES_FROM as f64;
    if x >= start {
        return series(1.0 / x);
    }
    let y = x + start;
    let factors = (0..SERIES_FROM).fold(1.0, |product, j| product * ((x + j as f64) / y));
    series(1.0 / y) + (x - 0.5) * (start / x).ln_1p() - start - factors.ln()
}

/// 1/(12 x) - 1/(360 x^3) + ... for t = 1/x.
fn series(t: f64) -> f64 {
    t * LN_GAMMA.iter().rev().fold(0.0, |sum, coefficient| sum * (t * t) + coefficient)
}

/// The derivative of ln Gamma, x > 0.
fn digamma(x: f64) -> f64 {
    let (mut y, mut carried) = (x, 0.0);
    while y < SERIES_FROM as f64 {
        carried += 1.0 / y;
        y += 1.0;
    }
    let square = 1.0 / (y * y);
    let tail = LN_GAMMA.iter().enumerate().rev();
    let tail = tail.fold(0.0, |sum, (n, c)| sum * square + (2 * n + 1) as f64 * c) * square;
    y.ln() - 0.5 / y - tail - carried
}

#[cfg(test)]
mod tests {
    use super::*;

    const DISPERSIONS: [f64; 10] = [1e-10, 1e-4, 0.01, 0.3, 1.0, 2.5, 7.9, 8.1, 300.0, 1e4];
    const COUNTS: [f64; 12] =
        [0.5, 1.0, 2.0, 3.3, 7.0, 20.0, 20.5, 21.0, 140.0, 999.0, 12_345.0, 1e5];

    #[test]
    fn coefficient_is_the_ratio_of_gamma_functions() {
        for theta in DISPERSIONS {
            for c in COUNTS {
                let parts = [libm::lgamma(c + theta), libm::lgamma(theta), libm::lgamma(c + 1.0)];
                let expected = parts[0] - parts[1] - parts[2];
                // The reference loses precision by subtraction.
                let scale = parts.iter().fold(1.0f64, |scale, part| scale.max(part.abs()));
                let found = ln_coefficient(c, theta);
                assert!(
                    (found - expected).abs() < 2e-14 * scale,
                    "{c} {theta}: {found} {expected}"
                );
            }
        }
    }

    #[test]
    fn slope_is_the_sum_of_reciprocals() {
        for theta in DISPERSIONS {
            for c in COUNTS.into_iter().filter(|c| c.fract() == 0.0) {
                let expected: f64 = (0..c as usize).map(|j| 1.0 / (theta + j as f64)).sum();
                let found = ln_coefficient_slope(c, theta);
                approx::assert_relative_eq!(found, expected, max_relative = 3e-12);
            }
        }
    }

    #[test]
    fn slope_is_that_of_the_coefficient_between_the_integers() {
        for theta in [0.01, 0.3, 2.5, 9.0, 300.0] {
            for c in [0.5, 3.3, 20.5, 140.25] {
                let step = 1e-5 * theta;
                let [above, below] = [theta + step, theta - step].map(|t| ln_coefficient(c, t));
                let expected = (above - below) / (2.0 * step);
                let found = ln_coefficient_slope(c, theta);
                approx::assert_relative_eq!(found, expected, max_relative = 1e-6);
            }
        }
    }

    #[test]
    fn both_ways_meet() {
        for theta in DISPERSIONS {
            let c = SMALL as f64;
            let below = ln_coefficient(c, theta);
            let near = ln_coefficient(c + 1e-9, theta);
            approx::assert_relative_eq!(below, near, max_relative = 1e-8, epsilon = 1e-8);
        }
    }
}
