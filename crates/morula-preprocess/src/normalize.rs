//! Library-size normalisation ([1.3](https://github.com/morula-bio/morula/blob/main/docs/models/jojoscl.md#1-3)).

use crate::rows::{Rows, row_sums};
use crate::{PreprocessError, Result};
use morula_data::CsrMatrix;
use serde::{Deserialize, Serialize};

/// The usual total of a cell with counts of a whole transcriptome.
const USUAL: f32 = 1e4;

/// The total of every cell after normalisation.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetSum {
    /// The median total of the cells that have counts.
    #[default]
    Median,
    /// 10 000, the usual total in scanpy, but at most one count per gene.
    ///
    /// The total decides how `ln(1 + x)` acts. The median can be a million where reads are counted
    /// rather than molecules; then a stray read would weigh nearly as much as an abundant
    /// transcript. A total of 10 000 on a panel of a few hundred genes would do the same.
    Auto,
    /// A fixed total, such as 10 000.
    Fixed(f32),
}

impl TargetSum {
    pub(crate) fn check(self) -> Result<()> {
        match self {
            Self::Fixed(t) if !(t.is_finite() && t > 0.0) => {
                Err(PreprocessError::param("target", t, "a total is finite and above 0"))
            }
            _ => Ok(()),
        }
    }

    /// The reference total of cells with these totals over `n_genes` genes.
    pub(crate) fn reference(self, totals: &[f64], n_genes: usize) -> f32 {
        match self {
            Self::Fixed(t) => t,
            Self::Auto => USUAL.min(n_genes.max(1) as f32),
            Self::Median => {
                let positive = totals.iter().copied().filter(|&t| t > 0.0).collect();
                median(positive).map_or(1.0, |m| m as f32)
            }
        }
    }
}

/// Divides every cell by its size factor s_i = total_i / target and returns the s_i.
///
/// `N_ij = C_ij / s_i`, in place. An empty cell has s_i = 1. The same as scanpy's
/// `pp.normalize_total(target_sum=...)`, whose default target is the median total of the cells that
/// have counts.
///
/// # Errors
/// [`PreprocessError::Param`] for a fixed target that is not above 0.
pub fn normalize_total(x: &mut CsrMatrix, target: TargetSum) -> Result<Vec<f32>> {
    target.check()?;
    let totals = row_sums(x, f64::from);
    let factors = size_factors(&totals, target.reference(&totals, x.n_cols()));
    let indptr = x.indptr().to_vec();
    for (span, s) in indptr.windows(2).zip(&factors) {
        x.data_mut()[span[0]..span[1]].iter_mut().for_each(|v| *v /= s);
    }
    Ok(factors)
}

/// s_i = total_i / reference, in single precision as in scanpy.
pub(crate) fn size_factors(totals: &[f64], reference: f32) -> Vec<f32> {
    totals.iter().map(|&t| if t > 0.0 { t as f32 / reference } else { 1.0 }).collect()
}

/// Counts, read as `ln(1 + C / s)`.
pub(crate) struct LogNormalized<'a, R> {
    pub(crate) counts: &'a R,
    pub(crate) factors: &'a [f32],
}

impl<R: Rows> Rows for LogNormalized<'_, R> {
    fn n_rows(&self) -> usize {
        self.counts.n_rows()
    }

    fn n_cols(&self) -> usize {
        self.counts.n_cols()
    }

    fn visit(&self, row: usize, mut f: impl FnMut(usize, f32)) {
        let s = self.factors[row];
        self.counts.visit(row, |c, v| f(c, (v / s).ln_1p()));
    }
}

/// The median; `None` without values. NaN must not occur.
pub(crate) fn median(mut values: Vec<f64>) -> Option<f64> {
    let n = values.len();
    if n == 0 {
        return None;
    }
    let (below, &mut upper, _) = values.select_nth_unstable_by(n / 2, f64::total_cmp);
    if n % 2 == 1 {
        return Some(upper);
    }
    let lower = below.iter().copied().max_by(f64::total_cmp)?;
    Some((lower + upper) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example in scanpy's documentation of `normalize_total`.
    #[test]
    fn totals_reach_the_target() {
        let rows = [3., 3., 3., 6., 6., 1., 1., 1., 2., 2., 1., 22., 1., 2., 2.];
        let mut x = CsrMatrix::from_dense(3, 5, &rows).unwrap();
        normalize_total(&mut x, TargetSum::Fixed(1.0)).unwrap();
        let expected = [1. / 7., 2. / 7., 1. / 28., 22. / 28.];
        for (at, want) in [0, 3, 10, 11].into_iter().zip(expected) {
            approx::assert_relative_eq!(x.to_dense()[at], want, max_relative = 1e-6);
        }
    }

    #[test]
    fn the_median_skips_empty_cells() {
        let mut x = CsrMatrix::from_dense(4, 1, &[0., 2., 4., 8.]).unwrap();
        let s = normalize_total(&mut x, TargetSum::Median).unwrap();
        assert_eq!(s, [1.0, 0.5, 1.0, 2.0]);
        assert_eq!(x.to_dense(), [0., 4., 4., 4.]);
    }

    #[test]
    fn few_genes_are_brought_to_one_count_each() {
        let mut x = CsrMatrix::from_dense(2, 3, &[5., 1., 0., 6., 0., 6.]).unwrap();
        assert_eq!(normalize_total(&mut x, TargetSum::Auto).unwrap(), [2.0, 4.0]);
        let mut x = CsrMatrix::new(1, 20_000, vec![0, 1], vec![7], vec![5e4]).unwrap();
        assert_eq!(normalize_total(&mut x, TargetSum::Auto).unwrap(), [5.0]);
    }

    #[test]
    fn medians() {
        assert_eq!(median(vec![]), None);
        assert_eq!(median(vec![3.0]), Some(3.0));
        assert_eq!(median(vec![4.0, 1.0, 3.0, 2.0]), Some(2.5));
    }

    #[test]
    fn a_target_of_nothing_is_refused() {
        let mut x = CsrMatrix::from_dense(1, 1, &[1.]).unwrap();
        for t in [0.0, -1.0, f32::NAN, f32::INFINITY] {
            assert!(normalize_total(&mut x, TargetSum::Fixed(t)).is_err());
        }
    }
}
