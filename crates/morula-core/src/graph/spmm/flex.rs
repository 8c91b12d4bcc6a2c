//! The product on Burn's CPU backend.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Flex, TensorMetadata};
use burn::tensor::{DType, TensorData};

use super::rows::Product;
use super::{Csr, SpmmOps, product_shape};

impl SpmmOps for Flex {
    fn spmm(matrix: Csr<Self>, x: FloatTensor<Self>) -> FloatTensor<Self> {
        let shape = product_shape(&matrix.row_ptr.shape(), &x.shape());
        let [row_ptr, col, val, x] =
            [matrix.row_ptr, matrix.col, matrix.val, x].map(|tensor| tensor.to_contiguous());
        macro_rules! product {
            ($value:ty) => {{
                let product = Product {
                    row_ptr: row_ptr.storage::<i32>(),
                    col: col.storage::<i32>(),
                    val: val.storage::<$value>(),
                    x: x.storage::<$value>(),
                    width: shape[1],
                };
                TensorData::new(product.compute(), shape)
            }};
        }
        FloatTensor::<Self>::from_data(match x.dtype() {
            DType::F64 => product!(f64),
            _ => product!(f32),
        })
    }
}
