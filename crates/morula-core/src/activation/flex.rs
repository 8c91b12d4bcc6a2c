//! The activations on Burn's CPU backend, in one vectorised pass each.

use burn::backend::Flex;
use burn::backend::tensor::FloatTensor;
use burn::tensor::{DType, Element, ElementConversion, Shape, TensorData};
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::Activation;
use super::autodiff::{ActivationKernel, ActivationOps};
use crate::elementary::{one_minus_exp, softplus, tanh};

/// Values that are worth a task of their own.
const TASK: usize = 1 << 14;

impl ActivationOps for Flex {
    fn activate(x: FloatTensor<Self>, activation: Activation) -> FloatTensor<Self> {
        let x = x.to_contiguous();
        let shape = x.layout().shape().clone();
        match x.dtype() {
            DType::F64 => forward(x.storage::<f64>(), shape, activation),
            _ => forward(x.storage::<f32>(), shape, activation),
        }
    }
}

impl ActivationKernel for Flex {
    fn slope(
        output: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        activation: Activation,
    ) -> FloatTensor<Self> {
        let (output, gradient) = (output.to_contiguous(), gradient.to_contiguous());
        let shape = output.layout().shape().clone();
        match output.dtype() {
            DType::F64 => {
                backward([output.storage::<f64>(), gradient.storage()], shape, activation)
            }
            _ => backward([output.storage::<f32>(), gradient.storage()], shape, activation),
        }
    }
}

fn forward<T: Element>(x: &[T], shape: Shape, activation: Activation) -> FloatTensor<Flex> {
    let inputs = [x, x];
    match activation {
        Activation::Tanh => map(inputs, shape, |x, _| tanh(x)),
        Activation::LeakyRelu(slope) => {
            let slope = rounded::<T>(slope);
            map(inputs, shape, |x, _| if x >= 0.0 { x } else { slope * x })
        }
        Activation::Softplus => map(inputs, shape, |x, _| softplus(x)),
    }
}

fn backward<T: Element>(
    inputs: [&[T]; 2],
    shape: Shape,
    activation: Activation,
) -> FloatTensor<Flex> {
    match activation {
        Activation::Tanh => map(inputs, shape, |y, g| g * (1.0 - y * y)),
        Activation::LeakyRelu(slope) => {
            let slope = rounded::<T>(slope);
            map(inputs, shape, |y, g| if y >= 0.0 { g } else { slope * g })
        }
        Activation::Softplus => map(inputs, shape, |y, g| g * one_minus_exp(y)),
    }
}

/// A constant as the storage has it.
fn rounded<T: Element>(constant: f64) -> f64 {
    constant.elem::<T>().elem()
}

/// `f(a, b)` of every pair, in f64 whatever the storage.
fn map<T: Element>(
    [a, b]: [&[T]; 2],
    shape: Shape,
    f: impl Fn(f64, f64) -> f64 + Copy + Sync,
) -> FloatTensor<Flex> {
    let arch = Arch::new();
    let mut output = vec![0f64.elem::<T>(); a.len()];
    output
        .par_chunks_mut(TASK)
        .zip(a.par_chunks(TASK))
        .zip(b.par_chunks(TASK))
        .for_each(|((output, a), b)| arch.dispatch(Pass { a, b, output, f }));
    FloatTensor::<Flex>::from_data(TensorData::new(output, shape))
}

struct Pass<'a, T, F> {
    a: &'a [T],
    b: &'a [T],
    output: &'a mut [T],
    f: F,
}

impl<T: Element, F: Fn(f64, f64) -> f64> WithSimd for Pass<'_, T, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        for ((output, a), b) in self.output.iter_mut().zip(self.a).zip(self.b) {
            *output = (self.f)(a.elem(), b.elem()).elem();
        }
    }
}
