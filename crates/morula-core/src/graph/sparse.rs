//! A sparse matrix on the device.

use burn::backend::Dispatch;
use burn::tensor::{DType, Int, Tensor, TensorCreationOptions, TensorData};

use super::spmm::{Csr, SpmmOps};
use crate::{CoreError, Result};

const OPERATION: &str = "SparseTensor";

/// A constant sparse matrix in compressed sparse rows on the device, with its transpose.
///
/// [`matmul`](Self::matmul) multiplies it by a dense matrix. The gradient with respect to the dense
/// matrix is the product with the transpose. Both are deterministic: every row is summed in the
/// order of its entries, for any number of threads.
///
/// The matrix has no gradient, on an autodiff device either. Clones share the memory.
#[derive(Debug, Clone)]
pub struct SparseTensor {
    rows: Rows,
    transpose: Rows,
    n_rows: usize,
    n_cols: usize,
    n_entries: usize,
}

/// One of the two orientations.
#[derive(Debug, Clone)]
struct Rows {
    row_ptr: Tensor<1, Int>,
    col: Tensor<1, Int>,
    val: Tensor<1>,
}

/// CSR on the host.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct HostCsr {
    pub indptr: Vec<usize>,
    pub indices: Vec<u32>,
    pub values: Vec<f64>,
}

impl SparseTensor {
    /// Copies a CSR matrix to the device: row i holds `values[e]` in column `indices[e]` for e in
    /// `indptr[i]..indptr[i + 1]`. Entries at the same place are summed; the columns of a row may
    /// be in any order.
    ///
    /// `options` is a device, or a device and a float type: `(&device, DType::F64)`.
    ///
    /// # Errors
    /// [`CoreError::Shape`] when `indptr` does not have `n_rows + 1` values or the other two differ
    /// in length; [`CoreError::Parameter`] when `indptr` decreases or does not end at the number
    /// of entries, when a column is not below `n_cols`, and from 2^31 entries, rows or columns on.
    pub fn new(
        n_rows: usize,
        n_cols: usize,
        indptr: &[usize],
        indices: &[u32],
        values: &[f64],
        options: impl Into<TensorCreationOptions>,
    ) -> Result<Self> {
        let csr = HostCsr::checked(n_rows, n_cols, indptr, indices, values)?;
        let options = inner(options);
        let rows = csr.upload(&options);
        let transpose = csr.transpose(n_cols).upload(&options);
        Ok(Self { rows, transpose, n_rows, n_cols, n_entries: indices.len() })
    }

    /// Copies a symmetric `n x n` CSR matrix to the device. It is its own transpose, so it needs
    /// half of the memory.
    ///
    /// # Errors
    /// The errors of [`new`](Self::new), and [`CoreError::Parameter`] when the matrix differs from
    /// its transpose.
    pub fn symmetric(
        n: usize,
        indptr: &[usize],
        indices: &[u32],
        values: &[f64],
        options: impl Into<TensorCreationOptions>,
    ) -> Result<Self> {
        let csr = HostCsr::checked(n, n, indptr, indices, values)?;
        let transpose = csr.transpose(n);
        // Transposing twice sorts the columns, so that their order does not matter.
        if transpose != transpose.transpose(n) {
            let needed = "give a symmetric matrix, or use SparseTensor::new";
            return Err(CoreError::parameter(OPERATION, "values", "not symmetric", needed));
        }
        Ok(Self::own_transpose(&csr, options))
    }

    /// The matrix whose row r has a single 1, in column `rows[r]`. Multiplying by it gathers rows
    /// of a dense matrix; the gradient adds them back without a scatter.
    ///
    /// # Errors
    /// [`CoreError::Parameter`] when a row is not below `n_cols`, and from 2^31 rows or columns on.
    pub fn selection(
        rows: &[usize],
        n_cols: usize,
        options: impl Into<TensorCreationOptions>,
    ) -> Result<Self> {
        let indptr: Vec<usize> = (0..=rows.len()).collect();
        // Saturated numbers are out of range for every width that `new` accepts.
        let indices: Vec<u32> =
            rows.iter().map(|&row| u32::try_from(row).unwrap_or(u32::MAX)).collect();
        Self::new(rows.len(), n_cols, &indptr, &indices, &vec![1.0; rows.len()], options)
    }

    /// The matrix of a CSR that is valid and symmetric.
    pub(super) fn own_transpose(csr: &HostCsr, options: impl Into<TensorCreationOptions>) -> Self {
        let n = csr.indptr.len() - 1;
        let rows = csr.upload(&inner(options));
        let transpose = rows.clone();
        Self { rows, transpose, n_rows: n, n_cols: n, n_entries: csr.indices.len() }
    }

    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Number of columns.
    pub fn n_cols(&self) -> usize {
        self.n_cols
    }

    /// Number of stored entries.
    pub fn n_entries(&self) -> usize {
        self.n_entries
    }

    /// The transposed matrix; it shares the memory.
    pub fn transpose(&self) -> Self {
        Self {
            rows: self.transpose.clone(),
            transpose: self.rows.clone(),
            n_rows: self.n_cols,
            n_cols: self.n_rows,
            n_entries: self.n_entries,
        }
    }

    /// The product with a dense matrix, in the dense matrix's float type.
    ///
    /// `x` may be on an autodiff device; its gradient is the transpose times the output's gradient.
    ///
    /// # Shapes
    /// - x: `[n_cols, d]`
    /// - output: `[n_rows, d]`
    ///
    /// # Panics
    /// When `x` does not have `n_cols` rows or is on another device, like Burn's own `matmul`.
    pub fn matmul(&self, x: Tensor<2>) -> Tensor<2> {
        let Some(matrix) = self.csr(&x) else {
            return Tensor::zeros([self.n_rows, x.dims()[1]], (&x.device(), x.dtype()));
        };
        Tensor::from_dispatch(Dispatch::spmm(matrix, x.into_dispatch()))
    }

