//! One training epoch of JojoSCL.

use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::{Int, Tensor};
use morula_cluster::random::{Purpose, stream};
use morula_cluster::representations::CellGraph;
use morula_core::contrastive::momentum_update;
use morula_core::shrinkage::Warmup;
use morula_preprocess::Prepared;

use super::inputs::Inputs;
use super::losses::{Batch, Losses};
use super::positives::Positives;
use super::state::State;
use super::{JojoSclEncoder, JojoSclParams};
use crate::Result;
use crate::training::batches;
use crate::training::loss_terms::record;

/// K-means starts of a membership refresh; the final clustering uses more.
pub(super) const REFRESH_N_INIT: usize = 3;

/// Share of the learning rate in the last epoch.
const FINAL_RATE: f64 = 1e-3;

/// The constant parts of a run.
pub(super) struct Trainer<'a> {
    pub params: &'a JojoSclParams,
    pub prepared: &'a Prepared,
    /// Number of clusters in training.
    pub n_clusters: usize,
    pub cells: CellGraph,
    pub losses: Losses,
    pub positives: Positives,
    pub inputs: Inputs<'a>,
}

impl Trainer<'_> {
    /// One pass over the cells.
    pub fn epoch(&self, mut state: State) -> Result<State> {
        let params = self.params;
        let epoch = state.history.len();
        let learning_rate = cosine(params.learning_rate, epoch, params.epochs);
        let weight = self.shrinkage_weight(epoch);
        if weight > 0.0
            && (state.memberships.is_none() || epoch.is_multiple_of(params.refresh_every))
        {
            state.memberships = Some(self.memberships(&state.network.encoder, epoch)?);
        }
        let active = state.memberships.clone().filter(|_| weight > 0.0);

        let batches = self.batches(epoch);
        let n_batches = batches.len();
        let mut recorded = Vec::with_capacity(n_batches);
        for (b, rows) in batches.iter().enumerate() {
            let mut rng = stream(params.seed, Purpose::Views, epoch * n_batches + b);
            let positives = &self.positives.draw(rows, &mut rng);
            let batch = Batch {
                views: self.inputs.views(rows, positives, &mut rng),
                rows,
                positives,
                shrinkage: active.clone().map(|labels| (labels, weight)),
            };
            let terms = self.losses.forward(&state.network, state.key.as_ref(), batch)?;
            // Without an active term (shrinkage alone, before its warm-up) a step changes nothing.
            if let Some(total) = terms.total() {
                let gradients = GradientsParams::from_grads(total.backward(), &state.network);
                state.network = state.optimizer.step(learning_rate, state.network, gradients);
            }
            recorded.push(terms.detach());
            if let (Some(key), Some(momentum)) = (state.key, params.momentum) {
                state.key = Some(momentum_update(key, &state.network.encoder, momentum));
            } else {
                state.key = None;
            }
        }
        state.history.push(record(epoch, "training", learning_rate, recorded)?);
        Ok(state)
    }

    fn batches(&self, epoch: usize) -> Vec<Vec<usize>> {
        let JojoSclParams { batch_size, steps_per_epoch, seed, .. } = *self.params;
        let order = &mut stream(seed, Purpose::Order, epoch);
        let n = self.inputs.n_cells();
        match steps_per_epoch {
            0 => batches::shuffled(n, n.div_ceil(batch_size), order),
            steps => batches::drawn(n, steps, batch_size, order),
        }
    }

    fn shrinkage_weight(&self, epoch: usize) -> f64 {
        let wait = (self.params.shrinkage_warmup * self.params.epochs as f64).round() as usize;
        let warmup = Warmup { start: wait, length: wait.min(self.params.epochs - wait) / 2 };
        self.params.shrinkage_weight * warmup.weight(epoch)
    }

    /// Clusters of the clean embedding, which the shrinkage uses until the next refresh.
    fn memberships(&self, encoder: &JojoSclEncoder, epoch: usize) -> Result<Tensor<1, Int>> {
        let (_, h) = self.embed(encoder);
        let rng = &mut stream(self.params.seed, Purpose::KMeans, epoch + 1);
        Ok(self.params.cluster_method.fit(&h, self.n_clusters, REFRESH_N_INIT, rng)?.labels)
    }

    /// The encoder with statistics of the clean data, and the embedding of all cells.
    pub fn embed(&self, encoder: &JojoSclEncoder) -> (JojoSclEncoder, Tensor<2>) {
        encoder.valid().settle(self.inputs.blocks())
    }
}

/// Cosine schedule over the epochs of the run, from `rate` to a thousandth of it.
fn cosine(rate: f64, epoch: usize, epochs: usize) -> f64 {
    let phase = std::f64::consts::PI * epoch as f64 / epochs.max(1) as f64;
    rate * (FINAL_RATE + (1.0 - FINAL_RATE) * (1.0 + phase.cos()) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// float64 numbers of the golden case `cosine_lr` (rate 0.2, horizon 500).
    #[test]
    fn cosine_schedule() {
        let golden = [
            (0, 0.2),
            (1, 0.1999980280595281),
            (50, 0.19511054597788585),
            (100, 0.18092079773805725),
            (199, 0.13156715331356494),
            (250, 0.10010000000000001),
            (500, 0.0002),
        ];
        for (epoch, rate) in golden {
            approx::assert_relative_eq!(cosine(0.2, epoch, 500), rate, max_relative = 1e-9);
        }
    }
}
