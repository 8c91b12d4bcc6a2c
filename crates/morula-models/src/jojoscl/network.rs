//! The trained parts of JojoSCL.

use burn::module::Module;
use burn::tensor::Device;
use morula_cluster::random::{Purpose, stream};
use morula_core::contrastive::{
    ClusterHead, ClusterHeadConfig, ProjectionHead, ProjectionHeadConfig,
};
use morula_core::{Encoder, EncoderConfig, init};

use super::JojoSclParams;

/// Cells embedded at once outside training.
pub(super) const EVAL_BATCH: usize = 2048;

/// Query encoder and both projection heads: everything that receives gradients.
#[derive(Module, Debug)]
pub(super) struct Network {
    pub encoder: Encoder,
    pub projection: ProjectionHead,
    pub cluster: ClusterHead,
}

impl Network {
    /// Weights drawn from the seed, on a device with autodiff.
    pub fn new(params: &JojoSclParams, n_clusters: usize, n_genes: usize, device: &Device) -> Self {
        let device = device.clone().autodiff();
        let d = *params.widths.last().unwrap_or(&n_genes);
        let network = Self {
            encoder: EncoderConfig::new(n_genes).with_widths(params.widths.clone()).init(&device),
            projection: ProjectionHeadConfig::new(d)
                .with_d_hidden(params.projection)
                .with_d_output(params.projection)
                .init(&device),
            cluster: ClusterHeadConfig::new(d, n_clusters).init(&device),
        };
        init::xavier_uniform(network, &mut stream(params.seed, Purpose::Weights, 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::JojoScl;
    use crate::training::seeded_weights;

    #[test]
    fn a_seed_gives_the_same_weights_on_every_device() {
        let params = JojoScl::params(3).widths(vec![8, 6]).projection(4);
        seeded_weights::check(|seed, device| {
            Network::new(&params.clone().seed(seed), 3, 10, device)
        });
    }
}
