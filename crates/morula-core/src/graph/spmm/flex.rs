//! The product on Burn's CPU backend.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Flex, TensorMetadata};
use burn::tensor::{DType, TensorData};

use super::chebyshev::{Affine, chebyshev};
use super::rows::Product;
use super::{Csr, SpmmOps, product_shape};

impl SpmmOps for Flex {
    fn spmm(matrix: Csr<Self>, x: FloatTensor<Self>) -> FloatTensor<Self> {
        product(&matrix, x, 1.0, &[])
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

impl Affine for Flex {
    fn affine(
        matrix: &Csr<Self>,
        x: FloatTensor<Self>,
        scale: f64,
        terms: [(f64, FloatTensor<Self>); 2],
    ) -> FloatTensor<Self> {
        product(matrix, x, scale, &terms)
    }
}

fn product(
    matrix: &Csr<Flex>,
    x: FloatTensor<Flex>,
    scale: f64,
    terms: &[(f64, FloatTensor<Flex>)],
) -> FloatTensor<Flex> {
    let shape = product_shape(&matrix.row_ptr.shape(), &x.shape());
    let [row_ptr, col, val] =
        [&matrix.row_ptr, &matrix.col, &matrix.val].map(|tensor| tensor.to_contiguous());
    let x = x.to_contiguous();
    let terms: Vec<_> =
        terms.iter().map(|(factor, term)| (*factor, term.to_contiguous())).collect();
    macro_rules! product {
        ($value:ty) => {{
            let terms: Vec<_> = terms
                .iter()
                .map(|(factor, term)| (*factor as $value, term.storage::<$value>()))
                .collect();
            let product = Product {
                row_ptr: row_ptr.storage::<i32>(),
                col: col.storage::<i32>(),
                val: val.storage::<$value>(),
                x: x.storage::<$value>(),
                width: shape[1],
                scale: scale as $value,
                terms: &terms,
            };
            TensorData::new(product.compute(), shape)
        }};
    }
    FloatTensor::<Flex>::from_data(match x.dtype() {
        DType::F64 => product!(f64),
        _ => product!(f32),
    })
}
