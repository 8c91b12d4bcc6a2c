//! Dense matrices: embeddings and probabilities, one row per cell.

use crate::{DataError, Result};

/// A dense row-major matrix, `f32` values.
#[derive(Debug, Clone, PartialEq)]
pub struct DenseMatrix {
    n_rows: usize,
    n_cols: usize,
    values: Vec<f32>,
}

impl DenseMatrix {
    /// Builds a matrix of `n_rows * n_cols` values.
    ///
    /// # Errors
    /// [`DataError::Shape`] when there are more or fewer values.
    pub fn new(n_rows: usize, n_cols: usize, values: Vec<f32>) -> Result<Self> {
        if n_rows.checked_mul(n_cols) != Some(values.len()) {
            return Err(DataError::Shape {
                what: "a dense matrix".into(),
                found: format!("{} values", values.len()),
                expected: format!("{n_rows} x {n_cols}"),
            });
        }
        Ok(Self { n_rows, n_cols, values })
    }

    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Number of columns.
    pub fn n_cols(&self) -> usize {
        self.n_cols
    }

    /// All values, row by row.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// One row.
    pub fn row(&self, i: usize) -> &[f32] {
        &self.values[i * self.n_cols..(i + 1) * self.n_cols]
    }
}
