//! The training loop through all stages.

use std::path::Path;

use burn::module::Module;
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Tensor};
use morula_core::graph::{Diffusion, DiffusionConfig, Graph};
use morula_core::ops;
use morula_core::zinb::ZinbLossConfig;
use morula_data::CountMatrix;
use rand_chacha::ChaCha8Rng;

use super::cells::{Cells, Neighborhood};
use super::losses::Losses;
use super::network::Network;
use super::projection::Projection;
use super::schedule::{Schedule, Stage};
use super::{ScSiameseCluModel, ScSiameseCluParams, checkpoint, clusters, finish, reference};
use crate::expression::Expression;
use crate::fingerprint::Fingerprint;
use crate::origin::Origin;
use crate::rng::{Purpose, stream};
use crate::start::Start;
use crate::terms::{StepLosses, Terms, record};
use crate::{
    ClusterModel, EpochRecord, FitOptions, Head, Matrix, Result, batches, capacity, fitting,
};

/// Fits a model (METHODS 3).
pub(super) fn fit(
    params: &ScSiameseCluParams,
    counts: &CountMatrix,
    device: &Device,
    mut options: FitOptions<'_>,
) -> Result<ScSiameseCluModel> {
    let device = device.clone().inner();
    let Start { recipe, mut prepared, expression } =
        Start::new(&params.recipe, params.n_clusters, counts)?;
    let (n_cells, n_genes) = (prepared.n_cells(), prepared.n_genes);
    let data = Fingerprint::new(counts, &recipe, &prepared);
    let (projection, scores) = Projection::fit(params, &prepared)?;
    // From here on the components stand for the scaled expression.
    prepared.x = Vec::new();
    let n_comps = projection.n_comps();
    capacity::check(&device, &params.tensors(n_cells, n_comps, n_genes))?;
    if let (Some(k), true) = (params.n_clusters.given(), params.head != Head::Communities) {
        params.head.check(&device, n_cells, k, params.n_init)?;
    }
    let cells = Cells::new(params, &mut prepared, scores, &projection, &expression, &device)?;
    let trainer = Trainer {
        params,
        origin: Origin::new(ScSiameseCluModel::NAME, data, params),
        expression,
        schedule: Schedule::new(params, n_cells),
        losses: Losses::new(params, ZinbLossConfig::new().init()?),
        diffusion: DiffusionConfig::new().with_alpha(params.alpha).init()?,
        cells,
    };
    // With a number yet to be found, one centroid holds the place.
    let k = params.aim().given().unwrap_or(1);
    let network = Network::new(params, [k, n_comps, n_genes], &device)?;
    let mut training = Training::new(&trainer, network);
    if let Some(saved) = &options.checkpoint
        && saved.resume
    {
        training = checkpoint::load(&saved.folder, training, &device)?;
    }
    let training = fitting::run(training, trainer.schedule.total(), &mut options)?;
    finish::finish(training, recipe, projection, prepared)
}

/// What stays the same from epoch to epoch.
pub(super) struct Trainer<'a> {
    pub params: &'a ScSiameseCluParams,
    /// What a checkpoint must be of.
    pub origin: Origin,
    pub expression: Expression,
    pub schedule: Schedule,
    pub cells: Cells,
    pub diffusion: Diffusion,
    losses: Losses<'a>,
}

impl Trainer<'_> {
    /// The number of clusters for a head that has to be given one.
    pub fn n_clusters(&self) -> Result<usize> {
        self.expression.n_clusters(self.params.aim(), self.params.seed)
    }
}

/// What changes.
pub(super) struct Training<'a> {
    pub trainer: &'a Trainer<'a>,
    pub network: Network,
    pub optimizer: ModuleOptimizer,
    /// The perturbed graph.
    pub kept: Graph,
    /// Column sums of the plan, once the main stage has begun.
    pub columns: Vec<f64>,
    /// The plan, `[n, K]`, once the main stage has begun.
    pub plan: Option<Tensor<2>>,
    pub history: Vec<EpochRecord>,
}

/// A new optimizer, as every stage has; Adam's epsilon as in PyTorch.
pub(super) fn optimizer() -> ModuleOptimizer {
    AdamConfig::new().with_epsilon(1e-8).init()
}

