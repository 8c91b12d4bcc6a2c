//! Compressed sparse rows: the only sparse layout in the workspace.

use crate::counts::is_whole;
use crate::{DataError, Result};

/// A sparse matrix in compressed rows, with `f32` values.
///
/// Row `i` consists of the entries `indptr[i]..indptr[i + 1]` of `indices` (columns) and `data`
/// (values). Column indices increase strictly within a row and are below `n_cols`. Explicit zeros
/// are allowed.
#[derive(Debug, Clone)]
pub struct CsrMatrix {
    n_cols: usize,
    indptr: Vec<usize>,
    indices: Vec<u32>,
    data: Vec<f32>,
    /// Row, column and value of the first value of the source that single precision does not hold.
    inexact: Option<(usize, u32, f64)>,
    /// Fractions of a file that single precision turned into whole numbers.
    n_hidden: usize,
}

/// Equality of shape and values.
impl PartialEq for CsrMatrix {
    fn eq(&self, other: &Self) -> bool {
        (self.n_cols, &self.indptr, &self.indices, &self.data)
            == (other.n_cols, &other.indptr, &other.indices, &other.data)
    }
}

/// No rows and no columns.
impl Default for CsrMatrix {
    fn default() -> Self {
        Self::of(0, vec![0], Vec::new(), Vec::new())
    }
}

impl CsrMatrix {
    /// Parts that are known to fit.
    fn of(n_cols: usize, indptr: Vec<usize>, indices: Vec<u32>, data: Vec<f32>) -> Self {
        Self { n_cols, indptr, indices, data, inexact: None, n_hidden: 0 }
    }

    /// Whether single precision does not hold a value of a file.
    ///
    /// Noise around a whole number that is held does not count: that of double precision, a few of
    /// its steps, and that of single precision, half of its step to a millionth. Between them lies
    /// no noise but a fraction, such as 1.000000001.
    pub fn is_inexact(value: f64) -> bool {
        let held = f64::from(value as f32);
        if held == value || value.is_nan() {
            return false;
        }
        let whole = value.round();
        let (off, size) = ((value - whole).abs(), whole.abs());
        let double = off <= 4.0 * f64::EPSILON * size;
        let single = off >= 0.25 * f64::from(f32::EPSILON) * size && is_whole(value);
        !(held.round() == whole && (double || single))
    }

    /// Whether single precision hides that a value of a file is a fraction.
    pub(crate) fn is_hidden(value: f64) -> bool {
        f64::from(value as f32).fract() == 0.0 && value.fract() != 0.0 && Self::is_inexact(value)
    }

    pub(crate) fn n_hidden(&self) -> usize {
        self.n_hidden
    }

    pub(crate) fn set_hidden(&mut self, n: usize) {
        self.n_hidden = n;
    }

    pub(crate) fn inexact(&self) -> Option<(usize, u32, f64)> {
        self.inexact
    }

    /// Notes the row, column and value of the first value that [is
    /// inexact](Self::is_inexact) in the source of this matrix. A
    /// [`CountMatrix`](crate::CountMatrix) refuses it and names it.
    #[must_use]
    pub fn with_inexact(mut self, first: Option<(usize, u32, f64)>) -> Self {
        self.inexact = first;
        self
    }

    pub(crate) fn set_inexact(&mut self, first: Option<(usize, u32, f64)>) {
        self.inexact = first;
    }

    /// Builds a matrix from its parts and checks every invariant.
    ///
    /// Rows with unordered columns are sorted, and duplicates are summed.
    ///
    /// # Errors
    /// [`DataError::Csr`] when the lengths disagree, `indptr` decreases or a
    /// column is out of range.
    pub fn new(
        n_rows: usize,
        n_cols: usize,
        indptr: Vec<usize>,
        indices: Vec<u32>,
        data: Vec<f32>,
    ) -> Result<Self> {
        let fail = |what: String| Err(DataError::Csr { what });
        if Some(indptr.len()) != n_rows.checked_add(1) || indptr[0] != 0 {
            return fail(format!(
                "indptr must hold {n_rows} + 1 offsets starting at 0, found {}",
                indptr.len()
            ));
        }
        if indices.len() != data.len() || indptr[n_rows] != data.len() {
            return fail(format!(
                "indptr ends at {}, but there are {} column indices and {} values",
                indptr[n_rows],
                indices.len(),
                data.len()
            ));
        }
        if let Some(row) = indptr.windows(2).position(|w| w[0] > w[1]) {
            return fail(format!("indptr decreases at row {row}"));
        }
        if let Some(p) = indices.iter().position(|&c| c as usize >= n_cols) {
            return fail(format!(
                "column index {} at entry {p}, but there are {n_cols} columns",
                indices[p]
            ));
        }
        let mut csr = Self::of(n_cols, indptr, indices, data);
        csr.sort_rows();
        Ok(csr)
    }

