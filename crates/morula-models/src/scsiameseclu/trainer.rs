//! One training epoch of scSiameseClu, in every stage.

use burn::module::Module;
use burn::tensor::Tensor;
use morula_cluster::random::{Purpose, stream};
use morula_cluster::representations::CellGraph;
use morula_core::graph::Diffusion;
use rand_chacha::ChaCha8Rng;

use super::cells::Cells;
use super::losses::Losses;
use super::schedule::{Schedule, Stage};
use super::state::{State, optimizer};
use super::{ScSiameseCluParams, centroids, reference};
use crate::Result;
use crate::device::read_matrix;
use crate::training::batches;
use crate::training::loss_terms::{StepLosses, record};

/// The constant parts of a run.
pub(super) struct Trainer<'a> {
    pub params: &'a ScSiameseCluParams,
    /// The cells in the views of expression, for the clustering.
    pub expression: CellGraph,
    pub schedule: Schedule,
    pub cells: Cells,
    pub diffusion: Diffusion,
    pub losses: Losses<'a>,
}

impl Trainer<'_> {
    /// Runs the next epoch.
    pub fn epoch(&self, mut state: State) -> Result<State> {
        let epoch = state.history.len();
        let Some((stage, within)) = self.schedule.locate(epoch) else { return Ok(state) };
        if within == 0 {
            state.optimizer = optimizer();
        }
        let fused = matches!(stage, Stage::Joint | Stage::Main);
        if fused && within.is_multiple_of(self.params.refresh_every) {
            state = self.refresh(state, stage, within)?;
        }
        let learning_rate = stage.learning_rate(self.params);
        let steps = match stage {
            Stage::Autoencoder => self.autoencoder(&mut state, epoch, learning_rate)?,
            _ => self.graph(&mut state, stage, epoch, learning_rate)?,
        };
        state.history.push(record(epoch, stage.name(), learning_rate, steps)?);
        Ok(state)
    }

    /// Embedding of all cells without augmentation, `[n, d]`.
    pub fn embed(&self, state: &State) -> Result<Tensor<2>> {
        let Self { params, cells, diffusion, .. } = self;
        let device = cells.x.device();
        let along = reference::along(&cells.graph, &state.kept, diffusion, &device);
        reference::embed(params, &state.network.valid(), &cells.x, along, cells.len())
    }

    /// Drops the edges between the least similar embeddings, and computes a new transport plan.
    fn refresh(&self, mut state: State, stage: Stage, within: usize) -> Result<State> {
        let Self { params, cells, expression, .. } = self;
        let z = self.embed(&state)?;
        let start = stage == Stage::Main && within == 0;
        if params.drop_edges > 0.0 || start {
            let host = read_matrix(z.clone(), "the embedding")?;
            if params.drop_edges > 0.0 {
                let (values, d) = (host.values(), host.n_cols());
                state.kept = cells.graph.drop_dissimilar(values, d, params.drop_edges)?;
            }
            if start {
                let clusters = centroids::start(params, expression, state.network, &z, &host)?;
                (state.network, state.columns) = clusters;
            }
        }
        if stage == Stage::Main {
            let assignment = &state.network.assignment;
            state.plan = Some(centroids::plan(params, assignment, z, &state.columns)?);
        }
        Ok(state)
    }

    /// One pass of the expression autoencoder over shuffled cells.
    fn autoencoder(
        &self,
        state: &mut State,
        epoch: usize,
        learning_rate: f64,
    ) -> Result<Vec<StepLosses>> {
        let Self { params, cells, losses, .. } = self;
        let parts = batches::number(cells.len(), params.batch_size, params.min_batches);
        let order = &mut stream(params.seed, Purpose::Order, epoch);
        let mut steps = Vec::with_capacity(parts);
        for (b, rows) in batches::shuffled(cells.len(), parts, order).iter().enumerate() {
            let rng = &mut self.rng(epoch, b);
            let terms = losses.autoencoder(&state.network, cells, rows, rng)?;
            steps.push(state.step(terms, learning_rate));
        }
        Ok(steps)
    }

    /// One pass of a stage that uses the graph.
    fn graph(
        &self,
        state: &mut State,
        stage: Stage,
        epoch: usize,
        rate: f64,
    ) -> Result<Vec<StepLosses>> {
        let Self { params, cells, losses, .. } = self;
        let batches = cells.partition.batches(&mut stream(params.seed, Purpose::Order, epoch));
        let mut steps = Vec::with_capacity(batches.len());
        for (b, rows) in batches.into_iter().enumerate() {
            let rng = &mut self.rng(epoch, b);
            let batch = cells.neighborhood(rows, &state.kept, &self.diffusion)?;
            let terms = match stage {
                Stage::Graph => losses.graph(&state.network, &batch, rng)?,
                _ => {
                    losses.joint(&state.network, cells, &batch, state.plan_of(&batch.rows), rng)?
                }
            };
            steps.push(state.step(terms, rate));
        }
        Ok(steps)
    }

    fn rng(&self, epoch: usize, batch: usize) -> ChaCha8Rng {
        // An epoch has far fewer batches than 2^24.
        stream(self.params.seed, Purpose::Views, (epoch << 24) + batch)
    }
}
