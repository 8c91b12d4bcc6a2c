//! The product on Burn's ndarray backend.

use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{NdArray, TensorMetadata};
use burn::tensor::TensorData;

use super::chebyshev::{Affine, chebyshev};
use super::rows::Product;
use super::{Csr, SpmmOps, product_shape};

type Floats = FloatTensor<NdArray>;
type Ints = IntTensor<NdArray>;

impl SpmmOps for NdArray {
    fn spmm(matrix: Csr<Self>, x: FloatTensor<Self>) -> FloatTensor<Self> {
        let shape = product_shape(&matrix.row_ptr.shape(), &x.shape());
        macro_rules! product {
            ($row_ptr:expr, $col:expr, $val:expr, $x:expr) => {{
                let [row_ptr, col] = [$row_ptr, $col].map(|ints| ints.into_shared());
                let [val, x] = [$val, $x].map(|floats| floats.into_shared());
                let (row_ptr, col) = (row_ptr.as_standard_layout(), col.as_standard_layout());
                let (val, x) = (val.as_standard_layout(), x.as_standard_layout());
                // A standard layout is always a slice.
                let product = Product {
                    row_ptr: row_ptr.as_slice().unwrap_or_default(),
                    col: col.as_slice().unwrap_or_default(),
                    val: val.as_slice().unwrap_or_default(),
                    x: x.as_slice().unwrap_or_default(),
                    width: shape[1],
                    scale: 1.0,
                    terms: &[],
                };
                Floats::from_data(TensorData::new(product.compute(), shape))
            }};
        }
        match (matrix.row_ptr, matrix.col, matrix.val, x) {
            (Ints::I32(row_ptr), Ints::I32(col), Floats::F32(val), Floats::F32(x)) => {
                product!(row_ptr, col, val, x)
            }
            (Ints::I32(row_ptr), Ints::I32(col), Floats::F64(val), Floats::F64(x)) => {
                product!(row_ptr, col, val, x)
            }
            _ => unreachable!("indices are I32 and the values have the type of x"),
        }
    }

    fn diffuse(matrix: Csr<Self>, x: Floats, alpha: f64, n_products: usize) -> Floats {
        chebyshev(&matrix, x, alpha, n_products)
    }
}

impl Affine for NdArray {}
