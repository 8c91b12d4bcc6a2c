//! The state of training.

use burn::module::Module;
use burn::optim::{AdamConfig, ModuleOptimizer};
use burn::tensor::{Device, Int, Tensor};

use super::network::Network;
use super::{JojoSclEncoder, JojoSclParams};
use crate::EpochRecord;
use crate::training::train_loop::TrainState;

/// What changes from step to step.
pub(super) struct State {
    pub network: Network,
    /// The encoder of the second view, if it has one of its own.
    pub key: Option<JojoSclEncoder>,
    pub optimizer: ModuleOptimizer,
    /// Cluster of every cell for the shrinkage, `[n]`, once it has started.
    pub memberships: Option<Tensor<1, Int>>,
    pub history: Vec<EpochRecord>,
}

impl State {
    /// The state before the first step.
    pub fn new(params: &JojoSclParams, n_clusters: usize, d_input: usize, device: &Device) -> Self {
        let network = Network::new(params, n_clusters, d_input, device);
        // Adam's epsilon is that of PyTorch; Burn's default is 1000 times larger.
        let optimizer = AdamConfig::new().with_epsilon(1e-8).init();
        let key = params.momentum.map(|_| network.encoder.clone().no_grad());
        Self { network, key, optimizer, memberships: None, history: Vec::new() }
    }
}

impl TrainState for State {
    fn history(&self) -> &[EpochRecord] {
        &self.history
    }
}
