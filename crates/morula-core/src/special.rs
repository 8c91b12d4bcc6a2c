//! Special functions that Burn does not have.
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use morula_core::special::ln_gamma;
//!
//! let x = Tensor::<1>::from_data([1.0, 5.0], &Device::flex());
//! let y = ln_gamma(x).try_into_vec_as::<f32>().unwrap();
//! assert_eq!(y.len(), 2);
//! assert!((y[1] - 24f32.ln()).abs() < 1e-5); // Gamma(5) = 4!
//! ```

use burn::tensor::{DType, Tensor};

/// Coefficients of Stirling's series in 1/y, 1/y^3, ...: B_2n / (2n (2n - 1)).
const STIRLING: [f64; 6] =
    [1.0 / 12.0, -1.0 / 360.0, 1.0 / 1260.0, -1.0 / 1680.0, 1.0 / 1188.0, -691.0 / 360_360.0];

/// The coefficients that matter in f32; the others are below its rounding error.
const STIRLING_SINGLE: &[f64] = &[1.0 / 12.0, -1.0 / 360.0];

/// ln sqrt(2 pi)
const HALF_LN_TAU: f64 = 0.918_938_533_204_672_8;

/// Natural logarithm of the gamma function, elementwise, for x > 0.
///
/// Stirling's series at y = x + 6, carried back by the recurrence Gamma(x + 1) = x Gamma(x):
///
/// ```text
/// ln Gamma(x) = (y - 1/2) ln y - y + ln sqrt(2 pi) + 1/(12 y) - 1/(360 y^3) + ...
///               - ln [ x (x+1) (x+2) (x+3) (x+4) (x+5) ]
/// ```
///
/// The six factors pair up: with u = x (x + 5) their product is u (u + 4) (u + 6). Its logarithm is
/// computed as two logarithms, so that nothing overflows in f32 below x = 1e9.
///
/// In f32, from 1e-10 to 1e6, the error is under 4e-6 of max(|ln Gamma(x)|, 1) (near the zeros, 1
/// and 2, a relative error has no meaning); in f64 it is under 1e-12 of that. Lanczos' formula, the
/// usual choice, is infinite in f32 near 0. The gradient, by automatic differentiation, is the
/// digamma function. Outside the domain the result is NaN or infinite, as for `log`.
///
/// # Shapes
///
/// - x: \[...\]
/// - output: \[...\]
pub fn ln_gamma<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    let y = x.clone().add_scalar(6.0);
    let stirling = y.clone().sub_scalar(0.5) * y.clone().log() - y.clone()
        + stirling_series(y.recip())
        + HALF_LN_TAU;

    let u = x.clone() * x.add_scalar(5.0);
    let pairs = u.clone().add_scalar(4.0) * u.clone().add_scalar(6.0);
    stirling - u.log() - pairs.log()
}

/// Binet's function, the error of Stirling's formula for ln Gamma, elementwise, for x > 0:
///
/// ```text
/// binet(x) = ln Gamma(x) - [(x - 1/2) ln x - x + ln sqrt(2 pi)]  =  1/(12 x) - 1/(360 x^3) + ...
/// ```
///
/// It falls from -ln(x)/2 near 0 to 0. In a ratio of gamma functions of large arguments, the other
/// terms of the formula can be cancelled by hand and this function remains. The series is evaluated
/// at y = x + 6 as in [`ln_gamma`]; the six factors, each divided by y, neither overflow nor
/// cancel.
///
/// In f32, from 1e-10 to 1e6, the error is under 4e-6 of max(binet(x), 1).
///
/// # Shapes
///
/// - x: \[...\]
/// - output: \[...\]
pub fn binet<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    let v = x.clone().add_scalar(6.0).recip();
    let series = stirling_series(v.clone());
    // (x + j) / y = 1 - (6 - j) v; the factors 5, 2 and 4, 3 pair up.
    let ends = x.clone() * v.clone() * (v.clone().neg() + 1.0);
    let pair = |product| v.clone() * (v.clone().mul_scalar(product).sub_scalar(7.0)) + 1.0;
    let factors = ends * pair(10.0) * pair(12.0);
    series + x.clone().sub_scalar(0.5) * x.recip().mul_scalar(6.0).log1p() - 6.0 - factors.log()
}

/// 1/(12 y) - 1/(360 y^3) + ... for t = 1/y.
fn stirling_series<const D: usize>(t: Tensor<D>) -> Tensor<D> {
    let coefficients = match t.dtype() {
        DType::F64 => &STIRLING,
        _ => STIRLING_SINGLE,
    };
    odd_powers(t, coefficients)
}

