//! The product of a CSR matrix and a dense one as an operation of Burn's backends.
//!
//! Burn's own route, to select rows and scatter-add them, is slow on CPUs and serial or racy on
//! GPUs. Here every row of the result is one task that gathers its inputs. The backward pass is the
//! same operation with the transpose. Nothing is scattered, and the order of every sum is fixed.
#![cfg_attr(feature = "ndarray", allow(deprecated, reason = "Burn deprecates its ndarray backend"))]

mod autodiff;
#[cfg(any(feature = "flex", feature = "ndarray", feature = "cube"))]
mod chebyshev;
#[cfg(feature = "cube")]
mod cube;
#[cfg(feature = "flex")]
mod flex;
#[cfg(feature = "ndarray")]
mod ndarray;
#[cfg(any(feature = "flex", feature = "ndarray"))]
mod rows;

use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Backend, ExtensionType, backend_extension};
#[cfg(any(feature = "flex", feature = "ndarray", feature = "cube"))]
use burn::tensor::Shape;

/// A matrix and its transpose, both in compressed sparse rows.
#[derive(ExtensionType, Debug, Clone)]
#[cfg_attr(feature = "cube", extension_type(fusion))]
pub(crate) struct Csr<B: Backend> {
    pub row_ptr: IntTensor<B>,
    pub col: IntTensor<B>,
    pub val: FloatTensor<B>,
    pub t_row_ptr: IntTensor<B>,
    pub t_col: IntTensor<B>,
    pub t_val: FloatTensor<B>,
}

impl<B: Backend> Csr<B> {
    /// The transpose of the matrix, with the matrix as its transpose.
    pub fn transpose(self) -> Self {
        Self {
            row_ptr: self.t_row_ptr,
            col: self.t_col,
            val: self.t_val,
            t_row_ptr: self.row_ptr,
            t_col: self.col,
            t_val: self.val,
        }
    }
}

/// Backends that multiply sparse by dense.
#[backend_extension(
    Flex: cfg(feature = "flex"),
    NdArray: cfg(feature = "ndarray"),
    Cube: cfg(feature = "cube"),
    Fusion: cfg(feature = "cube"),
    Autodiff
)]
pub(crate) trait SpmmOps: Backend {
    /// `matrix x`.
    ///
    /// Indices are I32; the values have the type of `x`.
    ///
    /// # Shapes
    /// - matrix: `[n, m]`, at least one entry stored
    /// - x: `[m, d]`
    /// - output: `[n, d]`
    #[fusion(dtype = x, shape = product_shape(&matrix.row_ptr.shape, x))]
    fn spmm(#[extension_type] matrix: Csr<Self>, x: FloatTensor<Self>) -> FloatTensor<Self>;

    /// `alpha (I - (1 - alpha) matrix)^-1 x` by Chebyshev's recurrence with `n_products` products.
    ///
    /// # Shapes
    /// - matrix: `[n, n]`, at least one entry stored
    /// - x: `[n, d]`
    /// - output: `[n, d]`
    #[allow(unused_variables, reason = "unused in a build without backends")]
    #[fusion(dtype = x, shape = product_shape(&matrix.row_ptr.shape, x))]
    fn diffuse(
        #[extension_type] matrix: Csr<Self>,
        x: FloatTensor<Self>,
        alpha: f64,
        n_products: usize,
    ) -> FloatTensor<Self>;
}

/// Shape of the product of a matrix with these row pointers and `x`.
#[cfg(any(feature = "flex", feature = "ndarray", feature = "cube"))]
fn product_shape(row_ptr: &Shape, x: &Shape) -> Shape {
    Shape::new([row_ptr[0] - 1, x[1]])
}
