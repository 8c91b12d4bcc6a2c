//! Converts dense rows, whose columns mostly repeat one value, to sparse rows.

use crate::{PreprocessError, Result};
use morula_data::CsrMatrix;

/// Subtracts from each column the value that fills most of it.
///
/// Returns the sparse rest and the value of every column. The majority vote of Boyer and Moore
/// finds a value that fills more than half of a column. Otherwise the result is still correct, but
/// less sparse.
pub(super) fn without_base(x: &[f32], n_cols: usize) -> Result<(CsrMatrix, Vec<f32>)> {
    if n_cols == 0 || !x.len().is_multiple_of(n_cols) {
        let (expected, found) = (n_cols, x.len());
        return Err(PreprocessError::Shape { what: "columns of dense rows", expected, found });
    }
    if let Some(p) = x.iter().position(|v| !v.is_finite()) {
        let (row, col) = (p / n_cols, p % n_cols);
        return Err(PreprocessError::NotFinite { row, col, value: x[p] });
    }
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
    let stored = x.chunks_exact(n_cols).flat_map(|r| r.iter().zip(&base)).filter(|(v, b)| v != b);
    let nnz = stored.count();
    let (mut indptr, mut indices) = (vec![0], Vec::with_capacity(nnz));
    let mut data = Vec::with_capacity(nnz);
    for row in x.chunks_exact(n_cols) {
        for (j, (&v, &b)) in row.iter().zip(&base).enumerate().filter(|(_, (v, b))| v != b) {
            indices.push(j as u32);
            data.push(v - b);
        }
        indptr.push(data.len());
    }
    Ok((CsrMatrix::new(x.len() / n_cols, n_cols, indptr, indices, data)?, base))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_majority_goes_out() {
        let x = [5., 1., 5., 2., 7., 1., 5., 1.];
        let (rest, base) = without_base(&x, 2).unwrap();
        assert_eq!(base, [5., 1.]);
        assert_eq!(rest.to_dense(), [0., 0., 0., 1., 2., 0., 0., 0.]);
        assert_eq!(rest.nnz(), 2);
    }

    #[test]
    fn odd_lengths_and_nan_are_refused() {
        assert!(without_base(&[1.0; 3], 2).is_err());
        assert!(without_base(&[], 0).is_err());
        assert!(without_base(&[1.0, f32::NAN], 2).is_err());
    }
}
