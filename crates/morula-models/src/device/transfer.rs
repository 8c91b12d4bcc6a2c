//! Transfers of tensors to the host, and of host matrices to a device.

use burn::tensor::{Device, Tensor, TensorData};
use morula_data::DenseMatrix;

use crate::{ModelError, Result};

/// Reads a float tensor from its device and waits for it. A training step must not call this.
#[allow(clippy::disallowed_methods, reason = "the one place where models read")]
pub(crate) fn read<const D: usize>(x: Tensor<D>, what: &'static str) -> Result<Vec<f32>> {
    #[cfg(test)]
    READS.set(READS.get() + 1);
    let read = x.inner().try_into_vec_as();
    read.map_err(|e| ModelError::Read { what, why: e.to_string() })
}

/// [`read`] of a matrix.
pub(crate) fn read_matrix(x: Tensor<2>, what: &'static str) -> Result<DenseMatrix> {
    let [_, n_cols] = x.dims();
    Ok(DenseMatrix::from_rows(read(x, what)?, n_cols))
}

/// Uploads a matrix to a device.
pub(crate) fn upload(matrix: &DenseMatrix, device: &Device) -> Tensor<2> {
    #[cfg(test)]
    UPLOADS.set(UPLOADS.get() + 1);
    let shape = [matrix.n_rows(), matrix.n_cols()];
    Tensor::from_data(TensorData::new(matrix.values().to_vec(), shape), device)
}

#[cfg(test)]
thread_local! {
    /// Reads from a device by this thread.
    pub(crate) static READS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
    /// Matrices that this thread has uploaded.
    pub(crate) static UPLOADS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}
