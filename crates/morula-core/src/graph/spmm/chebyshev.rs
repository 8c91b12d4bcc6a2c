//! Diffusion by Chebyshev semi-iteration, as one operation: it is one node of the autodiff graph,
//! and its gradient is the same polynomial of the transpose.

use burn::backend::tensor::FloatTensor;

use super::{Csr, SpmmOps};

/// Backends that add terms to a product.
pub(super) trait Affine: SpmmOps {
    /// `scale A x + sum_t factor_t term_t`.
    fn affine(
        matrix: &Csr<Self>,
        x: FloatTensor<Self>,
        scale: f64,
        terms: [(f64, FloatTensor<Self>); 2],
    ) -> FloatTensor<Self> {
        let product = Self::float_mul_scalar(Self::spmm(matrix.clone(), x), scale.into());
        terms.into_iter().fold(product, |sum, (factor, term)| {
            Self::float_add(sum, Self::float_mul_scalar(term, factor.into()))
        })
    }
}

/// `y_n` of the recurrence with `G = r A`, `r = 1 - alpha`, `y_0 = x`:
///
/// ```text
/// y_1     = G x + alpha x
/// y_{k+1} = w_{k+1} (G y_k + alpha x - y_{k-1}) + y_{k-1}
/// w_2     = 2 / (2 - r^2),  w_{k+1} = 1 / (1 - r^2 w_k / 4)
/// ```
pub(super) fn chebyshev<B: Affine>(
    matrix: &Csr<B>,
    x: FloatTensor<B>,
    alpha: f64,
    n_products: usize,
) -> FloatTensor<B> {
    if n_products == 0 {
        return x;
    }
    let radius = 1.0 - alpha;
    let mut previous = x.clone();
    let mut y = B::affine(matrix, x.clone(), radius, [(alpha, x.clone()), (0.0, x.clone())]);
    let mut weight = 2.0 / (2.0 - radius * radius);
    for _ in 1..n_products {
        let terms = [(weight * alpha, x.clone()), (1.0 - weight, previous)];
        let next = B::affine(matrix, y.clone(), weight * radius, terms);
        (previous, y) = (y, next);
        weight = 1.0 / (1.0 - 0.25 * radius * radius * weight);
    }
    y
}