    /// `alpha (I - (1 - alpha) A)^-1 x` by Chebyshev's recurrence with `n_products` products.
    ///
    /// # Shapes
    /// - x: `[n, d]`
    /// - output: `[n, d]`
    ///
    /// # Panics
    /// Like [`matmul`](Self::matmul), and when the matrix is not square.
    pub(super) fn diffuse(&self, x: Tensor<2>, alpha: f64, n_products: usize) -> Tensor<2> {
        assert_eq!(self.n_rows, self.n_cols, "only a square SparseTensor diffuses");
        match self.csr(&x) {
            Some(matrix) => {
                let diffused = Dispatch::diffuse(matrix, x.into_dispatch(), alpha, n_products);
                Tensor::from_dispatch(diffused)
            }
            None => x,
        }
    }

    /// The matrix for an operation on `x`, in its float type; none when a dimension is 0.
    fn csr(&self, x: &Tensor<2>) -> Option<Csr<Dispatch>> {
        let [n, d] = x.dims();
        let Self { n_rows, n_cols, .. } = *self;
        assert_eq!(n, n_cols, "SparseTensor [{n_rows}, {n_cols}] times a tensor [{n}, {d}]");
        if n_rows == 0 || n_cols == 0 || d == 0 {
            return None;
        }
        let values = |val: &Tensor<1>| {
            let same = val.dtype() == x.dtype();
            let val = val.clone();
            if same { val } else { val.cast(x.dtype()) }.into_dispatch()
        };
        Some(Csr {
            row_ptr: self.rows.row_ptr.clone().into_dispatch(),
            col: self.rows.col.clone().into_dispatch(),
            val: values(&self.rows.val),
            t_row_ptr: self.transpose.row_ptr.clone().into_dispatch(),
            t_col: self.transpose.col.clone().into_dispatch(),
            t_val: values(&self.transpose.val),
        })
    }
}

/// The same options without autodiff.
fn inner(options: impl Into<TensorCreationOptions>) -> TensorCreationOptions {
    let options = options.into();
    let device = options.device.clone().inner();
    options.with_device(device)
}

impl HostCsr {
    fn checked(
        n_rows: usize,
        n_cols: usize,
        indptr: &[usize],
        indices: &[u32],
        values: &[f64],
    ) -> Result<Self> {
        let parameter = |name, found: usize, needed: &str| {
            Err(CoreError::parameter(OPERATION, name, found, needed))
        };
        // Positions are I32 on the device, because every backend has that type.
        const LIMIT: usize = i32::MAX as usize;
        for (name, found) in [("n_rows", n_rows), ("n_cols", n_cols), ("indices", indices.len())] {
            if found >= LIMIT {
                return parameter(name, found, "at most 2^31 - 2 can be indexed");
            }
        }
        if indptr.len() != n_rows + 1 {
            return Err(CoreError::shape(OPERATION, "indptr", &[indptr.len()], "[n_rows + 1]"));
        }
        if values.len() != indices.len() {
            let expected = format!("[{}], one per index", indices.len());
            return Err(CoreError::shape(OPERATION, "values", &[values.len()], expected));
        }
        if let Some(pair) = indptr.windows(2).find(|pair| pair[0] > pair[1]) {
            return parameter("indptr", pair[1], "row pointers must not decrease");
        }
        if indptr[0] != 0 || indptr[n_rows] != indices.len() {
            return parameter("indptr", indptr[n_rows], "give 0 first, the number of entries last");
        }
        if let Some(&column) = indices.iter().find(|&&column| column as usize >= n_cols) {
            return parameter("indices", column as usize, &format!("columns are below {n_cols}"));
        }
        Ok(Self { indptr: indptr.to_vec(), indices: indices.to_vec(), values: values.to_vec() })
    }

    /// The transpose, with sorted columns.
    fn transpose(&self, n_cols: usize) -> Self {
        let mut indptr = vec![0usize; n_cols + 1];
        for &column in &self.indices {
            indptr[column as usize + 1] += 1;
        }
        for column in 0..n_cols {
            indptr[column + 1] += indptr[column];
        }
        let mut next = indptr.clone();
        let mut indices = vec![0u32; self.indices.len()];
        let mut values = vec![0f64; self.values.len()];
        for (row, bounds) in self.indptr.windows(2).enumerate() {
            for entry in bounds[0]..bounds[1] {
                let place = &mut next[self.indices[entry] as usize];
                indices[*place] = row as u32;
                values[*place] = self.values[entry];
                *place += 1;
            }
        }
        Self { indptr, indices, values }
    }

    fn upload(&self, options: &TensorCreationOptions) -> Rows {
        let device = &options.device;
        let int = |values: Vec<i32>| {
            let shape = [values.len()];
            Tensor::from_data(TensorData::new(values, shape), (device, DType::I32))
        };
        let mut col: Vec<i32> = self.indices.iter().map(|&column| column as i32).collect();
        let mut val = self.values.clone();
        // GPUs have no empty buffers, so an empty matrix gets an entry that no row points to.
        if col.is_empty() {
            col.push(0);
            val.push(0.0);
        }
        let shape = [val.len()];
        Rows {
            row_ptr: int(self.indptr.iter().map(|&entry| entry as i32).collect()),
            col: int(col),
            val: Tensor::from_data(TensorData::new(val, shape), options.clone()),
        }
    }
}
