//! Sparse rows seen through a mask or a transform, so that nothing is copied.

use morula_data::CsrMatrix;
use rayon::prelude::*;

/// Row blocks of every reduction over cells. A constant, so that sums do not
/// depend on the number of threads and memory does not grow with the cells.
const BLOCKS: usize = 16;

/// A sparse matrix read row by row.
pub(crate) trait Rows: Sync {
    fn n_rows(&self) -> usize;
    fn n_cols(&self) -> usize;
    /// Calls `f(column, value)` for every stored entry of `row`, columns ascending.
    fn visit(&self, row: usize, f: impl FnMut(usize, f32));
}

impl Rows for CsrMatrix {
    fn n_rows(&self) -> usize {
        self.n_rows()
    }

    fn n_cols(&self) -> usize {
        self.n_cols()
    }

    fn visit(&self, row: usize, mut f: impl FnMut(usize, f32)) {
        let (cols, vals) = self.row(row);
        for (&c, &v) in cols.iter().zip(vals) {
            f(c as usize, v);
        }
    }
}

/// Chosen rows and columns of a matrix.
#[derive(Debug, Clone)]
pub(crate) struct Selection<'a> {
    x: &'a CsrMatrix,
    rows: &'a [usize],
    /// New position of every column, `u32::MAX` where it is left out.
    target: Vec<u32>,
    n_cols: usize,
}

impl<'a> Selection<'a> {
    /// `cols` ascending, so that visits keep their order.
    pub(crate) fn new(x: &'a CsrMatrix, rows: &'a [usize], cols: &[usize]) -> Self {
        let mut target = vec![u32::MAX; x.n_cols()];
        for (new, &old) in cols.iter().enumerate() {
            target[old] = new as u32;
        }
        Self { x, rows, target, n_cols: cols.len() }
    }
}

impl Rows for Selection<'_> {
    fn n_rows(&self) -> usize {
        self.rows.len()
    }

    fn n_cols(&self) -> usize {
        self.n_cols
    }

    fn visit(&self, row: usize, mut f: impl FnMut(usize, f32)) {
        let (cols, vals) = self.x.row(self.rows[row]);
        for (&c, &v) in cols.iter().zip(vals) {
            let target = self.target[c as usize];
            if target != u32::MAX {
                f(target as usize, v);
            }
        }
    }
}

/// A matrix whose stored values go through `f(row, value)` as they are read.
pub(crate) struct Mapped<'a, R, F> {
    pub(crate) rows: &'a R,
    pub(crate) f: F,
}

impl<R: Rows, F: Fn(usize, f32) -> f32 + Sync> Rows for Mapped<'_, R, F> {
    fn n_rows(&self) -> usize {
        self.rows.n_rows()
    }

    fn n_cols(&self) -> usize {
        self.rows.n_cols()
    }

    fn visit(&self, row: usize, mut f: impl FnMut(usize, f32)) {
        self.rows.visit(row, |c, v| f(c, (self.f)(row, v)));
    }
}

/// Sums `f(row, column, value)` over the stored entries of every column.
pub(crate) fn column_sums<R: Rows, const K: usize>(
    rows: &R,
    f: impl Fn(usize, usize, f32) -> [f64; K] + Sync,
) -> Vec<[f64; K]> {
    let n = rows.n_rows();
    let size = n.div_ceil(BLOCKS).max(1);
    let parts: Vec<Vec<[f64; K]>> = (0..n.div_ceil(size))
        .into_par_iter()
        .map(|block| {
            let mut sums = vec![[0.0; K]; rows.n_cols()];
            for i in block * size..((block + 1) * size).min(n) {
                rows.visit(i, |j, v| {
                    for (sum, term) in sums[j].iter_mut().zip(f(i, j, v)) {
                        *sum += term;
                    }
                });
            }
            sums
        })
        .collect();
    let mut total = vec![[0.0; K]; rows.n_cols()];
    for part in parts {
        for (t, p) in total.iter_mut().zip(part) {
            for (t, p) in t.iter_mut().zip(p) {
                *t += p;
            }
        }
    }
    total
}

/// Sums `f(value)` over the stored entries of every row.
pub(crate) fn row_sums<R: Rows>(rows: &R, f: impl Fn(f32) -> f64 + Sync) -> Vec<f64> {
    (0..rows.n_rows())
        .into_par_iter()
        .map(|i| {
            let mut sum = 0.0;
            rows.visit(i, |_, v| sum += f(v));
            sum
        })
        .collect()
}

/// Mean and variance (ddof = 1) of every column.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Moments {
    pub(crate) mean: Vec<f64>,
    pub(crate) var: Vec<f64>,
}

/// Column moments in two passes, so that a constant column has variance zero exactly.
///
/// One row has variance zero.
pub(crate) fn moments<R: Rows>(rows: &R) -> Moments {
    let n = rows.n_rows() as f64;
    let sums = column_sums(rows, |_, _, v| [f64::from(v), 1.0]);
    let mean: Vec<f64> = sums.iter().map(|[s, _]| if n > 0.0 { s / n } else { 0.0 }).collect();
    let squares = column_sums(rows, |_, j, v| [(f64::from(v) - mean[j]).powi(2)]);
    let var = (sums.iter().zip(&squares).zip(&mean))
        .map(|(([_, stored], [ss]), m)| (ss + (n - stored) * m * m) / (n - 1.0).max(1.0))
        .collect();
    Moments { mean, var }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_match_a_hand_count() {
        let x = CsrMatrix::from_dense(3, 2, &[1., 7., 0., 7., 2., 7.]).unwrap();
        let m = moments(&x);
        assert_eq!(m.mean, [1.0, 7.0]);
        assert_eq!(m.var, [1.0, 0.0]);
    }

    #[test]
    fn a_selection_reads_only_what_it_keeps() {
        let x = CsrMatrix::from_dense(2, 3, &[1., 2., 3., 4., 5., 6.]).unwrap();
        let kept = Selection::new(&x, &[1], &[0, 2]);
        let mut seen = Vec::new();
        kept.visit(0, |c, v| seen.push((c, v)));
        assert_eq!(seen, [(0, 4.0), (1, 6.0)]);
    }

    #[test]
    fn one_row_has_no_variance() {
        let x = CsrMatrix::from_dense(1, 2, &[3., 0.]).unwrap();
        assert_eq!(moments(&x), Moments { mean: vec![3.0, 0.0], var: vec![0.0, 0.0] });
    }
}
