//! `exp` of many numbers at once. The C library's `exp` takes one number at a time, which costs
//! half of the attention's time.

use pulp::Arch;

/// Below this `exp(x)` is not a normal number in f32, and counts as 0.
const SMALLEST: f32 = -87.3;

/// Adding it rounds a small f32 to an integer, which the lowest bits of the sum then hold.
const ROUND: f32 = 12_582_912.0;

/// log 2 in two parts; multiples of the first are exact.
const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];

/// `x_ij <- exp(x_ij - shift_i)` in rows of `width`; each shift is at least the row's largest x.
///
/// The bits do not depend on the instruction set: no fused operations, no sums across lanes.
pub fn shifted_exp(x: &mut [f32], shift: &[f32], width: usize) {
    Arch::new().dispatch(|| {
        for (row, shift) in x.chunks_exact_mut(width.max(1)).zip(shift) {
            row.iter_mut().for_each(|x| *x = exp(*x - shift));
        }
    });
}

/// `exp(x) = 2^n exp(r)`, `|r| <= log(2) / 2`, for x <= 0, to 2 units in the last place.
#[inline(always)]
fn exp(x: f32) -> f32 {
    let rounded = x * std::f32::consts::LOG2_E + ROUND;
    let n = rounded - ROUND;
    let r = x - n * LN_2[0] - n * LN_2[1];
    let series = [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0];
    let series = series.iter().fold(1.0 / 5040.0, |sum, coefficient| sum * r + coefficient);
    let exponent = rounded.to_bits().wrapping_sub(ROUND.to_bits()).wrapping_add(127);
    let value = series * f32::from_bits(exponent << 23);
    if x < SMALLEST { 0.0 } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_library() {
        let mut x: Vec<f32> = (0..=900_000).map(|step| step as f32 * -1e-4).collect();
        let expected: Vec<f64> = x.iter().map(|&x| f64::from(x).exp()).collect();
        let width = x.len();
        shifted_exp(&mut x, &[0.0], width);
        assert_eq!(x[0], 1.0);
        for (found, expected) in x.iter().zip(expected) {
            let error = (f64::from(*found) - expected).abs();
            assert!(error <= 2.0 * f64::from(f32::EPSILON) * expected + 1.3e-38, "{expected:e}");
        }
    }

    #[test]
    fn far_below_is_nothing_and_nan_stays() {
        let mut x = [-100.0, -1e6, f32::MIN, f32::NEG_INFINITY, f32::NAN, 3.0, 2.0];
        shifted_exp(&mut x, &[0.0], 5);
        assert_eq!(x[..4], [0.0; 4]);
        assert!(x[4].is_nan());
        // the second row is incomplete and has no shift
        assert_eq!(x[5..], [3.0, 2.0]);
        let mut rows = [1.0, 2.0, 30.0, 31.0];
        shifted_exp(&mut rows, &[2.0, 31.0], 2);
        assert_eq!(rows[..2], rows[2..]);
        assert_eq!(rows[1], 1.0);
    }
}
