//! The state of training.

use burn::module::Module;
use burn::optim::{AdamConfig, ModuleOptimizer};
use burn::tensor::{Device, Int, Tensor};
use morula_core::Encoder;

use super::JojoSclParams;
use super::network::Network;
use crate::EpochRecord;

/// What changes from step to step.
pub(super) struct State {
    pub network: Network,
    pub key: Encoder,
    pub optimizer: ModuleOptimizer,
    /// Cluster of every cell for the shrinkage, `[n]`, once it has started.
    pub memberships: Option<Tensor<1, Int>>,
    pub history: Vec<EpochRecord>,
}

impl State {
    /// The state before the first step.
    pub fn new(params: &JojoSclParams, n_clusters: usize, n_genes: usize, device: &Device) -> Self {
        let network = Network::new(params, n_clusters, n_genes, device);
        // Adam's epsilon is that of PyTorch; Burn's default is 1000 times larger.
        let optimizer = AdamConfig::new().with_epsilon(1e-8).init();
        let key = network.encoder.clone().no_grad();
        Self { network, key, optimizer, memberships: None, history: Vec::new() }
    }
}
