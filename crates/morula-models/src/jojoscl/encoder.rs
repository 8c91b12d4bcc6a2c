//! The encoder of either input.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use morula_core::{ComponentEncoder, ComponentEncoderConfig, Encoder, EncoderConfig};

use super::{Input, JojoSclParams};

/// The encoder of a [`JojoSclModel`](super::JojoSclModel).
#[derive(Module, Debug)]
pub enum JojoSclEncoder {
    /// Of components of expression.
    Components(ComponentEncoder),
    /// Of scaled expression; rows of the output have length 1.
    Genes(Encoder),
}

impl JojoSclEncoder {
    /// The encoder of `d_input` components or genes.
    pub(super) fn new(params: &JojoSclParams, d_input: usize, device: &Device) -> Self {
        let widths = params.widths.clone();
        match params.input {
            Input::Components => {
                let config = ComponentEncoderConfig::new(d_input).with_widths(widths);
                Self::Components(config.init(device))
            }
            Input::Genes => {
                Self::Genes(EncoderConfig::new(d_input).with_widths(widths).init(device))
            }
        }
    }

    /// Embeds cells.
    ///
    /// # Shapes
    /// - x: `[batch, d_input]`
    /// - output: `[batch, d_embedding]`
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        match self {
            Self::Components(encoder) => encoder.forward(x),
            Self::Genes(encoder) => encoder.forward(x),
        }
    }

    /// The encoder with statistics of the clean data, where it has any, and the embedding of all
    /// cells of `blocks`.
    pub(super) fn settle(self, blocks: impl Iterator<Item = Tensor<2>>) -> (Self, Tensor<2>) {
        match self {
            Self::Components(encoder) => {
                let h = blocks.map(|x| encoder.forward(x)).collect();
                (Self::Components(encoder), Tensor::cat(h, 0))
            }
            Self::Genes(encoder) => {
                let (encoder, h) = encoder.calibrate(blocks);
                (Self::Genes(encoder), h)
            }
        }
    }
}
