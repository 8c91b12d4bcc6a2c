//! The trained parts of JojoSCL.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::Device;
use morula_cluster::random::{Purpose, stream};
use morula_core::contrastive::{
    ClusterHead, ClusterHeadConfig, ProjectionHead, ProjectionHeadConfig,
};
use morula_core::{init, linear};

use super::{JojoSclEncoder, JojoSclParams};

/// Cells embedded at once outside training.
pub(super) const EVAL_BATCH: usize = 2048;

/// Query encoder, heads and decoder: everything that receives gradients.
#[derive(Module, Debug)]
pub(super) struct Network {
    pub encoder: JojoSclEncoder,
    pub projection: ProjectionHead,
    pub cluster: ClusterHead,
    /// Gives the input again from the embedding.
    pub decoder: Linear,
}

impl Network {
    /// Weights drawn from the seed, on a device with autodiff.
    pub fn new(params: &JojoSclParams, n_clusters: usize, d_input: usize, device: &Device) -> Self {
        let device = device.clone().autodiff();
        let d = *params.widths.last().unwrap_or(&d_input);
        let network = Self {
            encoder: JojoSclEncoder::new(params, d_input, &device),
            projection: ProjectionHeadConfig::new(d)
                .with_d_hidden(params.projection)
                .with_d_output(params.projection)
                .init(&device),
            cluster: ClusterHeadConfig::new(d, n_clusters).init(&device),
            decoder: linear(d, d_input, &device),
        };
        init::xavier_uniform(network, &mut stream(params.seed, Purpose::Weights, 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::seeded_weights;
    use crate::{JojoScl, JojoSclInput};

    #[test]
    fn a_seed_gives_the_same_weights_on_every_device() {
        for input in [JojoSclInput::Components, JojoSclInput::Genes] {
            let params = JojoScl::params(3).input(input).widths(vec![8, 6]).projection(4);
            seeded_weights::check(|seed, device| {
                Network::new(&params.clone().seed(seed), 3, 10, device)
            });
        }
    }
}
