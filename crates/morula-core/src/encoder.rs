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
    /// Width after each block; the last one is the embedding's.
    #[config(default = "vec![512, 256, 128]")]
    pub widths: Vec<usize>,
}

/// Maps expression to a unit-length embedding: `f(x) = h_L / |h_L|`,
/// `h_l = relu(batch_norm(h_{l-1} W_l))` (METHODS 2.2; JojoSCL, encoder network).
///
/// The linear maps carry no bias, since batch normalisation would take it away again.
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
    /// On an autodiff device batch statistics are used and the running ones updated;
    /// elsewhere the running statistics are used, so that every row stands alone.
    ///
    /// # Shapes
    /// - x: `[batch, d_input]`
    /// - output: `[batch, d_embedding]`, rows of length 1
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        l2_normalize(self.blocks.iter().fold(x, |h, block| block.forward(h)))
    }

    /// Replaces the running statistics by the exact mean and variance over all rows of `batches`.
    ///
    /// Training sees augmented input, whose statistics differ from those of the clean data that
    /// inference sees (METHODS 2.13). The blocks are settled one after another, each on the
    /// output of those before it, so one pass over the data is made per block.
    ///
    /// # Shapes
    /// - each batch: `[rows, d_input]`, outside autodiff
    pub fn calibrate<I>(self, batches: impl Fn() -> I) -> Self
    where
        I: Iterator<Item = Tensor<2>>,
    {
        let mut settled: Vec<EncoderBlock> = Vec::with_capacity(self.blocks.len());
        for mut block in self.blocks {
            let mut rows = 0;
            // Sums of differences from the first batch's mean: a plain sum of squares would
            // cancel where the mean is large against the spread.
            let mut shift: Option<Tensor<2>> = None;
            let mut sums: Option<(Tensor<2>, Tensor<2>)> = None;
            for x in batches() {
                let h = settled.iter().fold(x, |h, b| b.forward(h));
                let h = block.linear.forward(h);
                rows += h.dims()[0];
                let shift = shift.get_or_insert_with(|| h.clone().mean_dim(0)).clone();
                let h = h - shift;
                let part = (h.clone().sum_dim(0), h.square().sum_dim(0));
                sums = Some(match sums {
                    None => part,
                    Some((s, q)) => (s + part.0, q + part.1),
                });
            }
            if let (Some(shift), Some((sum, square))) = (shift, sums) {
                let mean = sum.div_scalar(rows as f64);
                let var = square.div_scalar(rows as f64) - mean.clone().square();
                let width = mean.dims()[1];
                block.norm.running_mean = RunningState::new((mean + shift).reshape([width]));
                block.norm.running_var = RunningState::new(var.clamp_min(0.0).reshape([width]));
            }
            settled.push(block);
        }
        Self { blocks: settled }
    }
}

impl EncoderBlock {
    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        relu(self.norm.forward(self.linear.forward(x)))
    }
}
