//! What a matrix that does not hold counts looks like.

use crate::CsrMatrix;
use crate::counts::is_whole;

/// A guess at the processing of a matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    Damaged,
    Scaled,
    Log,
    Root,
    Normalised,
    Fractional,
}

impl Look {
    pub fn words(self) -> &'static str {
        match self {
            Self::Damaged => "damaged values (NaN or infinity)",
            Self::Scaled => "scaled (z-scored) or corrected expression",
            Self::Log => "log-transformed expression (log1p, log2 or log10)",
            Self::Root => {
                "variance-stabilised expression (square roots, or Anscombe's or Freeman and \
                 Tukey's transformation)"
            }
            Self::Normalised => "normalised expression (CPM, TPM or RPKM)",
            Self::Fractional => {
                "fractional counts, as SoupX, CellBender, RSEM, alevin and other methods that \
                 share out or correct reads give them"
            }
        }
    }
}

/// Rows looked at: enough for a guess.
const ROWS: usize = 200;

/// How much the sums of rows may differ where every cell was scaled to one sum.
const SAME_SUM: f64 = 0.01;

/// Guesses from the values alone:
///
/// - a value that is negative was scaled; one that is no number is damaged;
/// - cells that all have one sum were normalised, and those that have one after the inverse of a
///   logarithm or a root were normalised and transformed;
/// - values that are whole after the inverse of a logarithm or a root are transformed counts;
/// - cells whose values are all multiples of their smallest were divided by a factor each;
/// - large values beside small ones, or some that are whole, are counts that were shared out.
pub(crate) fn look_of(x: &CsrMatrix) -> Look {
    if x.data().iter().any(|v| !v.is_finite()) {
        return Look::Damaged;
    }
    if x.data().iter().any(|&v| v < 0.0) {
        return Look::Scaled;
    }
    let step = x.n_rows().div_ceil(ROWS).max(1);
    let rows: Vec<Vec<f64>> = (0..x.n_rows())
        .step_by(step)
        .map(|i| x.row(i).1.iter().filter(|v| **v > 0.0).map(|&v| f64::from(v)).collect())
        .filter(|row: &Vec<f64>| !row.is_empty())
        .collect();
    let max = x.data().iter().fold(0.0, |max: f32, &v| max.max(v));
    let fractions = share(&rows, |v| v.fract() != 0.0);
    if fractions > 0.5 && same_sum(&rows, |v| v) {
        return Look::Normalised;
    }
    // Beyond 30, the exponential is no expression. Roots have no such limit.
    let inverses = INVERSES.iter().filter(|(look, _)| *look != Look::Log || max < 30.0);
    for &(look, inverse) in inverses {
        if fractions > 0.5 && same_sum(&rows, inverse) || is_transformed(&rows, inverse) {
            return look;
        }
    }
    if 1.0 - fractions > 0.05 {
        return Look::Fractional;
    }
    if rows.iter().filter(|row| multiples(row)).count() * 2 > rows.len() {
        return Look::Normalised;
    }
    // Logarithms are all of one size; counts are mostly small and sometimes large.
    let mut all: Vec<f64> = rows.concat();
    all.sort_by(f64::total_cmp);
    let median = all.get(all.len() / 2).copied().unwrap_or(0.0);
    if max < 20.0 && f64::from(max) < 6.0 * median { Look::Log } else { Look::Fractional }
}

/// How values look after a transformation, or its inverse, and the function.
type Transformation = (Look, fn(f64) -> f64);

/// The inverse of each transformation of counts, and what its result looks like: `log(x + 1)` to
/// three bases, the square root, Anscombe's and Freeman and Tukey's roots, the same less their value
/// of 0, and the inverse hyperbolic sine.
const INVERSES: [Transformation; 9] = [
    (Look::Log, |v| v.exp() - 1.0),
    (Look::Log, |v| v.exp2() - 1.0),
    (Look::Log, |v| 10f64.powf(v) - 1.0),
    (Look::Root, |v| v * v),
    (Look::Root, anscombe),
    (Look::Root, freeman_tukey),
    (Look::Root, |v| anscombe(v + 1.5f64.sqrt())),
    (Look::Root, |v| freeman_tukey(v + 1.0)),
    (Look::Log, f64::sinh),
];

