//! The product on GPUs: one unit of work per value of the result.

use burn::backend::TensorMetadata;
use burn::backend::cubecl::dtype_to_storage_type;
use burn::backend::tensor::FloatTensor;
use burn_cubecl::cubecl::{self, CubeDim, calculate_cube_count_elemwise, cube, prelude::*};
use burn_cubecl::{CubeBackend, kernel::into_contiguous, tensor::CubeTensor};

use super::chebyshev::{Affine, chebyshev};
use super::{Csr, SpmmOps, product_shape};

/// Neighbouring units share a row, so they read `x` and write the result side by side.
#[cube(launch)]
fn spmm_kernel<F: Float, I: Numeric>(
    row_ptr: &Tensor<I>,
    col: &Tensor<I>,
    val: &Tensor<F>,
    x: &Tensor<F>,
    output: &mut Tensor<F>,
    #[define(F, I)] _dtypes: [ElemType; 2],
) {
    if ABSOLUTE_POS >= output.len() {
        terminate!();
    }
    let width = x.shape(1);
    let row = ABSOLUTE_POS / width;
    let column = ABSOLUTE_POS % width;
    let mut sum = F::new(0.0_f32);
    for entry in usize::cast_from(row_ptr[row])..usize::cast_from(row_ptr[row + 1]) {
        sum += val[entry] * x[usize::cast_from(col[entry]) * width + column];
    }
    output[ABSOLUTE_POS] = sum;
}

impl SpmmOps for CubeBackend {
    fn spmm(matrix: Csr<Self>, x: FloatTensor<Self>) -> FloatTensor<Self> {
        let [row_ptr, col, val, x] =
            [matrix.row_ptr, matrix.col, matrix.val, x].map(into_contiguous);
        let shape = product_shape(&row_ptr.shape(), &x.shape());
        let n_values = shape.num_elements();
        let (float, int) = (x.dtype, col.dtype);
        let buffer = x.client.empty(n_values * float.size());
        let output =
            CubeTensor::new_contiguous(x.client.clone(), x.device.clone(), shape, buffer, float);
        let dim = CubeDim::new(&x.client, n_values);
        let count = calculate_cube_count_elemwise(&x.client, n_values, dim);
        spmm_kernel::launch(
            &output.client,
            count,
            dim,
            row_ptr.into_tensor_arg(),
            col.into_tensor_arg(),
            val.into_tensor_arg(),
            x.into_tensor_arg(),
            output.clone().into_tensor_arg(),
            [dtype_to_storage_type(float), dtype_to_storage_type(int)],
        );
        output
    }

    fn diffuse(
        matrix: Csr<Self>,
        x: FloatTensor<Self>,
        alpha: f64,
        n_products: usize,
    ) -> FloatTensor<Self> {
        chebyshev(&matrix, x, alpha, n_products)
    }
}

impl Affine for CubeBackend {}
