//! Rows whose columns mostly hold one value.

use crate::{PreprocessError, Result};
use morula_data::CsrMatrix;

/// Rows whose columns mostly hold one value, such as z-scores of counts:
/// `x_ij = base_j + offset_ij`, with sparse offsets.
#[derive(Debug, Clone, PartialEq)]
pub struct OffsetRows {
    base: Vec<f32>,
    offsets: CsrMatrix,
}

impl OffsetRows {
    /// Rows in which a zero of `x` in column `j` is `base[j]` and a stored value is
    /// `f(row, j, value)`.
    pub(crate) fn of_sparse(
        x: &CsrMatrix,
        base: Vec<f32>,
        f: impl Fn(usize, usize, f32) -> f32,
    ) -> Self {
        let mut offsets = x.clone();
        let (indptr, indices) = (x.indptr(), x.indices());
        let values = offsets.data_mut();
        for (i, span) in indptr.windows(2).enumerate() {
            let entries = values[span[0]..span[1]].iter_mut().zip(&indices[span[0]..span[1]]);
            entries.for_each(|(v, &j)| *v = f(i, j as usize, *v) - base[j as usize]);
        }
        Self { base, offsets }
    }

    /// Dense rows, row-major. The base of a column is the value that fills most of it.
    ///
    /// The majority vote of Boyer and Moore finds a value that fills more than half of a column.
    /// Otherwise the result is still correct, but less sparse.
    ///
    /// # Errors
    /// [`PreprocessError::Shape`] when the length is not a multiple of `n_cols`;
    /// [`PreprocessError::NotFinite`] for NaN or infinite values.
    pub fn from_dense(x: &[f32], n_cols: usize) -> Result<Self> {
        if n_cols == 0 || !x.len().is_multiple_of(n_cols) {
            let (expected, found) = (n_cols, x.len());
            return Err(PreprocessError::Shape { what: "columns of dense rows", expected, found });
        }
        if let Some(p) = x.iter().position(|v| !v.is_finite()) {
            let (row, col) = (p / n_cols, p % n_cols);
            return Err(PreprocessError::NotFinite { row, col, value: x[p] });
        }
        let base = majority(x, n_cols);
        let stored = x.chunks_exact(n_cols).flat_map(|r| r.iter().zip(&base));
        let nnz = stored.filter(|(v, b)| v != b).count();
        let (mut indptr, mut indices) = (vec![0], Vec::with_capacity(nnz));
        let mut data = Vec::with_capacity(nnz);
        for row in x.chunks_exact(n_cols) {
            for (j, (&v, &b)) in row.iter().zip(&base).enumerate().filter(|(_, (v, b))| v != b) {
                indices.push(j as u32);
                data.push(v - b);
            }
            indptr.push(data.len());
        }
        let offsets = CsrMatrix::new(x.len() / n_cols, n_cols, indptr, indices, data)?;
        Ok(Self { base, offsets })
    }

    /// The base of every column.
    pub fn base(&self) -> &[f32] {
        &self.base
    }

    /// What every value has beyond the base of its column.
    pub fn offsets(&self) -> &CsrMatrix {
        &self.offsets
    }
}

/// The value that fills most of every column.
fn majority(x: &[f32], n_cols: usize) -> Vec<f32> {
    let mut base = vec![0f32; n_cols];
    let mut votes = vec![0usize; n_cols];
    for row in x.chunks_exact(n_cols) {
        for ((&v, base), votes) in row.iter().zip(&mut base).zip(&mut votes) {
            match (*votes, v == *base) {
                (0, _) => (*base, *votes) = (v, 1),
                (_, true) => *votes += 1,
                (_, false) => *votes -= 1,
            }
        }
    }
    base
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_majority_goes_out() {
        let x = [5., 1., 5., 2., 7., 1., 5., 1.];
        let rows = OffsetRows::from_dense(&x, 2).unwrap();
        assert_eq!(rows.base(), [5., 1.]);
        assert_eq!(rows.offsets().to_dense(), [0., 0., 0., 1., 2., 0., 0., 0.]);
        assert_eq!(rows.offsets().nnz(), 2);
    }

    #[test]
    fn zeros_of_sparse_rows_are_the_base() {
        let x = CsrMatrix::from_dense(2, 2, &[0., 3., 4., 0.]).unwrap();
        let rows = OffsetRows::of_sparse(&x, vec![-1., -2.], |i, j, v| v * 10. + (i + j) as f32);
        assert_eq!(rows.base(), [-1., -2.]);
        assert_eq!(rows.offsets().to_dense(), [0., 33., 42., 0.]);
    }

    #[test]
    fn odd_lengths_and_nan_are_refused() {
        assert!(OffsetRows::from_dense(&[1.0; 3], 2).is_err());
        assert!(OffsetRows::from_dense(&[], 0).is_err());
        assert!(OffsetRows::from_dense(&[1.0, f32::NAN], 2).is_err());
    }
}
