//! Logarithm, exponential near 0, and powers in single precision, written so that compilers
//! vectorise them.
//!
//! Own code, because the standard library's functions do not vectorise. Results are within 4 units
//! in the last place of the exact value. Outside their ranges the standard library takes over.

use std::f32::consts::{LN_2, LOG2_E};

/// The bits of the square root of one half, where the range of the mantissa begins.
const SQRT_HALF: u32 = 0x3f35_04f3;
/// `ln 2` in two parts, the first with zeros at the end.
const LN_2_HIGH: f32 = 0.693_145_75;
const LN_2_LOW: f32 = 1.428_606_8e-6;

/// `ln(1 + x)` of every value.
#[inline(always)]
pub(crate) fn ln_1p_all(values: &mut [f32]) {
    if values.iter().fold(true, |all, v| all & (0.0..1e30).contains(v)) {
        values.iter_mut().for_each(|v| *v = ln_1p(*v));
    } else {
        values.iter_mut().for_each(|v| *v = v.ln_1p());
    }
}

/// `ln(1 + x)` for x from 0 to 1e30.
///
/// `1 + x = 2^e m` with m near 1. With `t = m - 1`, the series is that of
/// `ln(1 + t) = 2 artanh(t / (2 + t))`.
#[inline(always)]
fn ln_1p(x: f32) -> f32 {
    let u = 1.0 + x;
    let e = (u.to_bits().wrapping_sub(SQRT_HALF) as i32) >> 23;
    let m = f32::from_bits(u.to_bits().wrapping_sub((e << 23) as u32));
    let power = f32::from_bits(((127 - e) << 23) as u32);
    // Adds the part of x that rounding removed from 1 + x.
    let t = (m - 1.0) + (x - (u - 1.0)) * power;
    let s = t / (2.0 + t);
    let z = s * s;
    let series = z * (1.0 / 3.0 + z * (0.2 + z * (1.0 / 7.0 + z * (1.0 / 9.0 + z / 11.0))));
    let e = e as f32;
    e * LN_2_HIGH + (2.0 * s + (2.0 * s * series + e * LN_2_LOW))
}

/// `exp(x) - 1`.
///
/// `x = n ln 2 + r`, and `exp(x) - 1 = 2^n (exp(r) - 1) + (2^n - 1)` with a series in r.
#[inline]
pub(crate) fn exp_m1(x: f32) -> f32 {
    if !(0.0..60.0).contains(&x) {
        return x.exp_m1();
    }
    let n = (x * LOG2_E + 0.5).floor();
    let r = (x - n * LN_2_HIGH) - n * LN_2_LOW;
    let tail = 1.0 / 24.0 + r * (1.0 / 120.0 + r * (1.0 / 720.0 + r / 5040.0));
    let p = r + r * r * (0.5 + r * (1.0 / 6.0 + r * tail));
    let power = f32::from_bits(((n as i32 + 127) << 23) as u32);
    power * p + (power - 1.0)
}

/// `x^y` for `x > 0`, with a relative error below 1e-5 for results from 1e-37 to 1e37. Results
/// beyond that range stay near its ends.
///
/// `log2 x` as in [`ln_1p`], and `2^p = 2^n exp(r)` with a series in r.
#[inline(always)]
pub(crate) fn pow(x: f32, y: f32) -> f32 {
    let e = (x.to_bits().wrapping_sub(SQRT_HALF) as i32) >> 23;
    let m = f32::from_bits(x.to_bits().wrapping_sub((e << 23) as u32));
    let s = (m - 1.0) / (1.0 + m);
    let z = s * s;
    let series = 1.0 + z * (1.0 / 3.0 + z * (0.2 + z * (1.0 / 7.0 + z / 9.0)));
    let p = (y * (e as f32 + 2.0 * LOG2_E * s * series)).clamp(-126.0, 126.0);
    let n = (p + 256.5) as i32 - 256;
    let r = (p - n as f32) * LN_2;
    let tail = 1.0 / 24.0 + r * (1.0 / 120.0 + r / 720.0);
    let power = f32::from_bits(((n + 127) << 23) as u32);
    power * (1.0 + r * (1.0 + r * (0.5 + r * (1.0 / 6.0 + r * tail))))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 0 and magnitudes from 1e-30 to 1e25.
    fn magnitudes() -> impl Iterator<Item = f32> {
        let logs = (0..200_000).map(|i| 10f32.powf(-30.0 + i as f32 * 55.0 / 200_000.0));
        [0.0].into_iter().chain(logs)
    }

    fn error(found: f32, exact: f64) -> f64 {
        (f64::from(found) - exact).abs() / exact.abs().max(1e-300)
    }

    #[test]
    fn logarithms_are_exact_to_four_units() {
        for x in magnitudes() {
            let exact = f64::from(x).ln_1p();
            assert!(error(ln_1p(x), exact) <= 2.4e-7, "{x}: {} {exact}", ln_1p(x));
        }
        assert_eq!(ln_1p(0.0), 0.0);
    }

    #[test]
    fn exponentials_are_exact_to_four_units() {
        for x in magnitudes().filter(|x| *x < 80.0) {
            let exact = f64::from(x).exp_m1();
            assert!(error(exp_m1(x), exact) <= 2.4e-7, "{x}: {} {exact}", exp_m1(x));
        }
        assert_eq!((exp_m1(0.0), exp_m1(f32::INFINITY)), (0.0, f32::INFINITY));
        assert_eq!(exp_m1(f32::NEG_INFINITY), -1.0);
    }

    #[test]
    fn other_values_go_to_the_standard_library() {
        let mut x = [-0.5f32, -1.0, f32::INFINITY, -2.0];
        ln_1p_all(&mut x);
        assert_eq!(x[..3], [(-0.5f32).ln_1p(), f32::NEG_INFINITY, f32::INFINITY]);
        assert!(x[3].is_nan());
    }

    #[test]
    fn powers_are_near_the_exact_ones() {
        for i in -300..300 {
            let x = 10f32.powf(i as f32 / 10.0);
            for y in [0.3, 0.9, 1.0, 1.334] {
                let exact = f64::from(x).powf(f64::from(y));
                let error = (f64::from(pow(x, y)) / exact - 1.0).abs();
                assert!(error < 1e-5 || !(1e-37..1e37).contains(&exact), "{x}^{y}: {error}");
            }
        }
        for x in [f32::MIN_POSITIVE, 1e-45, f32::MAX, f32::INFINITY] {
            assert!(pow(x, 1.334).is_finite() && pow(x, 1.334) > 0.0);
        }
    }
}