/// c_0 t + c_1 t^3 + c_2 t^5 + ..., by Horner's rule.
fn odd_powers<const D: usize>(t: Tensor<D>, coefficients: &[f64]) -> Tensor<D> {
    let square = t.clone().square();
    let polynomial = coefficients
        .iter()
        .rev()
        .fold(t.zeros_like(), |sum, &coefficient| sum * square.clone() + coefficient);
    t * polynomial
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    /// 400 points, even in the logarithm, from 1e-10 to 1e6, and some around the zeros.
    fn points() -> Vec<f64> {
        let spread = (0..400).map(|i| 10f64.powf(-10.0 + 16.0 * f64::from(i) / 399.0));
        let zeros = [0.9, 0.99, 0.999, 1.0, 1.001, 1.01, 1.1, 1.4616, 1.9, 1.999, 2.0, 2.001, 2.1];
        spread.chain(zeros).collect()
    }

    /// The digamma function by recurrence up to 40 and its asymptotic series.
    fn digamma(x: f64) -> f64 {
        let steps = (40.0 - x).max(0.0).ceil() as usize;
        let y = x + steps as f64;
        let w = 1.0 / (y * y);
        let tail = w * (1.0 / 12.0 - w * (1.0 / 120.0 - w * (1.0 / 252.0 - w / 240.0)));
        let carried: f64 = (0..steps).map(|k| 1.0 / (x + k as f64)).sum();
        y.ln() - 0.5 / y - tail - carried
    }

    /// Largest error of `found` against `expected`, in units of max(|expected|, 1).
    fn worst(found: &[f64], expected: &[f64]) -> f64 {
        let errors = found.iter().zip(expected).map(|(f, e)| (f - e).abs() / e.abs().max(1.0));
        errors.fold(0.0, |worst, error| if error <= worst { worst } else { error })
    }

    /// The points rounded to the precision, ln Gamma there, and its gradient.
    fn evaluate(dtype: DType) -> [Vec<f64>; 3] {
        let device = Device::flex().autodiff();
        let x = Tensor::<1>::from_data(points().as_slice(), (&device, dtype)).require_grad();
        let value = ln_gamma(x.clone());
        let gradient = x.grad(&value.clone().sum().backward()).unwrap();
        [x, value, gradient].map(|t| t.try_into_vec_as::<f64>().unwrap())
    }

    #[test]
    fn single_precision_keeps_its_bound() {
        let [x, value, gradient] = evaluate(DType::F32);
        let expected: Vec<f64> = x.iter().map(|&x| libm::lgamma(x)).collect();
        let error = worst(&value, &expected);
        assert!(error < 4e-6, "value {error:e}");
        let expected: Vec<f64> = x.iter().map(|&x| digamma(x)).collect();
        let error = worst(&gradient, &expected);
        assert!(error < 2e-6, "gradient {error:e}");
    }

    #[test]
    fn double_precision_reaches_the_series() {
        let [x, value, gradient] = evaluate(DType::F64);
        let expected: Vec<f64> = x.iter().map(|&x| libm::lgamma(x)).collect();
        let error = worst(&value, &expected);
        assert!(error < 1e-12, "value {error:e}");
        let expected: Vec<f64> = x.iter().map(|&x| digamma(x)).collect();
        let error = worst(&gradient, &expected);
        assert!(error < 2e-12, "gradient {error:e}");
    }

    #[test]
    fn known_values() {
        let x = Tensor::<1>::from_data([0.5, 1.0, 5.0, 11.0], (&Device::flex(), DType::F64));
        let expected = [std::f64::consts::PI.sqrt().ln(), 0.0, 24f64.ln(), 3_628_800f64.ln()];
        let found = ln_gamma(x).try_into_vec_as::<f64>().unwrap();
        assert!(worst(&found, &expected) < 1e-11, "{found:?}");
    }

    #[test]
    fn large_arguments_stay_finite_in_single_precision() {
        let x = Tensor::<1>::from_data([1e7f32, 1e9], (&Device::flex(), DType::F32));
        let found = ln_gamma(x).try_into_vec_as::<f64>().unwrap();
        assert!(worst(&found, &[libm::lgamma(1e7), libm::lgamma(1e9)]) < 4e-6, "{found:?}");
    }

    #[test]
    fn binet_is_the_error_of_stirling() {
        for (dtype, tolerance) in [(DType::F32, 4e-6), (DType::F64, 2e-12)] {
            let x = Tensor::<1>::from_data(points().as_slice(), (&Device::flex(), dtype));
            let [x, found] = [x.clone(), binet(x)].map(|t| t.try_into_vec_as::<f64>().unwrap());
            // For large x the difference cancels.
            let expected = x.iter().map(|&x| match x < 100.0 {
                true => libm::lgamma(x) - ((x - 0.5) * x.ln() - x + HALF_LN_TAU),
                false => 1.0 / (12.0 * x) - 1.0 / (360.0 * x.powi(3)),
            });
            let error = worst(&found, &expected.collect::<Vec<_>>());
            assert!(error < tolerance, "{dtype:?} {error:e}");
        }
    }
}