/// The count of a value of Anscombe's root, `2 sqrt(x + 3/8)`.
fn anscombe(v: f64) -> f64 {
    v * v / 4.0 - 0.375
}

/// The count of a value of Freeman and Tukey's root, `sqrt(x) + sqrt(x + 1)`.
fn freeman_tukey(v: f64) -> f64 {
    ((v * v - 1.0) / (2.0 * v)).powi(2)
}

/// Largest count looked at: the inverse of a larger one is too coarse to show that it is whole.
const MAX_WHOLE: f64 = 50.0;

/// Whether the fractions among the values are whole after `inverse`. Most values may be whole before
/// as well: the root and the logarithm to base 2 of 1 count are 1.
fn is_transformed(rows: &[Vec<f64>], inverse: impl Fn(f64) -> f64) -> bool {
    let (mut n, mut whole, mut least, mut most, mut farthest) = (0, 0, f64::MAX, 0f64, 0f64);
    // Noise around a whole number stays near one under most inverses.
    for v in rows.iter().flatten().filter(|v| !is_whole(**v)) {
        let count = inverse(*v);
        // A fraction near 0 has an inverse near 0, whatever it is.
        let near_zero = *v < 0.5 && count < 0.5;
        if !(-0.1..MAX_WHOLE).contains(&count) || near_zero {
            continue;
        }
        n += 1;
        let off = (count - count.round()).abs();
        if off <= 1e-3 * (count.max(0.0) + 1.0).sqrt() {
            whole += 1;
            farthest = farthest.max(off);
            (least, most) = (least.min(count.round()), most.max(count.round()));
        }
    }
    // One value alone may be whole by chance.
    n >= 4 && f64::from(whole) > 0.95 * f64::from(n) && (most > least || farthest < 2e-4)
}

/// Share of the values for which `is` holds.
fn share(rows: &[Vec<f64>], is: impl Fn(f64) -> bool) -> f64 {
    let n: usize = rows.iter().map(Vec::len).sum();
    let found = rows.iter().flatten().filter(|v| is(**v)).count();
    found as f64 / n.max(1) as f64
}

/// Whether all rows have the same sum; two rows at least, and of several values.
fn same_sum(rows: &[Vec<f64>], of: impl Fn(f64) -> f64) -> bool {
    let sums: Vec<f64> = rows.iter().map(|row| row.iter().map(|&v| of(v)).sum()).collect();
    let (min, max) = sums.iter().fold((f64::MAX, 0f64), |(a, b), &s| (a.min(s), b.max(s)));
    rows.len() > 1 && rows.iter().any(|row| row.len() > 2) && max - min <= SAME_SUM * max
}

