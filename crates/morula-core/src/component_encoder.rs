//! An encoder of components: a small network with layer normalisation.

use burn::config::Config;
use burn::module::Module;
use burn::nn::{Initializer, LayerNorm, LayerNormConfig, Linear, LinearConfig};
use burn::tensor::{Device, Tensor};

/// Configuration of a [`ComponentEncoder`].
#[derive(Config, Debug)]
pub struct ComponentEncoderConfig {
    /// Width of the input.
    pub d_input: usize,
    /// Width of each hidden layer, then that of the embedding.
    #[config(default = "vec![256, 64]")]
    pub widths: Vec<usize>,
}

/// Maps components of expression to an embedding:
/// `h_l = gelu(layer_norm(h_{l-1} W_l + b_l))`, and the last layer is linear.
///
/// Layer normalisation looks at one cell at a time, so a cell has the same embedding in training and
/// later, whatever the other cells.
///
/// ```
/// use burn::tensor::{Device, Distribution, Tensor};
/// use morula_core::ComponentEncoderConfig;
///
/// let device = Device::flex();
/// let encoder = ComponentEncoderConfig::new(50).with_widths(vec![32, 16]).init(&device);
/// let x = Tensor::<2>::random([8, 50], Distribution::Normal(0.0, 1.0), &device);
/// assert_eq!(encoder.forward(x).dims(), [8, 16]);
/// ```
#[derive(Module, Debug)]
pub struct ComponentEncoder {
    hidden: Vec<Hidden>,
    output: Linear,
}

#[derive(Module, Debug)]
struct Hidden {
    linear: Linear,
    norm: LayerNorm,
}

impl ComponentEncoderConfig {
    /// Creates the encoder with Xavier-uniform weights and biases of 0.
    pub fn init(&self, device: &Device) -> ComponentEncoder {
        let (d_output, hidden) = self.widths.split_last().unwrap_or((&self.d_input, &[]));
        let mut d_input = self.d_input;
        let hidden = hidden.iter().map(|&width| {
            let linear = linear(d_input, width, device);
            d_input = width;
            Hidden { linear, norm: LayerNormConfig::new(width).init(device) }
        });
        let hidden = hidden.collect();
        ComponentEncoder { hidden, output: linear(d_input, *d_output, device) }
    }
}

impl ComponentEncoder {
    /// Embeds cells.
    ///
    /// # Shapes
    /// - x: `[batch, d_input]`
    /// - output: `[batch, d_embedding]`
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let hidden = |h, layer: &Hidden| gelu(layer.norm.forward(layer.linear.forward(h)));
        self.output.forward(self.hidden.iter().fold(x, hidden))
    }
}

/// `x Phi(x)` with the normal distribution function Phi. Burn's own operation takes its gradient from
/// an approximation by tanh on some devices, an error of 5e-4.
fn gelu(x: Tensor<2>) -> Tensor<2> {
    let phi = x.clone().mul_scalar(std::f64::consts::FRAC_1_SQRT_2).erf().add_scalar(1.0);
    (x * phi).mul_scalar(0.5)
}

/// A linear layer with a bias of 0, so that the seed alone determines the initial weights.
pub fn linear(d_input: usize, d_output: usize, device: &Device) -> Linear {
    Linear {
        bias: Some(Initializer::Zeros.init([d_output], device)),
        ..LinearConfig::new(d_input, d_output)
            .with_initializer(Initializer::XavierUniform { gain: 1.0 })
            .init(device)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Distribution, Tolerance};

    #[test]
    fn a_cell_has_the_same_embedding_alone_and_in_training() {
        let device = Device::flex();
        let encoder = ComponentEncoderConfig::new(6).with_widths(vec![5, 4, 3]).init(&device);
        let x = Tensor::<2>::random([7, 6], Distribution::Normal(2.0, 3.0), &device);
        let all = encoder.forward(x.clone());
        let one = encoder.forward(x.clone().narrow(0, 2, 1));
        let training = encoder.clone().train().forward(x.autodiff()).inner();
        let tolerance = Tolerance::<f32>::default();
        all.clone().narrow(0, 2, 1).into_data().assert_approx_eq(&one.into_data(), tolerance);
        all.into_data().assert_approx_eq(&training.into_data(), tolerance);
    }

    #[test]
    fn the_hidden_layer_is_as_written_and_without_one_it_is_linear() {
        let device = Device::flex();
        let encoder = ComponentEncoderConfig::new(4).with_widths(vec![3, 2]).init(&device);
        let x = Tensor::<2>::random([5, 4], Distribution::Normal(0.0, 1.0), &device);
        let h = encoder.hidden[0].linear.forward(x.clone());
        let mean = h.clone().mean_dim(1);
        let variance = (h.clone() - mean.clone()).square().mean_dim(1);
        let by_hand = gelu((h - mean) / (variance + 1e-5).sqrt());
        let by_hand = encoder.output.forward(by_hand).into_data();
        encoder
            .forward(x.clone())
            .into_data()
            .assert_approx_eq(&by_hand, Tolerance::<f32>::default());

        let flat = ComponentEncoderConfig::new(4).with_widths(vec![2]).init(&device);
        let doubled = flat.forward(x.clone() * 2.0).into_data();
        (flat.forward(x) * 2.0).into_data().assert_approx_eq(&doubled, Tolerance::<f32>::default());
    }
}
