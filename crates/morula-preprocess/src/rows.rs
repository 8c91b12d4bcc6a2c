//! Sparse rows read through a mask or a transform, without a copy.

use morula_data::CsrMatrix;
use rayon::prelude::*;

/// Row blocks of every reduction over cells: a constant, so that sums do not depend on the number
/// of threads and memory does not grow with the cells.
const BLOCKS: usize = 16;

/// A sparse matrix read row by row.
pub(crate) trait Rows: Sync {
    fn n_rows(&self) -> usize;
    fn n_cols(&self) -> usize;
    /// Calls `f(column, value)` for every stored entry of `row`, in ascending order of columns.
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

/// Selected rows and columns of a matrix.
#[derive(Debug, Clone)]
pub(crate) struct Selection<'a> {
    x: &'a CsrMatrix,
    rows: &'a [usize],
    /// New position of every column, `u32::MAX` for a column that is left out.
    target: Vec<u32>,
    n_cols: usize,
}

impl<'a> Selection<'a> {
    /// `cols` must be ascending, so that visits keep their order.
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

/// A matrix whose stored values are read as `f(row, value)`.
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

/// Folds the stored entries of every column, per block of rows and in row order within a block.
/// Returns `(rows of the block, state of every column)` for each block.
fn column_folds<R: Rows, S: Copy + Default + Send>(
    rows: &R,
    f: impl Fn(&mut S, usize, usize, f32) + Sync,
) -> Vec<(usize, Vec<S>)> {
    let n = rows.n_rows();
    let size = n.div_ceil(BLOCKS).max(1);
    (0..n.div_ceil(size))
        .into_par_iter()
        .map(|block| {
            let span = block * size..((block + 1) * size).min(n);
            let mut states = vec![S::default(); rows.n_cols()];
            for i in span.clone() {
                rows.visit(i, |j, v| f(&mut states[j], i, j, v));
            }
            (span.len(), states)
        })
        .collect()
}

/// Sums `f(row, column, value)` over the stored entries of every column.
pub(crate) fn column_sums<R: Rows, const K: usize>(
    rows: &R,
    f: impl Fn(usize, usize, f32) -> [f64; K] + Sync,
) -> Vec<[f64; K]>
where
    [f64; K]: Default,
{
    let add = |sums: &mut [f64; K], terms: [f64; K]| {
        sums.iter_mut().zip(terms).for_each(|(sum, term)| *sum += term);
    };
    let mut total = vec![[0.0; K]; rows.n_cols()];
    for (_, part) in column_folds(rows, |sums, i, j, v| add(sums, f(i, j, v))) {
        total.iter_mut().zip(part).for_each(|(total, part)| add(total, part));
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

/// One column within one block, relative to its first stored value.
#[derive(Clone, Copy, Default)]
struct Shifted {
    origin: f64,
    stored: f64,
    sum: f64,
    squares: f64,
}

/// Mean and variance of every column in one pass.
///
/// Sums are relative to a value of the column, so a constant column has a variance of exactly zero.
/// They are merged block by block (Chan, Golub and LeVeque 1983). The mean is the total over n, so
/// genes with equal totals have equal means to the last bit: ties matter to a loess. A single row
/// has a variance of zero.
pub(crate) fn moments<R: Rows>(rows: &R) -> Moments {
    let blocks = column_folds(rows, |s: &mut Shifted, _, _, v| {
        let v = f64::from(v);
        if s.stored == 0.0 {
            s.origin = v;
        }
        s.stored += 1.0;
        s.sum += v - s.origin;
        s.squares += (v - s.origin).powi(2);
    });
    let mut total = vec![0.0; rows.n_cols()];
    let mut m2 = vec![0.0; rows.n_cols()];
    let mut before = 0.0;
    for (n, columns) in blocks {
        let n = n as f64;
        let share = n / (before + n);
        for (s, (total, m2)) in columns.iter().zip(total.iter_mut().zip(&mut m2)) {
            let zeros = n - s.stored;
            let sum = s.sum - zeros * s.origin;
            let squares = s.squares + zeros * s.origin * s.origin;
            let mean_before = if before > 0.0 { *total / before } else { 0.0 };
            let delta = s.origin + sum / n - mean_before;
            *total += s.sum + s.stored * s.origin;
            *m2 += (squares - sum * sum / n).max(0.0) + delta * delta * before * share;
        }
        before += n;
    }
    let mean = total.into_iter().map(|t| t / before.max(1.0)).collect();
    let degrees = (before - 1.0).max(1.0);
    Moments { mean, var: m2.into_iter().map(|m2| m2 / degrees).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_match_a_hand_count() {
        let x = CsrMatrix::from_dense(3, 2, &[1., 7.1, 0., 7.1, 2., 7.1]).unwrap();
        let m = moments(&x);
        assert_eq!(m.mean, [1.0, f64::from(7.1f32)]);
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
