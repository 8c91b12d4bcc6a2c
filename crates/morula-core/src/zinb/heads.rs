//! From hidden features to the distribution of every count.

use burn::config::Config;
use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};

use super::layers::linear;
use super::parameters::ZinbParameters;
use crate::activation::softplus;

/// Bounds of the mean.
const MEAN: [f64; 2] = [1e-5, 1e6];

/// Bounds of the dispersion.
const DISPERSION: [f64; 2] = [1e-4, 1e4];

/// Configuration of [`ZinbHeads`].
#[derive(Config, Debug)]
pub struct ZinbHeadsConfig {
    /// Width of the hidden features.
    pub d_input: usize,
    /// Genes whose counts are modelled.
    pub n_genes: usize,
}

/// Three linear maps of hidden features h to the parameters of the counts (section [3.3]):
///
/// ```text
/// mu    = clamp(exp(h W_mu + b_mu), 1e-5, 1e6)
/// theta = clamp(softplus(h W_theta + b_theta), 1e-4, 1e4)
/// pi    = sigmoid(h W_pi + b_pi)
/// ```
///
/// The output is in the log domain, which the loss needs. A clamped entry has no gradient.
///
/// [3.3]: https://github.com/morula-bio/morula/blob/main/docs/models/scsiameseclu.md#3-3
#[derive(Module, Debug)]
pub struct ZinbHeads {
    mean: Linear,
    dispersion: Linear,
    dropout: Linear,
}

impl ZinbHeadsConfig {
    /// Creates the heads with Xavier-uniform weights and biases of 0.
    pub fn init(&self, device: &Device) -> ZinbHeads {
        let head = || linear(self.d_input, self.n_genes, device);
        ZinbHeads { mean: head(), dispersion: head(), dropout: head() }
    }
}

impl ZinbHeads {
    /// The distributions of a batch's counts.
    ///
    /// # Shapes
    /// - h: `[n, d_input]`
    /// - output: `[n, n_genes]` each
    pub fn forward(&self, h: Tensor<2>) -> ZinbParameters {
        ZinbParameters {
            log_mean: log_mean(self.mean.forward(h.clone())),
            log_dispersion: log_dispersion(self.dispersion.forward(h.clone())),
            dropout_logits: self.dropout.forward(h),
        }
    }
}

/// log clamp(exp(x)).
fn log_mean(x: Tensor<2>) -> Tensor<2> {
    let [low, high] = MEAN.map(f64::ln);
    x.clamp(low, high)
}

/// log clamp(softplus(x)). It clamps before softplus: far below 0 the logarithm would be -inf, and
/// the gradient of a clamp after it would be 0 * inf.
fn log_dispersion(x: Tensor<2>) -> Tensor<2> {
    let [low, high] = DISPERSION.map(inverse_softplus);
    softplus(x.clamp(low, high)).log()
}

/// log(exp(y) - 1) = y + log(1 - exp(-y)).
fn inverse_softplus(y: f64) -> f64 {
    y + (-(-y).exp_m1()).ln()
}
