//! The activations on Burn's CPU backend, in one vectorised pass each.

use burn::backend::Flex;
use burn::backend::tensor::FloatTensor;
use burn::tensor::{DType, Element, ElementConversion};
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::Activation;
use super::autodiff::{ActivationKernel, ActivationOps};
use crate::fast_math::{one_minus_exp, softplus, tanh};

/// Values per task.
const TASK: usize = 1 << 14;

impl ActivationOps for Flex {
    fn activate(x: FloatTensor<Self>, activation: Activation) -> FloatTensor<Self> {
        let mut x = x.to_contiguous();
        match x.dtype() {
            DType::F64 => forward::<f64>(x.storage_mut(), activation),
            _ => forward::<f32>(x.storage_mut(), activation),
        }
        x
    }
}

impl ActivationKernel for Flex {
    fn slope(
        output: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        activation: Activation,
    ) -> FloatTensor<Self> {
        let (output, mut gradient) = (output.to_contiguous(), gradient.to_contiguous());
        match output.dtype() {
            DType::F64 => backward::<f64>(gradient.storage_mut(), output.storage(), activation),
            _ => backward::<f32>(gradient.storage_mut(), output.storage(), activation),
        }
        gradient
    }
}

/// In place; `storage_mut` copies a shared buffer.
fn forward<T: Element>(x: &mut [T], activation: Activation) {
    match activation {
        Activation::Tanh => pass(x, None, |x, _| tanh(x)),
        Activation::LeakyRelu(slope) => {
            let slope = rounded::<T>(slope);
            pass(x, None, |x, _| if x >= 0.0 { x } else { slope * x });
        }
        Activation::Softplus => pass(x, None, |x, _| softplus(x)),
    }
}

fn backward<T: Element>(gradient: &mut [T], output: &[T], activation: Activation) {
    let output = Some(output);
    match activation {
        Activation::Tanh => pass(gradient, output, |g, y| g * (1.0 - y * y)),
        Activation::LeakyRelu(slope) => {
            let slope = rounded::<T>(slope);
            pass(gradient, output, |g, y| if y >= 0.0 { g } else { slope * g });
        }
        Activation::Softplus => pass(gradient, output, |g, y| g * one_minus_exp(y)),
    }
}

/// A constant, rounded to the storage's type.
fn rounded<T: Element>(constant: f64) -> f64 {
    constant.elem::<T>().elem()
}

/// `values <- f(values, others)`, computed in f64 for every storage type; missing `others` are 0.
fn pass<T: Element>(
    values: &mut [T],
    others: Option<&[T]>,
    f: impl Fn(f64, f64) -> f64 + Copy + Sync,
) {
    let arch = Arch::new();
    let tasks = values.par_chunks_mut(TASK);
    match others {
        None => tasks.for_each(|values| arch.dispatch(Pass { values, others: None, f })),
        Some(others) => tasks
            .zip(others.par_chunks(TASK))
            .for_each(|(values, others)| arch.dispatch(Pass { values, others: Some(others), f })),
    }
}

struct Pass<'a, T, F> {
    values: &'a mut [T],
    others: Option<&'a [T]>,
    f: F,
}

impl<T: Element, F: Fn(f64, f64) -> f64> WithSimd for Pass<'_, T, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { values, others, f } = self;
        match others {
            None => values.iter_mut().for_each(|value| *value = f(value.elem(), 0.0).elem()),
            Some(others) => values
                .iter_mut()
                .zip(others)
                .for_each(|(value, other)| *value = f(value.elem(), other.elem()).elem()),
        }
    }
}