/// Whether all values are multiples of the smallest, the count of 1, and more than one occurs.
fn multiples(row: &[f64]) -> bool {
    let least = row.iter().copied().fold(f64::MAX, f64::min);
    let multiple = |v: &f64| {
        let times = v / least;
        (times - times.round()).abs() < 1e-3
    };
    row.len() > 4 && row.iter().all(multiple) && row.iter().any(|v| *v > 1.5 * least)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};

    /// Counts of 40 cells and 60 genes, changed cell by cell.
    fn look(change: impl Fn(&mut [f64], &mut rand_chacha::ChaCha8Rng)) -> Look {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
        let mut values = Vec::new();
        for i in 0..40 {
            let count = |j: i32| {
                let mean = f64::from(1 + i % 4) * 40.0 / f64::from(1 + j);
                (mean * -rng.random::<f64>().max(1e-9).ln()).floor()
            };
            let mut row: Vec<f64> = (0..60).map(count).collect();
            change(&mut row, &mut rng);
            values.extend(row.iter().map(|&v| v as f32));
        }
        look_of(&CsrMatrix::from_dense(40, 60, &values).unwrap())
    }

    #[test]
    fn processed_counts_are_recognised() {
        let each =
            |row: &mut [f64], f: &dyn Fn(f64) -> f64| row.iter_mut().for_each(|v| *v = f(*v));
        let scale = |row: &mut [f64], to: f64| {
            let sum: f64 = row.iter().sum();
            row.iter_mut().for_each(|v| *v *= to / sum);
        };
        assert_eq!(look(|row, _| each(row, &|v| v - 0.5)), Look::Scaled);
        assert_eq!(look(|row, _| each(row, &|v| (v + 1.0).ln())), Look::Log);
        for to in [1e4, 1e6, 1.0] {
            assert_eq!(look(|row, _| scale(row, to)), Look::Normalised);
            let log = |row: &mut [f64]| {
                scale(row, to);
                each(row, &|v| (v + 1.0).ln());
            };
            assert_eq!(look(|row, _| log(row)), Look::Log);
        }
        // A factor per cell, as scran gives it.
        let factor = |row: &mut [f64], rng: &mut rand_chacha::ChaCha8Rng| {
            let factor = rng.random_range(0.3..3.0);
            each(row, &|v| v / factor);
        };
        assert_eq!(look(factor), Look::Normalised);
        // SoupX: a share of every count is taken off. RSEM: some reads are shared out.
        let soup = |row: &mut [f64], rng: &mut rand_chacha::ChaCha8Rng| {
            row.iter_mut().for_each(|v| *v *= 1.0 - rng.random_range(0.0..0.4));
        };
        assert_eq!(look(soup), Look::Fractional);
        let shared = |row: &mut [f64], rng: &mut rand_chacha::ChaCha8Rng| {
            let some = row.iter_mut().filter(|v| **v > 0.0);
            some.for_each(|v| *v += if rng.random::<f64>() < 0.3 { 0.37 } else { 0.0 });
        };
        assert_eq!(look(shared), Look::Fractional);
        assert_eq!(look(|row, _| row[0] = f64::NAN), Look::Damaged);
    }

    /// As from a table with this many digits after the point, or a file of single precision.
    #[test]
    fn transformed_counts_are_distinguished_from_fractional_ones() {
        let transformations: [Transformation; 9] = [
            (Look::Log, |x| x.ln_1p()),
            (Look::Log, |x| (x + 1.0).log2()),
            (Look::Log, |x| (x + 1.0).log10()),
            (Look::Root, f64::sqrt),
            (Look::Root, |x| 2.0 * (x + 0.375).sqrt()),
            (Look::Root, |x| x.sqrt() + (x + 1.0).sqrt()),
            (Look::Root, |x| 2.0 * (x + 0.375).sqrt() - 1.5f64.sqrt()),
            (Look::Root, |x| x.sqrt() + (x + 1.0).sqrt() - 1.0),
            (Look::Log, f64::asinh),
        ];
        for (expected, f) in transformations {
            for digits in [1e4, 1e6, 1e12] {
                let rounded = |x: f64| (f(x) * digits).round() / digits;
                let found = look(|row, _| row.iter_mut().for_each(|v| *v = rounded(*v)));
                assert_eq!(found, expected, "sqrt 2 as {}", rounded(2.0));
                // Few molecules: nearly all counts are 1.
                let found = look(|row, _| {
                    row.iter_mut().for_each(|v| *v = rounded((*v / 8.0).floor().min(3.0)));
                });
                assert_eq!(found, expected, "sparse, sqrt 2 as {}", rounded(2.0));
            }
        }
        // Halves and thirds of reads, as alevin and RSEM share them out.
        for part in [0.5, 0.25, 1.0 / 3.0] {
            let shared = |row: &mut [f64], rng: &mut rand_chacha::ChaCha8Rng| {
                let some = row.iter_mut().filter(|v| **v > 0.0);
                some.for_each(|v| *v += if rng.random::<f64>() < 0.7 { part } else { 0.0 });
            };
            assert_eq!(look(shared), Look::Fractional, "{part}");
        }
    }
}
