//! Graph convolution, and a stack of such layers.

use burn::config::Config;
use burn::module::Module;
use burn::nn::{Initializer, Linear, LinearConfig};
use burn::tensor::{Device, Tensor};

use super::Propagator;
use crate::activation::tanh;
use crate::{CoreError, Result};

/// Configuration of a [`GraphConv`].
#[derive(Config, Debug)]
pub struct GraphConvConfig {
    /// Width of the input.
    pub d_input: usize,
    /// Width of the output.
    pub d_output: usize,
    /// Whether tanh is applied before propagating.
    #[config(default = true)]
    pub activation: bool,
}

/// Graph convolution, activation first: `Z = A tanh(H W)`, or `Z = A H W` without activation; no
/// bias (section [3.3]; the IGAE layer of DFCN, AAAI 2021).
///
/// [3.3]: https://github.com/morula-bio/morula/blob/main/docs/models/scsiameseclu.md#3-3
#[derive(Module, Debug)]
pub struct GraphConv {
    linear: Linear,
    #[module(skip)]
    activation: bool,
}

impl GraphConvConfig {
    /// Creates the layer with Xavier-uniform weights.
    pub fn init(&self, device: &Device) -> GraphConv {
        let linear = LinearConfig::new(self.d_input, self.d_output)
            .with_bias(false)
            .with_initializer(Initializer::XavierUniform { gain: 1.0 })
            .init(device);
        GraphConv { linear, activation: self.activation }
    }
}

impl GraphConv {
    /// Applies the layer with the propagator A.
    ///
    /// # Shapes
    /// - h: `[n, d_input]`
    /// - output: `[n, d_output]`
    pub fn forward(&self, propagator: &Propagator, h: Tensor<2>) -> Tensor<2> {
        let h = self.linear.forward(h);
        propagator.forward(if self.activation { tanh(h) } else { h })
    }
}

/// Configuration of a [`Gcn`].
#[derive(Config, Debug)]
pub struct GcnConfig {
    /// Width of the input and of every layer's output, for example `[100, 128, 256, 20]`.
    pub widths: Vec<usize>,
    /// Whether the last layer has no tanh.
    #[config(default = true)]
    pub last_linear: bool,
}

/// A stack of [`GraphConv`] layers: the encoder, or the decoder, of the graph autoencoder
/// (section [3.3]).
///
/// [3.3]: https://github.com/morula-bio/morula/blob/main/docs/models/scsiameseclu.md#3-3
#[derive(Module, Debug)]
pub struct Gcn {
    layers: Vec<GraphConv>,
}

impl GcnConfig {
    /// Creates the stack.
    ///
    /// # Errors
    /// [`CoreError::Parameter`] when there is no layer (fewer than two widths) or a width is 0.
    pub fn init(&self, device: &Device) -> Result<Gcn> {
        let n_layers = self.widths.len().saturating_sub(1);
        if n_layers == 0 || self.widths.contains(&0) {
            let found = format!("{:?}", self.widths);
            let needed = "give the width of the input and of one layer or more, all above 0";
            return Err(CoreError::parameter("GcnConfig", "widths", found, needed));
        }
        let layers = self.widths.windows(2).enumerate().map(|(layer, widths)| {
            let linear = self.last_linear && layer + 1 == n_layers;
            GraphConvConfig::new(widths[0], widths[1]).with_activation(!linear).init(device)
        });
        Ok(Gcn { layers: layers.collect() })
    }
}

impl Gcn {
    /// The output Z_l of every layer; the last one is the result.
    ///
    /// # Shapes
    /// - x: `[n, widths[0]]`
    /// - output l: `[n, widths[l + 1]]`
    pub fn forward(&self, propagator: &Propagator, x: Tensor<2>) -> Vec<Tensor<2>> {
        let mut h = x;
        let layers = self.layers.iter().map(|layer| {
            h = layer.forward(propagator, h.clone());
            h.clone()
        });
        layers.collect()
    }
}