    /// Builds a matrix from dense rows (`n_rows * n_cols` values, row-major). Zeros are dropped.
    ///
    /// # Errors
    /// [`DataError::Csr`] when the length is not `n_rows * n_cols`.
    pub fn from_dense(n_rows: usize, n_cols: usize, values: &[f32]) -> Result<Self> {
        if n_rows.checked_mul(n_cols) != Some(values.len()) {
            let what = format!("{} values cannot fill {n_rows} x {n_cols}", values.len());
            return Err(DataError::Csr { what });
        }
        let (mut indptr, mut indices, mut data) = (vec![0], Vec::new(), Vec::new());
        for row in values.chunks(n_cols.max(1)).take(n_rows) {
            for (j, &v) in row.iter().enumerate().filter(|(_, v)| **v != 0.0) {
                indices.push(j as u32);
                data.push(v);
            }
            indptr.push(data.len());
        }
        indptr.resize(n_rows + 1, data.len());
        Ok(Self::of(n_cols, indptr, indices, data))
    }

    /// The parts: row offsets, columns, values.
    pub fn into_parts(self) -> (Vec<usize>, Vec<u32>, Vec<f32>) {
        (self.indptr, self.indices, self.data)
    }

    /// Number of rows (cells).
    pub fn n_rows(&self) -> usize {
        self.indptr.len() - 1
    }

    /// Number of columns (genes).
    pub fn n_cols(&self) -> usize {
        self.n_cols
    }

    /// Number of stored entries.
    pub fn nnz(&self) -> usize {
        self.data.len()
    }

    /// Row offsets, `n_rows + 1` values.
    pub fn indptr(&self) -> &[usize] {
        &self.indptr
    }

    /// Column of every stored entry.
    pub fn indices(&self) -> &[u32] {
        &self.indices
    }

    /// Value of every stored entry.
    pub fn data(&self) -> &[f32] {
        &self.data
    }

    /// Mutable values; the sparsity pattern stays.
    pub fn data_mut(&mut self) -> &mut [f32] {
        &mut self.data
    }

    /// Columns and values of one row.
    pub fn row(&self, i: usize) -> (&[u32], &[f32]) {
        let span = self.indptr[i]..self.indptr[i + 1];
        (&self.indices[span.clone()], &self.data[span])
    }

    /// Iterates over the rows as (columns, values).
    pub fn rows(&self) -> impl ExactSizeIterator<Item = (&[u32], &[f32])> {
        (0..self.n_rows()).map(|i| self.row(i))
    }

    /// Selects rows by position, in the given order.
    pub fn select_rows(&self, rows: &[usize]) -> Self {
        let nnz = rows.iter().map(|&i| self.indptr[i + 1] - self.indptr[i]).sum();
        let mut indptr = Vec::with_capacity(rows.len() + 1);
        let (mut indices, mut data) = (Vec::with_capacity(nnz), Vec::with_capacity(nnz));
        indptr.push(0);
        for &i in rows {
            let (c, v) = self.row(i);
            indices.extend_from_slice(c);
            data.extend_from_slice(v);
            indptr.push(data.len());
        }
        let mut out = Self::of(self.n_cols, indptr, indices, data);
        out.n_hidden = self.n_hidden;
        out.inexact = self.inexact.and_then(|(row, col, value)| {
            rows.iter().position(|&i| i == row).map(|row| (row, col, value))
        });
        out
    }

    /// Selects columns by position (distinct), in the given order.
    pub fn select_cols(&self, cols: &[usize]) -> Self {
        let mut target = vec![u32::MAX; self.n_cols];
        for (new, &old) in cols.iter().enumerate() {
            target[old] = new as u32;
        }
        let (mut indptr, mut indices, mut data) = (vec![0], Vec::new(), Vec::new());
        for (c, v) in self.rows() {
            for (&c, &v) in c.iter().zip(v) {
                if target[c as usize] != u32::MAX {
                    indices.push(target[c as usize]);
                    data.push(v);
                }
            }
            indptr.push(data.len());
        }
        let mut out = Self::of(cols.len(), indptr, indices, data);
        out.n_hidden = self.n_hidden;
        out.inexact = self.inexact.and_then(|(row, col, value)| {
            let col = target[col as usize];
            (col != u32::MAX).then_some((row, col, value))
        });
        if cols.windows(2).any(|w| w[0] > w[1]) {
            out.sort_rows();
        }
        out
    }

