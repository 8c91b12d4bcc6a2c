//! Heads on top of the encoder: one for the contrast between cells, one for the clusters.

use burn::config::Config;
use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::activation::{relu, softmax};
use burn::tensor::{Device, Tensor};

use crate::linear;
use crate::ops::l2_normalize;

/// Two linear layers with a ReLU between them.
#[derive(Module, Debug)]
struct Mlp {
    hidden: Linear,
    output: Linear,
}

impl Mlp {
    fn new(d_input: usize, d_hidden: usize, d_output: usize, device: &Device) -> Self {
        Self {
            hidden: linear(d_input, d_hidden, device),
            output: linear(d_hidden, d_output, device),
        }
    }

    fn forward(&self, h: Tensor<2>) -> Tensor<2> {
        self.output.forward(relu(self.hidden.forward(h)))
    }
}

/// Configuration of a [`ProjectionHead`].
#[derive(Config, Debug)]
pub struct ProjectionHeadConfig {
    /// Width of the encoder's embedding.
    pub d_input: usize,
    /// Width of the hidden layer.
    #[config(default = 192)]
    pub d_hidden: usize,
    /// Width P of the projection.
    #[config(default = 192)]
    pub d_output: usize,
}

/// Instance head `z = g(h) / |g(h)|` (section [2.3]).
///
/// [2.3]: https://github.com/morula-bio/morula/blob/main/docs/models/jojoscl.md#2-3
#[derive(Module, Debug)]
pub struct ProjectionHead {
    mlp: Mlp,
}

impl ProjectionHeadConfig {
    /// Creates the head with Xavier-uniform weights and biases of 0.
    pub fn init(&self, device: &Device) -> ProjectionHead {
        ProjectionHead { mlp: Mlp::new(self.d_input, self.d_hidden, self.d_output, device) }
    }
}

impl ProjectionHead {
    /// Projects embeddings.
    ///
    /// # Shapes
    /// - h: `[batch, d_input]`
    /// - output: `[batch, d_output]`, rows of length 1
    pub fn forward(&self, h: Tensor<2>) -> Tensor<2> {
        l2_normalize(self.mlp.forward(h))
    }
}

/// Configuration of a [`ClusterHead`].
#[derive(Config, Debug)]
pub struct ClusterHeadConfig {
    /// Width of the encoder's embedding.
    pub d_input: usize,
    /// Number of clusters K.
    pub n_clusters: usize,
    /// Width of the hidden layer.
    #[config(default = 64)]
    pub d_hidden: usize,
}

/// Cluster head `q = softmax(c(h))` (section [2.3]).
///
/// [2.3]: https://github.com/morula-bio/morula/blob/main/docs/models/jojoscl.md#2-3
#[derive(Module, Debug)]
pub struct ClusterHead {
    mlp: Mlp,
}

impl ClusterHeadConfig {
    /// Creates the head with Xavier-uniform weights and biases of 0.
    pub fn init(&self, device: &Device) -> ClusterHead {
        ClusterHead { mlp: Mlp::new(self.d_input, self.d_hidden, self.n_clusters, device) }
    }
}

impl ClusterHead {
    /// Soft assignment of embeddings to clusters.
    ///
    /// # Shapes
    /// - h: `[batch, d_input]`
    /// - output: `[batch, n_clusters]`, rows summing to 1
    pub fn forward(&self, h: Tensor<2>) -> Tensor<2> {
        softmax(self.mlp.forward(h), 1)
    }
}
