//! The expression autoencoder of scSiameseClu.

use burn::config::Config;
use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};

use super::heads::{ZinbHeads, ZinbHeadsConfig};
use super::layers::{linear, stack};
use super::parameters::ZinbParameters;
use crate::activation::leaky_relu;

/// Slope of the leaky ReLU below 0.
const SLOPE: f64 = 0.2;

/// Configuration of a [`ZinbAutoencoder`].
#[derive(Config, Debug)]
pub struct ZinbAutoencoderConfig {
    /// Width of the input (principal components or genes).
    pub d_input: usize,
    /// Genes whose counts are modelled.
    pub n_genes: usize,
    /// Widths of the encoder's hidden layers; the decoder uses the reverse order.
    #[config(default = "vec![128, 256, 512]")]
    pub hidden: Vec<usize>,
    /// Width of the latent space.
    #[config(default = 20)]
    pub d_latent: usize,
}

/// An autoencoder of expression whose decoder also gives the distribution of the counts
/// (section [3.3]; scSiameseClu, IJCAI 2025; after DCA and scDeepCluster):
///
/// ```text
/// z     = encoder(x)              d_input - 128 - 256 - 512 - d_latent, the last layer linear
/// h     = trunk(z)                d_latent - 512 - 256 - 128
/// x_hat = h W + b
/// mu, theta, pi = heads(h)        per gene
/// ```
///
/// with LeakyReLU(0.2) between the layers. No layer normalises over the batch, so the result for a
/// row does not depend on the other rows.
///
/// [3.3]: https://github.com/morula-bio/morula/blob/main/docs/models/scsiameseclu.md#3-3
#[derive(Module, Debug)]
pub struct ZinbAutoencoder {
    encoder: Vec<Linear>,
    trunk: Vec<Linear>,
    reconstruction: Linear,
    heads: ZinbHeads,
}

/// The output of the decoder.
#[derive(Debug, Clone)]
pub struct Decoded {
    /// The reconstructed input. `[n, d_input]`
    pub reconstruction: Tensor<2>,
    /// The distribution of the counts. `[n, n_genes]` each
    pub zinb: ZinbParameters,
}

impl ZinbAutoencoderConfig {
    /// Creates the autoencoder with Xavier-uniform weights and biases of 0.
    pub fn init(&self, device: &Device) -> ZinbAutoencoder {
        let outward: Vec<usize> = self.hidden.iter().rev().copied().collect();
        let d_trunk = outward.last().copied().unwrap_or(self.d_latent);
        let encoder = [self.hidden.as_slice(), &[self.d_latent]].concat();
        ZinbAutoencoder {
            encoder: stack(self.d_input, &encoder, device),
            trunk: stack(self.d_latent, &outward, device),
            reconstruction: linear(d_trunk, self.d_input, device),
            heads: ZinbHeadsConfig::new(d_trunk, self.n_genes).init(device),
        }
    }
}

impl ZinbAutoencoder {
    /// The latent rows z.
    ///
    /// # Shapes
    /// - x: `[n, d_input]`
    /// - output: `[n, d_latent]`
    pub fn encode(&self, x: Tensor<2>) -> Tensor<2> {
        let last = self.encoder.len().saturating_sub(1);
        self.encoder.iter().enumerate().fold(x, |h, (index, layer)| match index == last {
            true => layer.forward(h),
            false => leaky_relu(layer.forward(h), SLOPE),
        })
    }

    /// The decoder's shared features h, the input of the heads. With them a caller can compute
    /// [`Self::reconstruct`] for all cells and [`Self::distribution`] for some rows of h.
    ///
    /// # Shapes
    /// - z: `[n, d_latent]`
    /// - output: `[n, d_trunk]`, the width of the encoder's first hidden layer
    pub fn trunk(&self, z: Tensor<2>) -> Tensor<2> {
        self.trunk.iter().fold(z, |h, layer| leaky_relu(layer.forward(h), SLOPE))
    }

    /// x_hat.
    ///
    /// # Shapes
    /// - h: `[n, d_trunk]`, from [`Self::trunk`]
    /// - output: `[n, d_input]`
    pub fn reconstruct(&self, h: Tensor<2>) -> Tensor<2> {
        self.reconstruction.forward(h)
    }

    /// The distribution of the counts.
    ///
    /// # Shapes
    /// - h: `[n, d_trunk]`, from [`Self::trunk`]
    /// - output: `[n, n_genes]` each
    pub fn distribution(&self, h: Tensor<2>) -> ZinbParameters {
        self.heads.forward(h)
    }

    /// Decodes z: the reconstruction and the distribution of the counts.
    ///
    /// # Shapes
    /// - z: `[n, d_latent]`
    pub fn decode(&self, z: Tensor<2>) -> Decoded {
        let h = self.trunk(z);
        Decoded { reconstruction: self.reconstruct(h.clone()), zinb: self.distribution(h) }
    }

    /// Encodes and decodes.
    ///
    /// # Shapes
    /// - x: `[n, d_input]`
    pub fn forward(&self, x: Tensor<2>) -> Decoded {
        self.decode(self.encode(x))
    }

    /// Mean counts mu without dropout and size factors: expression that is comparable between
    /// cells.
    ///
    /// # Shapes
    /// - x: `[n, d_input]`
    /// - output: `[n, n_genes]`
    pub fn denoise(&self, x: Tensor<2>) -> Tensor<2> {
        self.distribution(self.trunk(self.encode(x))).mean()
    }
}
