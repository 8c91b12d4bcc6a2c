//! Conversions from and to the sparse matrices of other libraries.

use crate::{CsrMatrix, DataError, Result};

/// Moves the parts; nothing is copied.
#[cfg(feature = "sprs")]
impl From<CsrMatrix> for sprs::CsMatI<f32, u32, usize> {
    fn from(matrix: CsrMatrix) -> Self {
        let shape = (matrix.n_rows(), matrix.n_cols());
        let (indptr, indices, data) = matrix.into_parts();
        // Cannot fail: both types have the same invariants.
        sprs::CsMatI::new(shape, indptr, indices, data)
    }
}

/// Moves the parts. Compressed columns are converted to compressed rows.
#[cfg(feature = "sprs")]
impl<I: sprs::SpIndex> TryFrom<sprs::CsMatI<f32, I, usize>> for CsrMatrix {
    type Error = DataError;

    fn try_from(matrix: sprs::CsMatI<f32, I, usize>) -> Result<Self> {
        let matrix = if matrix.is_csr() { matrix } else { matrix.to_csr() };
        let (rows, cols) = matrix.shape();
        let (indptr, indices, data) = matrix.into_raw_storage();
        CsrMatrix::new(rows, cols, indptr, narrow(indices.iter().map(|i| i.index()))?, data)
    }
}

/// Copies the entries.
#[cfg(feature = "nalgebra-sparse")]
impl From<&CsrMatrix> for nalgebra_sparse::CsrMatrix<f32> {
    fn from(matrix: &CsrMatrix) -> Self {
        let mut entries = nalgebra_sparse::CooMatrix::new(matrix.n_rows(), matrix.n_cols());
        for (i, (cols, values)) in matrix.rows().enumerate() {
            for (&j, &value) in cols.iter().zip(values) {
                entries.push(i, j as usize, value);
            }
        }
        Self::from(&entries)
    }
}

/// Copies the column indices and moves the rest.
#[cfg(feature = "nalgebra-sparse")]
impl TryFrom<nalgebra_sparse::CsrMatrix<f32>> for CsrMatrix {
    type Error = DataError;

    fn try_from(matrix: nalgebra_sparse::CsrMatrix<f32>) -> Result<Self> {
        let (rows, cols) = (matrix.nrows(), matrix.ncols());
        let (indptr, indices, data) = matrix.disassemble();
        CsrMatrix::new(rows, cols, indptr, narrow(indices.into_iter())?, data)
    }
}

/// Columns as 32-bit numbers.
fn narrow(columns: impl Iterator<Item = usize>) -> Result<Vec<u32>> {
    let narrow = |c: usize| {
        let what = || format!("column {c} does not fit into 32 bits");
        u32::try_from(c).map_err(|_| DataError::Csr { what: what() })
    };
    columns.map(narrow).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> CsrMatrix {
        CsrMatrix::from_dense(3, 4, &[0., 1., 0., 2., 0., 0., 0., 0., 3., 0., 4., 0.]).unwrap()
    }

    #[cfg(feature = "sprs")]
    #[test]
    fn sprs_round_trip() {
        let theirs: sprs::CsMatI<f32, u32, usize> = small().into();
        assert_eq!(theirs.get(2, 2), Some(&4.0));
        assert_eq!(CsrMatrix::try_from(theirs.clone()).unwrap(), small());
        assert_eq!(CsrMatrix::try_from(theirs.to_csc()).unwrap(), small());
        assert_eq!(CsrMatrix::try_from(theirs.transpose_into()).unwrap(), small().transpose());

        let empty = CsrMatrix::from_dense(2, 0, &[]).unwrap();
        let theirs: sprs::CsMatI<f32, u32, usize> = empty.clone().into();
        assert_eq!(theirs.shape(), (2, 0));
        assert_eq!(CsrMatrix::try_from(theirs).unwrap(), empty);
    }

    #[cfg(feature = "sprs")]
    #[test]
    fn sprs_columns_beyond_32_bits_are_refused() {
        let column = |c: usize| {
            let theirs =
                sprs::CsMatI::<f32, usize, usize>::new((1, c + 1), vec![0, 1], vec![c], vec![1.0]);
            CsrMatrix::try_from(theirs)
        };
        assert_eq!(column(3).unwrap().to_dense(), [0.0, 0.0, 0.0, 1.0]);
        assert!(matches!(column(1 << 32), Err(DataError::Csr { .. })));
    }

    #[cfg(feature = "nalgebra-sparse")]
    #[test]
    fn nalgebra_round_trip() {
        let theirs = nalgebra_sparse::CsrMatrix::from(&small());
        assert_eq!(theirs.get_entry(2, 2).map(|e| e.into_value()), Some(4.0));
        assert_eq!(CsrMatrix::try_from(theirs).unwrap(), small());

        let empty = CsrMatrix::from_dense(2, 0, &[]).unwrap();
        let theirs = nalgebra_sparse::CsrMatrix::from(&empty);
        assert_eq!((theirs.nrows(), theirs.ncols()), (2, 0));
        assert_eq!(CsrMatrix::try_from(theirs).unwrap(), empty);
    }

    #[cfg(feature = "nalgebra-sparse")]
    #[test]
    fn nalgebra_columns_beyond_32_bits_are_refused() {
        let column = |c: usize| {
            let (offsets, columns, values) = (vec![0, 1], vec![c], vec![1.0]);
            let theirs =
                nalgebra_sparse::CsrMatrix::try_from_csr_data(1, c + 1, offsets, columns, values);
            CsrMatrix::try_from(theirs.unwrap())
        };
        assert_eq!(column(3).unwrap().to_dense(), [0.0, 0.0, 0.0, 1.0]);
        assert!(matches!(column(1 << 32), Err(DataError::Csr { .. })));
    }
}
