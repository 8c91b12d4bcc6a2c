//! Elementary functions without branches, so that the compiler vectorises them.
//!
//! The standard library calls the C library for one number at a time, which is slower and differs
//! between platforms. These functions use no fused multiply-add, so their results are the same to
//! the bit on every instruction set.

/// 1.5 * 2^52: adding it rounds to an integer, which then stands in the lowest bits.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// ln 2 in two parts; multiples of the first are exact.
const LN_2: [f64; 2] = [0.693_147_167_563_438_4, 1.299_650_689_388_989e-8];

/// Coefficients of a polynomial of degree 11, from the constant on.
type Polynomial = [[f64; 4]; 3];

/// exp(x) on |x| <= ln(2) / 2, relative error 4e-18 (Chebyshev interpolation).
const EXP: Polynomial = [
    [1.0, 1.0, 0.500_000_000_000_001_9, 0.166_666_666_666_666_8],
    [
        0.041_666_666_666_488_1,
        0.008_333_333_333_319_601,
        0.001_388_888_895_231_477_5,
        0.000_198_412_698_900_471_13,
    ],
    [
        2.480_148_548_232_849_4e-5,
        2.755_724_091_857_897e-6,
        2.763_263_963_904_103e-7,
        2.511_003_760_596_377_7e-8,
    ],
];

/// 2 atanh(s) / s in powers of s^2 on |s| <= 1/3, relative error 3e-20 (Chebyshev interpolation).
const ATANH: Polynomial = [
    [2.0, 0.666_666_666_666_666_9, 0.399_999_999_999_928_7, 0.285_714_285_726_229_26],
    [
        0.222_222_221_191_036_74,
        0.181_818_234_224_952_52,
        0.153_844_470_604_599_7,
        0.133_368_768_157_438_37,
    ],
    [
        0.117_152_746_681_104_26,
        0.109_766_166_379_474_94,
        0.069_803_904_983_324_32,
        0.164_882_859_313_895_7,
    ],
];

/// exp(x) to about one unit in the last place; x is clamped so that the result is finite and > 0.
#[inline(always)]
pub(crate) fn exp(x: f64) -> f64 {
    let x = x.clamp(-708.0, 709.0);
    let shifted = x * core::f64::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let rest = (x - n * LN_2[0]) - n * LN_2[1];
    // 2^n: n in the bits of the exponent.
    let power = f64::from_bits((shifted.to_bits() << 52).wrapping_add(1023 << 52));
    polynomial(rest, &EXP) * power
}

/// Coefficients of tanh(x) / x in powers of x^2 (Taylor), for |x| <= 0.1.
const TANH: [f64; 7] = [
    1.0,
    -1.0 / 3.0,
    2.0 / 15.0,
    -17.0 / 315.0,
    62.0 / 2835.0,
    -1382.0 / 155_925.0,
    21_844.0 / 6_081_075.0,
];

/// tanh(x), relative error 2e-15.
#[inline(always)]
pub(crate) fn tanh(x: f64) -> f64 {
    let square = x * x;
    let near = x * TANH.iter().rev().fold(0.0, |sum, c| sum * square + c);
    let small = exp(-2.0 * x.abs());
    let far = ((1.0 - small) / (1.0 + small)).copysign(x);
    if x.abs() < 0.1 { near } else { far }
}

/// log(1 + exp(x)), relative error 1e-15.
#[inline(always)]
pub(crate) fn softplus(x: f64) -> f64 {
    x.max(0.0) + log_ratio(exp(-x.abs()), 0.0)
}

/// 1 - exp(-y) for y >= 0, relative error 1e-14.
#[inline(always)]
pub(crate) fn one_minus_exp(y: f64) -> f64 {
    // Taylor; the remainder is below y^6 / 5040.
    let terms = [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0];
    let near = y * terms.into_iter().fold(0.0, |sum, c| c - sum * y);
    let far = 1.0 - exp(-y);
    if y < 0.02 { near } else { far }
}

/// log((1 + a) / (1 + b)) for a, b in \[0, 1\]. With b = 0 the relative error stays small for
/// small a.
#[inline(always)]
pub(crate) fn log_ratio(a: f64, b: f64) -> f64 {
    let s = (a - b) / (2.0 + a + b);
    s * polynomial(s * s, &ATANH)
}

/// Estrin's scheme: its chain of dependent operations, which takes most of the time, is short.
#[inline(always)]
fn polynomial(x: f64, coefficients: &Polynomial) -> f64 {
    let square = x * x;
    let quarter = |[a, b, c, d]: [f64; 4]| (a + b * x) + (c + d * x) * square;
    let [low, middle, high] = coefficients.map(quarter);
    let fourth = square * square;
    low + fourth * (middle + fourth * high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponential() {
        for i in -70_000..=70_000 {
            let x = f64::from(i) * 0.01 + 1e-3;
            approx::assert_relative_eq!(exp(x), libm::exp(x), max_relative = 6e-16);
        }
        assert_eq!(exp(0.0), 1.0);
        assert!(exp(-1e300) > 0.0 && exp(1e300).is_finite() && exp(f64::NAN).is_nan());
    }

    #[test]
    fn hyperbolic_tangent() {
        for i in -40_000..=40_000 {
            let x = f64::from(i) * 1e-3 + 1e-5;
            approx::assert_relative_eq!(tanh(x), libm::tanh(x), max_relative = 2e-15);
        }
        assert!(tanh(f64::NAN).is_nan() && tanh(1e-300) == 1e-300 && tanh(-1e9) == -1.0);
    }

    #[test]
    fn softplus_and_its_slope() {
        for i in -70_000..=70_000 {
            let x = f64::from(i) * 0.01 + 1e-3;
            let expected = x.max(0.0) + libm::log1p(libm::exp(-x.abs()));
            approx::assert_relative_eq!(softplus(x), expected, max_relative = 2e-15);
            let y = 10f64.powf(x / 100.0);
            approx::assert_relative_eq!(one_minus_exp(y), -libm::expm1(-y), max_relative = 2e-14);
        }
        assert!(
            softplus(f64::NAN).is_nan() && softplus(1e300) == 1e300 && one_minus_exp(0.0) == 0.0
        );
    }

    #[test]
    fn logarithm_of_a_ratio() {
        for i in 0..=500 {
            let a = 1e-20f64.powf(f64::from(i) / 500.0);
            approx::assert_relative_eq!(log_ratio(a, 0.0), libm::log1p(a), max_relative = 5e-16);
            for j in 0..=20 {
                let b = f64::from(j) / 20.0;
                let expected = libm::log1p(a) - libm::log1p(b);
                approx::assert_abs_diff_eq!(log_ratio(a, b), expected, epsilon = 4e-16);
            }
        }
    }
}
