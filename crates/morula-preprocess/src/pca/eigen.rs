//! Dense symmetric eigenvalues, on one thread for repeatable results.

use crate::{PreprocessError, Result};
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::evd::{ComputeEigenvectors, self_adjoint_evd, self_adjoint_evd_scratch};
use faer::{Mat, MatRef, Par, diag::Diag};

/// Eigenvalues (descending) and eigenvectors (in columns) of a symmetric matrix; reads its lower
/// half.
pub(super) fn symmetric_eigen(h: MatRef<'_, f64>) -> Result<(Vec<f64>, Mat<f64>)> {
    let n = h.nrows();
    let mut values = Diag::zeros(n);
    let mut vectors = Mat::zeros(n, n);
    let needed =
        self_adjoint_evd_scratch::<f64>(n, ComputeEigenvectors::Yes, Par::Seq, Default::default());
    self_adjoint_evd(
        h,
        values.as_mut(),
        Some(vectors.as_mut()),
        Par::Seq,
        MemStack::new(&mut MemBuffer::new(needed)),
        Default::default(),
    )
    .map_err(|_| PreprocessError::NoConvergence { what: "eigendecomposition" })?;
    let values = values.column_vector().iter().rev().copied().collect();
    Ok((values, Mat::from_fn(n, n, |i, j| vectors[(i, n - 1 - j)])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_two_by_two_by_hand() {
        let h = Mat::from_fn(2, 2, |i, j| if i == j { 2.0 } else { 1.0 });
        let (values, vectors) = symmetric_eigen(h.as_ref()).unwrap();
        assert!((values[0] - 3.0).abs() < 1e-14 && (values[1] - 1.0).abs() < 1e-14);
        assert!((vectors[(0, 0)] - vectors[(1, 0)]).abs() < 1e-14);
    }
}
