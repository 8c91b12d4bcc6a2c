//! Activations whose slope follows from their output.
//!
//! Burn computes the gradients of these in several operations on whole tensors, and calls the C
//! library for every tanh on the CPU. On the CPU backend `flex` this crate has its own kernels:
//! each direction is one pass, and only the output is kept for the gradient.
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use morula_core::activation::leaky_relu;
//!
//! let x = Tensor::<2>::from_data([[-2.0, 0.0, 3.0]], &Device::flex());
//! let y = leaky_relu(x, 0.5);
//! assert_eq!(y.dims(), [1, 3]);
//! assert_eq!(y.try_into_vec_as::<f32>().unwrap(), [-1.0, 0.0, 3.0]);
//! ```

#[cfg(feature = "flex")]
mod autodiff;
#[cfg(feature = "flex")]
mod flex;

use burn::tensor::{Tensor, activation};

/// Hyperbolic tangent, elementwise.
///
/// # Shapes
/// - x: \[...\]
/// - output: \[...\]
pub fn tanh<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    #[cfg(feature = "flex")]
    if autodiff::supports(&x) {
        return autodiff::activate(x, Activation::Tanh);
    }
    activation::tanh(x)
}

/// `x` above 0, `slope x` below, elementwise.
///
/// # Shapes
/// - x: \[...\]
/// - slope: above 0
/// - output: \[...\]
pub fn leaky_relu<const D: usize>(x: Tensor<D>, slope: f64) -> Tensor<D> {
    #[cfg(feature = "flex")]
    if autodiff::supports(&x) {
        return autodiff::activate(x, Activation::LeakyRelu(slope));
    }
    activation::leaky_relu(x, slope)
}

/// `log(1 + exp(x))`, elementwise, exact in both tails.
///
/// Burn's `softplus` returns x above 20, which is an error of 2e-9.
///
/// # Shapes
/// - x: \[...\]
/// - output: \[...\]
pub fn softplus<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    #[cfg(feature = "flex")]
    if autodiff::supports(&x) {
        return autodiff::activate(x, Activation::Softplus);
    }
    activation::softplus_with_threshold(x, 1.0, 40.0)
}

/// An activation y = f(x) with f'(x) = g(y).
#[cfg(feature = "flex")]
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Activation {
    /// f' = 1 - y^2
    Tanh,
    /// f' = 1 where y >= 0, else the slope, which must be above 0.
    LeakyRelu(f64),
    /// f' = 1 - exp(-y)
    Softplus,
}

#[cfg(all(test, feature = "flex"))]
mod tests;
