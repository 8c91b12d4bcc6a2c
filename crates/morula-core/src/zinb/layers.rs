//! Linear layers with the initial weights of the autoencoder.

use burn::nn::{Initializer, Linear, LinearConfig};
use burn::tensor::Device;

/// A linear layer with Xavier-uniform weights. Biases start at 0, so that the seed alone determines
/// the initial weights.
pub(super) fn linear(d_input: usize, d_output: usize, device: &Device) -> Linear {
    Linear {
        bias: Some(Initializer::Zeros.init([d_output], device)),
        ..LinearConfig::new(d_input, d_output)
            .with_initializer(Initializer::XavierUniform { gain: 1.0 })
            .init(device)
    }
}

/// A stack of linear layers with the given widths.
pub(super) fn stack(d_input: usize, widths: &[usize], device: &Device) -> Vec<Linear> {
    let inputs = core::iter::once(d_input).chain(widths.iter().copied());
    inputs.zip(widths).map(|(d_input, &width)| linear(d_input, width, device)).collect()
}
