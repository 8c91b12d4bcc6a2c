//! The state of training.

use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Tensor};
use morula_core::graph::Graph;
use morula_core::ops;

use super::network::Network;
use crate::EpochRecord;
use crate::training::loss_terms::{LossTerms, StepLosses};

/// What changes from step to step.
pub(super) struct State {
    pub network: Network,
    pub optimizer: ModuleOptimizer,
    /// The perturbed graph.
    pub kept: Graph,
    /// Column sums of the plan, from the start of the main stage.
    pub columns: Vec<f64>,
    /// The plan, `[n, K]`, from the start of the main stage.
    pub plan: Option<Tensor<2>>,
    pub history: Vec<EpochRecord>,
}

/// A new optimizer, one per stage. Adam's epsilon is that of PyTorch.
pub(super) fn optimizer() -> ModuleOptimizer {
    AdamConfig::new().with_epsilon(1e-8).init()
}

impl State {
    /// The state before the first step, with the whole graph.
    pub fn new(network: Network, graph: Graph) -> Self {
        Self {
            network,
            optimizer: optimizer(),
            kept: graph,
            columns: Vec::new(),
            plan: None,
            history: Vec::new(),
        }
    }

    /// The rows of the plan for some cells, `[b, K]`.
    pub fn plan_of(&self, rows: &[usize]) -> Option<Tensor<2>> {
        let plan = self.plan.clone()?;
        let device: Device = plan.device();
        Some(plan.select(0, ops::indices(rows, &device)))
    }

    /// One step of the optimizer along the gradient of the terms.
    pub fn step(&mut self, terms: LossTerms, learning_rate: f64) -> StepLosses {
        if let Some(total) = terms.total() {
            let gradients = GradientsParams::from_grads(total.backward(), &self.network);
            self.network = self.optimizer.step(learning_rate, self.network.clone(), gradients);
        }
        terms.detach()
    }
}
