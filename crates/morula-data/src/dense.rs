//! Dense matrices: embeddings and probabilities, one row per cell.

use serde::{Deserialize, Serialize};

use crate::{DataError, Result};

/// A dense row-major matrix of `f32` values.
///
/// ```
/// use morula_data::DenseMatrix;
///
/// let embedding = DenseMatrix::new(2, 3, vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0])?;
/// assert_eq!(embedding.row(1), [3.0, 4.0, 5.0]);
/// assert!(DenseMatrix::new(2, 3, vec![0.0; 5]).is_err());
/// # Ok::<(), morula_data::DataError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct DenseMatrix {
    n_rows: usize,
    n_cols: usize,
    values: Vec<f32>,
}

/// The form in files: the rows follow from the values.
#[derive(Serialize, Deserialize)]
struct Stored {
    values: Vec<f32>,
    n_cols: usize,
}

impl TryFrom<Stored> for DenseMatrix {
    type Error = DataError;

    fn try_from(Stored { values, n_cols }: Stored) -> Result<Self> {
        Self::new(values.len() / n_cols.max(1), n_cols, values)
    }
}

impl From<DenseMatrix> for Stored {
    fn from(DenseMatrix { n_cols, values, .. }: DenseMatrix) -> Self {
        Self { values, n_cols }
    }
}

impl DenseMatrix {
    /// Builds a matrix of `n_rows * n_cols` values, row by row.
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

    /// Builds a matrix of as many whole rows as the values make; a rest is left out.
    pub fn from_rows(mut values: Vec<f32>, n_cols: usize) -> Self {
        let n_rows = values.len().checked_div(n_cols).unwrap_or(0);
        values.truncate(n_rows * n_cols);
        Self { n_rows, n_cols, values }
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

    /// The values, row by row.
    pub fn into_values(self) -> Vec<f32> {
        self.values
    }

    /// One row.
    ///
    /// # Panics
    /// When there is no such row, as slices do.
    pub fn row(&self, i: usize) -> &[f32] {
        &self.values[i * self.n_cols..(i + 1) * self.n_cols]
    }

    /// Every row.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        (0..self.n_rows).map(|i| self.row(i))
    }

    /// CRC-32 of the rows without NaN. It shows whether a result was made from these rows, whatever
    /// rows without values lie between them.
    pub fn checksum(&self) -> u32 {
        let mut hasher = crc32fast::Hasher::new();
        for row in self.rows().filter(|row| row.iter().all(|v| !v.is_nan())) {
            row.iter().for_each(|v| hasher.update(&v.to_le_bytes()));
        }
        hasher.finalize()
    }

    /// Column of the largest value of every row, the first of several; 0 without columns.
    pub fn argmax(&self) -> Vec<usize> {
        let largest = |row: &[f32]| {
            (0..row.len()).reduce(|best, k| if row[k] > row[best] { k } else { best })
        };
        self.rows().map(|row| largest(row).unwrap_or(0)).collect()
    }

    /// The columns in another order: column `k` becomes column `to[k]`.
    ///
    /// # Panics
    /// When `to` has fewer columns, or one beyond the last.
    #[must_use]
    pub fn with_columns(&self, to: &[usize]) -> Self {
        let mut values = vec![0.0; self.values.len()];
        for (row, moved) in self.rows().zip(values.chunks_mut(self.n_cols.max(1))) {
            row.iter().enumerate().for_each(|(k, &value)| moved[to[k]] = value);
        }
        Self { values, ..*self }
    }

    /// Every row scaled to Euclidean length 1, so that directions count; a zero row stays zero.
    #[must_use]
    pub fn unit_rows(&self) -> Self {
        let mut values = self.values.clone();
        for row in values.chunks_mut(self.n_cols.max(1)) {
            let norm = row.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>().sqrt();
            if norm > 0.0 {
                row.iter_mut().for_each(|v| *v = (f64::from(*v) / norm) as f32);
            }
        }
        Self { values, ..*self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix() -> DenseMatrix {
        DenseMatrix::from_rows(vec![1.0, 3.0, 3.0, 0.0, -1.0, -2.0, 9.0], 3)
    }

    #[test]
    fn rows_without_values_are_not_in_the_checksum() {
        let of = |values: &[f32]| DenseMatrix::from_rows(values.to_vec(), 2).checksum();
        assert_eq!(of(&[1.0, 2.0, 3.0, 4.0]), of(&[1.0, 2.0, f32::NAN, 0.0, 3.0, 4.0]));
        for other in [[1.0, 2.0, 4.0, 3.0], [3.0, 4.0, 1.0, 2.0], [1.0, 2.0, 3.0, 4.000_001]] {
            assert_ne!(of(&[1.0, 2.0, 3.0, 4.0]), of(&other));
        }
    }

    #[test]
    fn rows_are_whole() {
        assert_eq!((matrix().n_rows(), matrix().values().len()), (2, 6));
        assert_eq!(DenseMatrix::from_rows(vec![1.0], 0), DenseMatrix::default());
        assert_eq!(DenseMatrix::new(4, 0, vec![]).unwrap().rows().len(), 4);
    }

    #[test]
    fn the_first_of_the_largest_values_counts() {
        assert_eq!(matrix().argmax(), [1, 0]);
        assert_eq!(DenseMatrix::new(2, 0, vec![]).unwrap().argmax(), [0, 0]);
    }

    #[test]
    fn columns_move() {
        assert_eq!(matrix().with_columns(&[2, 0, 1]).values(), [3., 3., 1., -1., -2., 0.]);
    }

    #[test]
    fn unit_rows_have_length_1_or_0() {
        let x = DenseMatrix::from_rows(vec![3.0, 4.0, 0.0, 0.0], 2);
        assert_eq!(x.unit_rows().values(), [0.6, 0.8, 0.0, 0.0]);
    }

    #[test]
    fn files_hold_values_and_columns() {
        let text = serde_json::to_string(&matrix()).unwrap();
        assert_eq!(text, r#"{"values":[1.0,3.0,3.0,0.0,-1.0,-2.0],"n_cols":3}"#);
        assert_eq!(serde_json::from_str::<DenseMatrix>(&text).unwrap(), matrix());
        assert!(serde_json::from_str::<DenseMatrix>(r#"{"values":[1,2],"n_cols":3}"#).is_err());
    }
}