    /// The transpose, also in compressed rows.
    pub fn transpose(&self) -> Self {
        let mut indptr = vec![0; self.n_cols + 1];
        for &c in &self.indices {
            indptr[c as usize + 1] += 1;
        }
        for j in 0..self.n_cols {
            indptr[j + 1] += indptr[j];
        }
        let mut next = indptr.clone();
        let mut indices = vec![0; self.nnz()];
        let mut data = vec![0.0; self.nnz()];
        for (i, (c, v)) in self.rows().enumerate() {
            for (&c, &v) in c.iter().zip(v) {
                let p = &mut next[c as usize];
                indices[*p] = i as u32;
                data[*p] = v;
                *p += 1;
            }
        }
        let mut out = Self::of(self.n_rows(), indptr, indices, data);
        out.n_hidden = self.n_hidden;
        out.inexact = self.inexact.map(|(row, col, value)| (col as usize, row as u32, value));
        out
    }

    /// A dense row-major copy, for tests and small blocks.
    pub fn to_dense(&self) -> Vec<f32> {
        let mut out = vec![0.0; self.n_rows() * self.n_cols];
        for (i, (c, v)) in self.rows().enumerate() {
            for (&c, &v) in c.iter().zip(v) {
                out[i * self.n_cols + c as usize] = v;
            }
        }
        out
    }

    /// Restores increasing, distinct columns in every row.
    fn sort_rows(&mut self) {
        let ordered = |c: &[u32]| c.windows(2).all(|w| w[0] < w[1]);
        if (0..self.n_rows()).all(|i| ordered(self.row(i).0)) {
            return;
        }
        let (mut indptr, mut indices, mut data) = (vec![0], Vec::new(), Vec::new());
        for i in 0..self.n_rows() {
            let (c, v) = self.row(i);
            let mut entries: Vec<_> = c.iter().copied().zip(v.iter().copied()).collect();
            entries.sort_by_key(|e| e.0);
            let start = indices.len();
            for (c, v) in entries {
                if indices.len() > start && indices.last() == Some(&c) {
                    let last = data.len() - 1;
                    data[last] += v;
                } else {
                    indices.push(c);
                    data.push(v);
                }
            }
            indptr.push(indices.len());
        }
        (self.indptr, self.indices, self.data) = (indptr, indices, data);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> CsrMatrix {
        CsrMatrix::new(3, 4, vec![0, 2, 2, 4], vec![3, 0, 1, 1], vec![5., 1., 2., 3.]).unwrap()
    }

    #[test]
    fn rows_are_sorted_and_duplicates_summed() {
        let m = small();
        assert_eq!(m.row(0), (&[0u32, 3][..], &[1f32, 5.][..]));
        assert_eq!(m.row(2), (&[1u32][..], &[5f32][..]));
    }

    #[test]
    fn transpose_twice_is_identity() {
        assert_eq!(small().transpose().transpose(), small());
    }

    #[test]
    fn dense_round_trip() {
        let m = small();
        assert_eq!(CsrMatrix::from_dense(3, 4, &m.to_dense()).unwrap(), m);
    }

    #[test]
    fn selection_follows_the_order_asked_for() {
        let m = small().select_rows(&[2, 0]).select_cols(&[3, 1]);
        assert_eq!(m.to_dense(), vec![0., 5., 5., 0.]);
    }

    #[test]
    fn broken_parts_are_refused() {
        assert!(CsrMatrix::new(1, 2, vec![0, 1], vec![2], vec![1.]).is_err());
        assert!(CsrMatrix::new(1, 2, vec![0, 2], vec![0], vec![1.]).is_err());
        assert!(CsrMatrix::new(2, 2, vec![0, 1, 0], vec![], vec![]).is_err());
    }

    #[test]
    fn matrices_without_rows_or_columns_are_sound() {
        for (rows, cols) in [(0, 0), (0, 3), (3, 0)] {
            let m = CsrMatrix::from_dense(rows, cols, &[]).unwrap();
            assert_eq!((m.n_rows(), m.n_cols(), m.nnz()), (rows, cols, 0));
            assert_eq!(m.transpose().transpose(), m);
            assert_eq!(m.rows().count(), rows);
            assert!(m.select_rows(&[]).to_dense().is_empty());
        }
        assert_eq!(CsrMatrix::default(), CsrMatrix::from_dense(0, 0, &[]).unwrap());
        assert!(CsrMatrix::from_dense(usize::MAX, 2, &[]).is_err(), "no overflow");
        assert!(CsrMatrix::new(usize::MAX, 2, vec![], vec![], vec![]).is_err(), "no overflow");
    }
}