impl fitting::State for Training<'_> {
    fn history(&self) -> &[EpochRecord] {
        &self.history
    }

    fn save(&self, folder: &Path) -> Result<()> {
        checkpoint::save(folder, self)
    }

    fn epoch(mut self) -> Result<Self> {
        let epoch = self.history.len();
        let Some((stage, within)) = self.trainer.schedule.locate(epoch) else { return Ok(self) };
        if within == 0 {
            self.optimizer = optimizer();
        }
        let fused = matches!(stage, Stage::Joint | Stage::Main);
        if fused && within.is_multiple_of(self.trainer.params.refresh_every) {
            self = self.refresh(stage, within)?;
        }
        let learning_rate = stage.learning_rate(self.trainer.params);
        let steps = match stage {
            Stage::Autoencoder => self.autoencoder(epoch, learning_rate)?,
            _ => self.graph(stage, epoch, learning_rate)?,
        };
        self.history.push(record(epoch, stage.name(), learning_rate, steps)?);
        Ok(self)
    }
}

impl<'a> Training<'a> {
    pub fn new(trainer: &'a Trainer<'a>, network: Network) -> Self {
        Self {
            network,
            optimizer: optimizer(),
            kept: trainer.cells.graph.clone(),
            columns: Vec::new(),
            plan: None,
            history: Vec::new(),
            trainer,
        }
    }

    /// Embedding of all cells without augmentation, `[n, d]`.
    pub fn embed(&self) -> Result<Tensor<2>> {
        let Trainer { params, cells, diffusion, .. } = self.trainer;
        let device = cells.x.device();
        let along = reference::along(&cells.graph, &self.kept, diffusion, &device);
        reference::embed(params, &self.network.valid(), &cells.x, along, cells.len())
    }

    /// Drops the edges that the embedding finds least alike, and plans the transport anew.
    fn refresh(mut self, stage: Stage, within: usize) -> Result<Self> {
        let Trainer { params, cells, .. } = self.trainer;
        let z = self.embed()?;
        if params.drop_edges > 0.0 {
            let host = Matrix::read(z.clone(), "the embedding")?;
            let (values, d) = (host.values(), host.n_cols());
            self.kept = cells.graph.drop_dissimilar(values, d, params.drop_edges)?;
        }
        if stage == Stage::Main {
            if within == 0 {
                (self.network, self.columns) = clusters::start(self.trainer, self.network, &z)?;
            }
            let plan = clusters::plan(params, &self.network.assignment, z, &self.columns)?;
            self.plan = Some(plan);
        }
        Ok(self)
    }

    /// One pass of the expression autoencoder over shuffled cells.
    fn autoencoder(&mut self, epoch: usize, learning_rate: f64) -> Result<Vec<StepLosses>> {
        let Trainer { params, cells, losses, .. } = self.trainer;
        let parts = batches::number(cells.len(), params.batch_size, params.min_batches);
        let order = &mut stream(params.seed, Purpose::Order, epoch);
        let mut steps = Vec::with_capacity(parts);
        for (b, rows) in batches::shuffled(cells.len(), parts, order).iter().enumerate() {
            let rng = &mut self.rng(epoch, b);
            let terms = losses.autoencoder(&self.network, cells, rows, rng)?;
            steps.push(self.step(terms, learning_rate));
        }
        Ok(steps)
    }

    /// One pass of a stage that sees the graph.
    fn graph(&mut self, stage: Stage, epoch: usize, rate: f64) -> Result<Vec<StepLosses>> {
        let Trainer { params, cells, losses, .. } = self.trainer;
        let batches = cells.partition.batches(&mut stream(params.seed, Purpose::Order, epoch));
        let mut steps = Vec::with_capacity(batches.len());
        for (b, rows) in batches.into_iter().enumerate() {
            let rng = &mut self.rng(epoch, b);
            let batch = self.neighborhood(rows)?;
            let terms = match stage {
                Stage::Graph => losses.graph(&self.network, &batch, rng)?,
                _ => losses.joint(&self.network, cells, &batch, self.plan(&batch.rows), rng)?,
            };
            steps.push(self.step(terms, rate));
        }
        Ok(steps)
    }

    fn neighborhood(&self, rows: Vec<usize>) -> Result<Neighborhood> {
        self.trainer.cells.neighborhood(rows, &self.kept, &self.trainer.diffusion)
    }

    fn plan(&self, rows: &[usize]) -> Option<Tensor<2>> {
        let plan = self.plan.clone()?;
        let device = plan.device();
        Some(plan.select(0, ops::indices(rows, &device)))
    }

    fn rng(&self, epoch: usize, batch: usize) -> ChaCha8Rng {
        // Far more batches than an epoch can have.
        stream(self.trainer.params.seed, Purpose::Views, (epoch << 24) + batch)
    }

    fn step(&mut self, terms: Terms, learning_rate: f64) -> StepLosses {
        if let Some(total) = terms.total() {
            let gradients = GradientsParams::from_grads(total.backward(), &self.network);
            self.network = self.optimizer.step(learning_rate, self.network.clone(), gradients);
        }
        terms.detach()
    }
}
