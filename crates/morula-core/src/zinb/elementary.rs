//! Elementary functions without branches, which the compiler turns into vector instructions.
//!
//! No fused multiply-add: the results are the same bits on every instruction set.

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
pub(super) fn exp(x: f64) -> f64 {
    let x = x.clamp(-708.0, 709.0);
    let shifted = x * core::f64::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let rest = (x - n * LN_2[0]) - n * LN_2[1];
    // n in the exponent's place.
    let power = f64::from_bits((shifted.to_bits() << 52).wrapping_add(1023 << 52));
    polynomial(rest, &EXP) * power
}

/// log((1 + a) / (1 + b)) for a, b in \[0, 1\]; it keeps its relative accuracy for small a with
/// b = 0.
#[inline(always)]
pub(super) fn log_ratio(a: f64, b: f64) -> f64 {
    let s = (a - b) / (2.0 + a + b);
    s * polynomial(s * s, &ATANH)
}

/// Estrin's scheme: a short chain of dependent operations, which is what the time goes to.
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
