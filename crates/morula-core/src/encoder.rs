//! The expression encoder: a stack of linear, batch-norm and ReLU blocks.

use burn::config::Config;
use burn::module::{Module, RunningState};
use burn::nn::{BatchNorm, BatchNormConfig, Initializer, Linear, LinearConfig};
use burn::tensor::{Device, Tensor, activation::relu};

use crate::ops::l2_normalize;

/// Configuration of an [`Encoder`].
#[derive(Config, Debug)]
pub struct EncoderConfig {
    /// Width of the input (genes).
    pub d_input: usize,
    /// Width of each block; the last one is the width of the embedding.
    #[config(default = "vec![512, 256, 128]")]
    pub widths: Vec<usize>,
}

/// Maps expression to a unit-length embedding: `f(x) = h_L / |h_L|`,
/// `h_l = relu(batch_norm(h_{l-1} W_l))` (section [2.2]; JojoSCL, encoder network).
///
/// The linear maps have no bias, because batch normalisation would subtract it.
///
/// ```
/// use burn::tensor::{Device, Distribution, Tensor};
/// use morula_core::EncoderConfig;
///
/// let device = Device::flex();
/// let encoder = EncoderConfig::new(50).with_widths(vec![32, 16]).init(&device);
/// let x = Tensor::<2>::random([8, 50], Distribution::Normal(0.0, 1.0), &device);
/// let (encoder, embedding) = encoder.calibrate([x.clone()].into_iter());
/// assert_eq!(embedding.dims(), [8, 16]);
/// assert_eq!(encoder.forward(x).dims(), [8, 16]);
/// ```
///
/// [2.2]: https://github.com/morula-bio/morula/blob/main/docs/models/jojoscl.md#2-2
#[derive(Module, Debug)]
pub struct Encoder {
    blocks: Vec<EncoderBlock>,
}

#[derive(Module, Debug)]
struct EncoderBlock {
    linear: Linear,
    norm: BatchNorm,
}

impl EncoderConfig {
    /// Creates the encoder with Xavier-uniform weights.
    pub fn init(&self, device: &Device) -> Encoder {
        let mut d_input = self.d_input;
        let blocks = self.widths.iter().map(|&width| {
            let linear = LinearConfig::new(d_input, width)
                .with_bias(false)
                .with_initializer(Initializer::XavierUniform { gain: 1.0 })
                .init(device);
            d_input = width;
            EncoderBlock { linear, norm: BatchNormConfig::new(width).init(device) }
        });
        Encoder { blocks: blocks.collect() }
    }
}

impl Encoder {
    /// Embeds a batch.
    ///
    /// On an autodiff device it uses the batch's statistics and updates the running statistics.
    /// Elsewhere it uses the running statistics, so the embedding of a row does not depend on the
    /// other rows.
    ///
    /// # Shapes
    /// - x: `[batch, d_input]`
    /// - output: `[batch, d_embedding]`, rows of length 1
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        l2_normalize(self.blocks.iter().fold(x, |h, block| block.forward(h)))
    }

    /// Replaces the running statistics by the exact mean and variance over all rows of `batches`,
    /// and returns the embedding of those rows.
    ///
    /// Training sees augmented input and inference sees clean data, whose statistics differ
    /// (section [2.13]). The blocks are calibrated in order, each on the output of the block before
    /// it. The output of the widest block is held for all rows.
    ///
    /// # Shapes
    /// - each batch: `[rows, d_input]`, outside autodiff
    /// - embedding: `[all rows, d_embedding]`, rows of length 1
    ///
    /// [2.13]: https://github.com/morula-bio/morula/blob/main/docs/models/jojoscl.md#2-13
    pub fn calibrate(mut self, batches: impl Iterator<Item = Tensor<2>>) -> (Self, Tensor<2>) {
        let mut hidden: Vec<Tensor<2>> = batches.collect();
        for block in &mut self.blocks {
            for h in &mut hidden {
                *h = block.linear.forward(h.clone());
            }
            block.settle(&hidden);
            for h in &mut hidden {
                *h = relu(block.norm.forward(h.clone()));
            }
        }
        (self, l2_normalize(Tensor::cat(hidden, 0)))
    }
}

impl EncoderBlock {
    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        relu(self.norm.forward(self.linear.forward(x)))
    }

    /// Sets the running statistics to those of all rows of `hidden`.
    fn settle(&mut self, hidden: &[Tensor<2>]) {
        let Some(first) = hidden.first() else { return };
        // Moments about the first batch's mean, because a plain sum of squares cancels where the
        // mean is large compared with the spread.
        let shift = first.clone().mean_dim(0);
        let width = shift.dims()[1];
        let rows: usize = hidden.iter().map(|h| h.dims()[0]).sum();
        let mut sum = shift.zeros_like();
        let mut square = shift.zeros_like();
        for h in hidden {
            let h = h.clone() - shift.clone();
            sum = sum + h.clone().sum_dim(0);
            square = square + h.square().sum_dim(0);
        }
        let mean = sum.div_scalar(rows as f64);
        let var = square.div_scalar(rows as f64) - mean.clone().square();
        self.norm.running_mean = RunningState::new((mean + shift).reshape([width]));
        self.norm.running_var = RunningState::new(var.clamp_min(0.0).reshape([width]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Distribution;

    fn data(n: usize) -> Tensor<2> {
        let device = Device::flex();
        Tensor::random([n, 6], Distribution::Normal(100.0, 2.0), &device)
    }

    fn encoder() -> Encoder {
        EncoderConfig::new(6).with_widths(vec![5, 4]).init(&Device::flex())
    }

    fn close(a: Tensor<2>, b: Tensor<2>, tolerance: f32) {
        assert!((a - b).abs().max().into_scalar::<f32>() < tolerance);
    }

    #[test]
    fn rows_have_length_one() {
        let h = encoder().calibrate([data(50)].into_iter()).0.forward(data(9));
        let norms = h.square().sum_dim(1);
        // A row whose ReLUs are all 0 stays 0.
        for norm in norms.try_into_vec_as::<f32>().unwrap() {
            assert!(norm == 0.0 || (norm - 1.0).abs() < 1e-5);
        }
    }

    #[test]
    fn calibration_is_the_same_for_any_batching() {
        let (x, encoder) = (data(40), encoder());
        let parts = x.clone().split(13, 0);
        let (whole, a) = encoder.clone().calibrate([x.clone()].into_iter());
        let (split, b) = encoder.calibrate(parts.into_iter());
        close(a.clone(), b, 1e-3);
        close(whole.forward(x.clone()), a, 1e-4);
        close(whole.forward(x.clone()), split.forward(x), 1e-3);
    }

    #[test]
    fn calibrated_statistics_are_those_of_a_training_batch() {
        let x = data(64);
        let encoder = encoder();
        let (calibrated, _) = encoder.clone().calibrate([x.clone()].into_iter());
        let training = encoder.train().forward(x.clone().autodiff()).inner();
        close(calibrated.forward(x), training, 1e-3);
    }

    #[test]
    fn a_row_does_not_depend_on_its_batch() {
        let encoder = encoder().calibrate([data(30)].into_iter()).0;
        let x = data(7);
        let alone = encoder.forward(x.clone().narrow(0, 3, 1));
        close(encoder.forward(x).narrow(0, 3, 1), alone, 1e-6);
    }

    #[test]
    fn a_batch_of_one_row_trains_without_nan() {
        let h = encoder().train().forward(data(1).autodiff());
        assert!(h.inner().sum().into_scalar::<f32>().is_finite());
    }
}
