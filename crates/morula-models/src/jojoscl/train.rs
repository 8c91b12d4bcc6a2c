//! The training loop.

use burn::module::Module;
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Int, Tensor, TensorData};
use morula_core::contrastive::momentum_update;
use morula_core::shrinkage::Warmup;
use morula_core::{Encoder, ops};
use morula_data::CountMatrix;
use rand::seq::SliceRandom;

use super::network::{Batch, Losses, Network, Term};
use super::positives::Positives;
use super::{JojoSclModel, JojoSclParams, checkpoint, finish};
use crate::rng::{Purpose, stream};
use crate::{EpochRecord, FitOptions, ModelError, Result};

/// Cells embedded at once outside training.
pub(super) const EVAL_BATCH: usize = 2048;

/// K-means starts of a membership refresh; the final clustering takes more.
const REFRESH_N_INIT: usize = 3;

/// Cells that a batch must hold to be made smaller for the sake of `min_batches`.
const SMALLEST_BATCH: usize = 32;

/// Share of the learning rate that is left at the end.
const FINAL_RATE: f64 = 1e-3;

/// Everything that changes during training. With the parameters and the data it is all a run
/// needs to go on.
pub(super) struct State {
    pub network: Network,
    pub key: Encoder,
    pub optimizer: ModuleOptimizer,
    /// Cluster of every cell for the shrinkage, once it has entered, `[n]`.
    pub memberships: Option<Tensor<1, Int>>,
    pub history: Vec<EpochRecord>,
}

impl State {
    pub fn new(params: &JojoSclParams, n_genes: usize, device: &Device) -> Self {
        let network = Network::new(params, n_genes, device);
        // Adam's epsilon as in PyTorch; Burn's own default is 1000 times larger.
        let optimizer = AdamConfig::new().with_epsilon(1e-8).init();
        let key = network.encoder.clone().no_grad();
        Self { network, key, optimizer, memberships: None, history: Vec::new() }
    }
}

/// Fits a model (METHODS 2).
pub(super) fn fit(
    params: &JojoSclParams,
    counts: &CountMatrix,
    device: &Device,
    mut options: FitOptions<'_>,
) -> Result<JojoSclModel> {
    let device = device.clone().inner();
    let (recipe, mut prepared) = params.recipe.fit(counts)?;
    let (n_cells, n_genes) = (prepared.n_cells(), prepared.n_genes);
    if n_cells < params.n_clusters {
        return Err(ModelError::TooFewCells { n_cells, n_clusters: params.n_clusters });
    }
    let positives = Positives::fit(params, &prepared)?;
    let x = TensorData::new(std::mem::take(&mut prepared.x), [n_cells, n_genes]);
    let x = Tensor::<2>::from_data(x, &device);

    let mut state = State::new(params, n_genes, &device);
    if let Some(saved) = &options.checkpoint
        && saved.resume
    {
        state = checkpoint::load(&saved.folder, state, params, &device)?;
    }
    let trainer = Trainer { params, losses: Losses::new(params)?, positives, x };
    while state.history.len() < params.epochs {
        state = trainer.epoch(state)?;
        let done = state.history.len();
        let record = &state.history[done - 1];
        let stop = options
            .observer
            .as_mut()
            .is_some_and(|observer| observer.on_epoch(record, params.epochs).is_break());
        let folder = match &options.checkpoint {
            Some(to) if stop || done.is_multiple_of(to.every.max(1)) || done == params.epochs => {
                checkpoint::save(&to.folder, &state, params)?;
                Some(to.folder.clone())
            }
            _ => None,
        };
        if stop && done < params.epochs {
            let epochs = params.epochs;
            return Err(ModelError::Interrupted { epoch: done, epochs, checkpoint: folder });
        }
    }
    finish::finish(trainer, state, recipe, prepared)
}

/// What stays the same from epoch to epoch.
pub(super) struct Trainer<'a> {
    pub params: &'a JojoSclParams,
    pub losses: Losses,
    positives: Positives,
    /// Scaled expression, `[cells, genes]`.
    pub x: Tensor<2>,
}

