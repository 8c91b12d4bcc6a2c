//! Matrices of scipy and numpy as compressed rows: one copy of the values, whatever their layout.

use morula::data::CsrMatrix;
use numpy::{PyArray1, PyArray2, PyArrayMethods};
use pyo3::prelude::*;

use crate::arrays::{Number, Singles, columns, of_any_type, offsets, singles};
use crate::errors::{Error, Result, refuse};

/// Compressed rows from scipy's parts of a CSR matrix.
pub fn csr(
    shape: [usize; 2],
    indptr: &Bound<'_, PyAny>,
    indices: &Bound<'_, PyAny>,
    data: &Bound<'_, PyAny>,
) -> Result<CsrMatrix> {
    let (indptr, indices) = (offsets(indptr)?, columns(indices)?);
    let Singles { values, inexact } = singles(data)?;
    let place = |(at, value)| {
        let row = indptr.partition_point(|&start| start <= at).saturating_sub(1);
        (row, indices.get(at).copied().unwrap_or(0), value)
    };
    let inexact = inexact.map(place);
    Ok(CsrMatrix::new(shape[0], shape[1], indptr, indices, values)?.with_inexact(inexact))
}

/// Compressed rows from scipy's parts of a CSC matrix.
pub fn csc(
    shape: [usize; 2],
    indptr: &Bound<'_, PyAny>,
    indices: &Bound<'_, PyAny>,
    data: &Bound<'_, PyAny>,
) -> Result<CsrMatrix> {
    let [n_rows, n_cols] = shape;
    let (indptr, rows) = (offsets(indptr)?, columns(indices)?);
    let whole = indptr.len() == n_cols + 1
        && indptr.first() == Some(&0)
        && indptr.last() == Some(&rows.len())
        && indptr.is_sorted()
        && rows.iter().all(|&i| (i as usize) < n_rows);
    if !whole {
        return refuse("invalid sparse matrix: indptr and indices do not fit its shape");
    }
    let mut starts = vec![0; n_rows + 1];
    rows.iter().for_each(|&i| starts[i as usize + 1] += 1);
    (0..n_rows).for_each(|i| starts[i + 1] += starts[i]);
    let mut next = starts.clone();
    let (mut columns, mut values) = (vec![0; rows.len()], vec![0.0; rows.len()]);
    let mut inexact = None;
    of_any_type!(PyArray1, data, array => {
        if array.len() != rows.len() {
            return refuse("invalid sparse matrix: data and indices differ in length");
        }
        let mut column = 0;
        for (at, (value, &row)) in array.iter().zip(&rows).enumerate() {
            while indptr[column + 1] <= at {
                column += 1;
            }
            let (value, to) = (value.wide(), &mut next[row as usize]);
            if inexact.is_none() && CsrMatrix::is_inexact(value) {
                inexact = Some((row as usize, column as u32, value));
            }
            (columns[*to], values[*to]) = (column as u32, value as f32);
            *to += 1;
        }
    })?;
    Ok(CsrMatrix::new(n_rows, n_cols, starts, columns, values)?.with_inexact(inexact))
}

/// Compressed rows of a dense matrix in any order of memory. Zeros are dropped.
pub fn dense(object: &Bound<'_, PyAny>) -> Result<CsrMatrix> {
    of_any_type!(PyArray2, object, array => {
        let (mut indptr, mut indices) = (vec![0], Vec::new());
        let mut values = Singles::default();
        let mut inexact = None;
        for (i, row) in array.rows().into_iter().enumerate() {
            for (j, value) in row.iter().enumerate().map(|(j, v)| (j, v.wide())) {
                if value != 0.0 {
                    indices.push(j as u32);
                    values.push(value);
                }
            }
            if let (None, Some((at, value))) = (inexact, values.inexact) {
                inexact = Some((i, indices[at], value));
            }
            indptr.push(indices.len());
        }
        let (n_rows, n_cols) = (array.nrows(), array.ncols());
        CsrMatrix::new(n_rows, n_cols, indptr, indices, values.values)?.with_inexact(inexact)
    })
}
