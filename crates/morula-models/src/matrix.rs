//! Small dense results on the host.

use burn::tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use crate::{ModelError, Result};

/// A dense row-major matrix on the host.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Matrix {
    values: Vec<f32>,
    n_cols: usize,
}

impl Matrix {
    /// Takes values row after row.
    pub(crate) fn new(values: Vec<f32>, n_cols: usize) -> Self {
        Self { values, n_cols }
    }

    /// Number of columns.
    pub fn n_cols(&self) -> usize {
        self.n_cols
    }

    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        self.values.len() / self.n_cols.max(1)
    }

    /// All values, row after row.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// The values, row after row.
    pub(crate) fn into_values(self) -> Vec<f32> {
        self.values
    }

    /// One row.
    ///
    /// # Panics
    /// When there is no such row, as slices do.
    pub fn row(&self, i: usize) -> &[f32] {
        &self.values[i * self.n_cols..(i + 1) * self.n_cols]
    }

    /// Whether it has this shape, down to the last value; one read from a file may not.
    pub(crate) fn is_of(&self, n_rows: usize, n_cols: usize) -> bool {
        self.n_cols == n_cols && Some(self.values.len()) == n_rows.checked_mul(n_cols)
    }

    /// Position of the largest value of every row, the first of several.
    pub(crate) fn argmax(&self) -> Vec<usize> {
        let largest = |row: &[f32]| {
            (0..row.len()).reduce(|best, k| if row[k] > row[best] { k } else { best })
        };
        self.values.chunks(self.n_cols.max(1)).map(|row| largest(row).unwrap_or(0)).collect()
    }

    /// The columns in another order: column `k` becomes column `to[k]`.
    pub(crate) fn with_columns(&self, to: &[usize]) -> Self {
        let mut values = vec![0.0; self.values.len()];
        let rows = self.values.chunks(self.n_cols.max(1));
        for (row, moved) in rows.zip(values.chunks_mut(self.n_cols.max(1))) {
            row.iter().zip(to).for_each(|(&value, &to)| moved[to] = value);
        }
        Self::new(values, self.n_cols)
    }

    /// Reads a tensor back from its device.
    pub(crate) fn read(x: Tensor<2>, what: &'static str) -> Result<Self> {
        let [_, n_cols] = x.dims();
        Ok(Self { values: read(x, what)?, n_cols })
    }

    /// Uploads to a device.
    pub(crate) fn to_tensor(&self, device: &Device) -> Tensor<2> {
        let data = TensorData::new(self.values.clone(), [self.n_rows(), self.n_cols]);
        Tensor::from_data(data, device)
    }
}

/// Reads a float tensor back from its device, which waits for it: not for use in a training step.
#[allow(clippy::disallowed_methods, reason = "the one place where models read")]
pub(crate) fn read<const D: usize>(x: Tensor<D>, what: &'static str) -> Result<Vec<f32>> {
    #[cfg(test)]
    READS.set(READS.get() + 1);
    let read = x.inner().try_into_vec_as();
    read.map_err(|e| ModelError::Read { what, why: e.to_string() })
}

#[cfg(test)]
thread_local! {
    /// How often this thread has read from a device.
    pub(crate) static READS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}