impl Trainer<'_> {
    /// One pass over the cells.
    fn epoch(&self, mut state: State) -> Result<State> {
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

        let n_batches = self.n_batches();
        let mut recorded = Vec::with_capacity(n_batches);
        for (b, rows) in self.batches(epoch).iter().enumerate() {
            let mut rng = stream(params.seed, Purpose::Views, epoch * n_batches + b);
            let device = self.x.device();
            let positives = ops::indices(&self.positives.draw(rows, &mut rng), &device);
            let rows = ops::indices(rows, &device);
            let batch = Batch {
                x: self.x.clone().select(0, rows.clone()),
                positive: self.x.clone().select(0, positives),
                shrinkage: active.clone().map(|labels| (labels.select(0, rows), weight)),
            };
            let (total, terms) =
                self.losses.forward(&state.network, &state.key, batch, &mut rng)?;
            let mut losses = vec![total.clone().inner()];
            losses.extend(terms.iter().map(|(_, value)| value.clone()));
            recorded.push((terms.into_iter().map(|t| t.0).collect::<Vec<_>>(), losses));

            let gradients = GradientsParams::from_grads(total.backward(), &state.network);
            state.network = state.optimizer.step(learning_rate, state.network, gradients);
            state.key = momentum_update(state.key, &state.network.encoder, params.momentum);
        }
        state.history.push(self.record(epoch, learning_rate, recorded)?);
        Ok(state)
    }

    /// Reads the losses of an epoch from the device, once, and averages them over the batches.
    fn record(
        &self,
        epoch: usize,
        learning_rate: f64,
        steps: Vec<(Vec<Term>, Vec<Tensor<1>>)>,
    ) -> Result<EpochRecord> {
        let n_batches = steps.len();
        let terms = steps.first().map(|s| s.0.clone()).unwrap_or_default();
        let width = terms.len() + 1;
        let losses = Tensor::cat(steps.into_iter().flat_map(|s| s.1).collect(), 0);
        let losses: Vec<f32> = losses
            .try_into_vec_as()
            .map_err(|e| ModelError::Read { what: "the losses", why: format!("{e:?}") })?;
        let names: Vec<&str> =
            std::iter::once("total").chain(terms.iter().map(|t| t.name())).collect();
        for (b, step) in losses.chunks(width).enumerate() {
            // Terms before their sum: the sum is never finite when a term is not.
            let bad = step.iter().zip(&names).rev().find(|(v, _)| !v.is_finite());
            if let Some((&value, &term)) = bad {
                return Err(ModelError::NotFinite {
                    epoch: epoch + 1,
                    batch: b + 1,
                    term,
                    value,
                    learning_rate: self.params.learning_rate,
                });
            }
        }
        let mean = |i: usize| losses.iter().skip(i).step_by(width).sum::<f32>() / n_batches as f32;
        Ok(EpochRecord {
            epoch: epoch + 1,
            learning_rate,
            total: mean(0),
            terms: names
                .iter()
                .enumerate()
                .skip(1)
                .map(|(i, n)| (n.to_string(), mean(i)))
                .collect(),
        })
    }

    /// Shuffled cells in batches that differ by one cell at most, so that no epoch ends on a
    /// batch too small for batch statistics.
    fn batches(&self, epoch: usize) -> Vec<Vec<usize>> {
        let n = self.x.dims()[0];
        let mut order: Vec<usize> = (0..n).collect();
        order.shuffle(&mut stream(self.params.seed, Purpose::Order, epoch));
        let parts = self.n_batches();
        (0..parts).map(|b| order[b * n / parts..(b + 1) * n / parts].to_vec()).collect()
    }

    /// Few cells make smaller batches rather than too few steps to learn anything.
    fn n_batches(&self) -> usize {
        let n = self.x.dims()[0];
        let wanted = self.params.min_batches.min(n / SMALLEST_BATCH);
        n.div_ceil(self.params.batch_size).max(wanted)
    }

    fn shrinkage_weight(&self, epoch: usize) -> f64 {
        let wait = (self.params.shrinkage_warmup * self.params.epochs as f64).round() as usize;
        let warmup = Warmup { start: wait, length: wait.min(self.params.epochs - wait) / 2 };
        self.params.shrinkage_weight * warmup.weight(epoch)
    }

    /// Clusters of the clean embedding, as the shrinkage sees them until the next refresh.
    fn memberships(&self, encoder: &Encoder, epoch: usize) -> Result<Tensor<1, Int>> {
        let (_, h) = self.embed(encoder);
        let rng = &mut stream(self.params.seed, Purpose::KMeans, epoch + 1);
        Ok(self.params.head.fit(&h, self.params.n_clusters, REFRESH_N_INIT, rng)?.labels)
    }

    /// The encoder with statistics of the clean data, and the embedding of all cells.
    pub fn embed(&self, encoder: &Encoder) -> (Encoder, Tensor<2>) {
        let batches = self.x.clone().split(EVAL_BATCH, 0);
        encoder.valid().calibrate(batches.into_iter())
    }
}

/// Cosine schedule over the run's own epochs, from `rate` to a thousandth of it.
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
