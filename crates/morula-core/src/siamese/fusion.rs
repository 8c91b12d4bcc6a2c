//! Fusion of the expression's embedding and the graph's into one.

use burn::config::Config;
use burn::module::{Module, Param};
use burn::nn::Initializer;
use burn::tensor::{Device, Tensor};

use super::attention;
use crate::graph::SparseTensor;

/// Configuration of a [`Fusion`].
#[derive(Config, Debug)]
pub struct FusionConfig {
    /// Width d of both embeddings.
    pub d_latent: usize,
    /// Rows of a block of the attention: few on a CPU, so that a block's weights stay in a core's
    /// cache; some thousands on a GPU, where every block costs a dozen kernels.
    #[config(default = 192)]
    pub attention_block: usize,
}

/// Adaptive fusion (section [3.4]; scSiameseClu, cross-modal fusion):
///
/// ```text
/// Z_i = a * Z_AE + b * Z_G           blend, a and b one weight per dimension
/// Z_l = A Z_i                        local: propagated along the graph
/// Z_g = softmax(Z_l Z_l^T) Z_l       global: attention over the cells
/// Z   = rho Z_g + Z_l
/// ```
///
/// No parameter depends on the number of cells, so a trained fusion works on other cells.
///
/// [3.4]: https://github.com/morula-bio/morula/blob/main/docs/models/scsiameseclu.md#3-4
#[derive(Module, Debug)]
pub struct Fusion {
    /// Weight a of the expression's embedding, `[d]`; it starts at 0.5.
    pub a: Param<Tensor<1>>,
    /// Weight b of the graph's embedding, `[d]`; it starts at 0.5.
    pub b: Param<Tensor<1>>,
    /// Gate rho of the attention, `[1]`; it starts at 0.
    pub rho: Param<Tensor<1>>,
    /// Rows of a block of the attention.
    #[module(skip)]
    pub attention_block: usize,
}

/// The cells that the attention reads.
#[derive(Debug, Clone)]
#[allow(clippy::large_enum_variant, reason = "a handle, passed once per step")]
pub enum Keys {
    /// All cells: O(n^2 d) time, O(n d) memory.
    All,
    /// Some rows only, for large n: O(n m d) time. A selection of rows, `[m, n]`, from
    /// [`SparseTensor::selection`].
    Anchors(SparseTensor),
}

impl FusionConfig {
    /// Creates the fusion.
    pub fn init(&self, device: &Device) -> Fusion {
        let half = || Initializer::Constant { value: 0.5 }.init([self.d_latent], device);
        Fusion {
            a: half(),
            b: half(),
            rho: Initializer::Zeros.init([1], device),
            attention_block: self.attention_block,
        }
    }
}

impl Fusion {
    /// The fused embedding; `propagate` multiplies by the normalised graph.
    ///
    /// # Shapes
    /// - z_ae, z_graph: `[n, d_latent]`
    /// - propagate: `[n, d_latent]` to `[n, d_latent]`
    /// - output: `[n, d_latent]`
    pub fn forward(
        &self,
        z_ae: Tensor<2>,
        z_graph: Tensor<2>,
        propagate: impl Fn(Tensor<2>) -> Tensor<2>,
        keys: Keys,
    ) -> Tensor<2> {
        let local = propagate(self.blend(z_ae, z_graph));
        let keys = match keys {
            Keys::All => local.clone(),
            Keys::Anchors(selection) => selection.matmul(local.clone()),
        };
        let global = attention(local.clone(), keys, self.attention_block);
        self.rho.val().unsqueeze::<2>() * global + local
    }

    /// `a * Z_AE + b * Z_G`, before propagation.
    ///
    /// # Shapes
    /// - z_ae, z_graph: `[n, d_latent]`
    /// - output: `[n, d_latent]`
    pub fn blend(&self, z_ae: Tensor<2>, z_graph: Tensor<2>) -> Tensor<2> {
        self.a.val().unsqueeze::<2>() * z_ae + self.b.val().unsqueeze::<2>() * z_graph
    }
}
