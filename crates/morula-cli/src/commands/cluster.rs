//! `morula cluster`: fits a model and adds its clusters to a copy of the input.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result, anyhow, bail};
use clap::{Args, ValueEnum};
use morula::cluster::evidence::Evidence;
use morula::models::AnyParams;
use morula::models::ModelError;
use morula::prelude::*;
use morula::report::Source;
use morula::results::{fitted_evidence, refitted_evidence};

use crate::args::{BatchArgs, CountsArgs, DeviceArgs, PrintArgs, ResultArgs};
use crate::choices::model;
use crate::config::Config;
use crate::console::Console;
use crate::failure::usage;
use crate::interrupt;
use crate::memory::MemoryPlan;
use crate::outputs::Outputs;
use crate::quality::Screen;
use crate::reporting::{TruthArgs, annotated, draw, sure_cells, title, umap_of};
use crate::summary;
use crate::task::{Planned, Task, check_plan, check_results};
use crate::watcher::Watcher;
use crate::writable::{check_listed_folder, check_model_folder};

/// Epochs between two checkpoints.
const CHECKPOINT_EVERY: usize = 5;

/// What evidence for the splits of clusters is computed from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EvidenceName {
    /// No evidence.
    None,
    /// Clusters found anew in the views of expression.
    Views,
    /// Clusters found anew by the whole model, which is fitted a second time.
    Full,
}

/// Cluster cells and embed them.
///
/// Fits a model to raw counts, without any labels, and writes the input plus obs `jojoscl`
/// (cluster), obs `jojoscl_confidence`, obsm `X_jojoscl` (embedding), obsm `jojoscl_proba` and
/// uns `jojoscl`; with --model scsiameseclu, the same under that name.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  morula cluster pbmc.h5ad --n-clusters 8 --out clustered.h5ad \
                        --save-model pbmc-model"
)]
pub struct Cluster {
    #[command(flatten)]
    counts: CountsArgs,

    #[command(flatten)]
    batch: BatchArgs,

    #[command(flatten)]
    results: ResultArgs,

    /// The model; overrides that of the configuration [default: jojoscl]
    #[arg(long, value_parser = model())]
    model: Option<ModelKind>,

    /// Number of clusters, or auto to find it from the data [default: auto]
    #[arg(long, short = 'k', value_name = "K|auto")]
    n_clusters: Option<NClusters>,

    /// Random seed: the same seed gives the same clusters [default: 0]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,

    /// Epochs of training; of the main stage if there are several [default: the model's own]
    #[arg(long, value_name = "N")]
    epochs: Option<usize>,

    /// TOML file with the model, any of its parameters, or preset = "published"; flags override it
    #[arg(long, value_name = "FILE.toml")]
    config: Option<PathBuf>,

    #[command(flatten)]
    device: DeviceArgs,

    /// Folder to save the fitted model in, for `morula predict`
    #[arg(long, value_name = "DIR")]
    save_model: Option<PathBuf>,

    /// Folder for a checkpoint of the training, written every few epochs and after Ctrl-C
    #[arg(long, value_name = "DIR")]
    checkpoint: Option<PathBuf>,

    /// Continue from the checkpoint in that folder
    #[arg(long, requires = "checkpoint")]
    resume: bool,

    /// Evidence for every split of the clusters, from molecules that played no part in finding them.
    /// Clusters are found anew in the other molecules: `views` in the expression views, `full` by a
    /// second fit of the whole model. `none` saves the time
    #[arg(long, value_enum, default_value_t = EvidenceName::Views)]
    evidence: EvidenceName,

    /// Leave out the cells that `morula qc` has flagged; where the input has no column qc_pass, the
    /// flags are computed with the defaults of `morula qc`, with the batches as samples, and added
    /// to the output. These cells keep their row, without a cluster
    #[arg(long)]
    qc: bool,

    /// Add UMAP of the embedding, in two dimensions, as obsm `X_umap`
    #[arg(long)]
    umap: bool,

    /// Folder for a report of the run, as `morula report` writes it; implies --umap
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,

    #[command(flatten)]
    truth: TruthArgs,

    #[command(flatten)]
    print: PrintArgs,
}

impl Cluster {
    pub fn run(self) -> Result<()> {
        let config = Config::read(self.config.as_deref())?;
        let kind = self.model.or(config.model).unwrap_or(MODELS[0]);
        let started = Instant::now();
        let console = Console::new(&self.print);
        let params = self.params(kind, &config)?;
        check_results(kind, &self.counts, &self.results)?;
        self.check_training(kind)?;
        self.check_outputs(kind)?;
        let umap = self.umap || self.report.is_some();
        let planned = Planned { fits: true, umap, qc: self.qc };
        check_plan(kind, &self.counts, &self.results, planned)?;
        let device = DeviceChoice::from(self.device.device).resolve()?;
        console.remark(format!("device: {device}"));
        let batch = self.batch.batch.as_deref();
        let (counts, results) = (&self.counts, &self.results);
        let task = Task { counts, batch, fits: true, results, device, console, started };

        let (counts, mut input) = task.read()?;
        if batch.is_none() {
            task.remark_batches();
        }
        let mut obs = match self.report.is_some() || self.qc {
            true => Some(task.read_obs(&counts)?),
            false => None,
        };
        if let (true, Some(obs)) = (self.qc, &obs) {
            input.screen = Some(Screen::new(&counts, obs, counts.batches(), console)?);
        }
        obs = obs.filter(|_| self.report.is_some());
        // A report shows all cells.
        let (counts, all) = match (&input.screen, obs.is_some()) {
            (Some(screen), report) => (screen.select(&counts)?, report.then_some(counts)),
            (None, _) => (counts, None),
        };
        let n_cells = counts.n_obs();
        if let Some(k) = params.n_clusters().given().filter(|&k| k > n_cells) {
            bail!(
                "{k} clusters asked for, but there are {n_cells} cells; ask for at most {n_cells}"
            );
        }
        let (n_genes, stored) = (counts.n_vars(), counts.x().nnz());
        MemoryPlan::new(n_cells, n_genes, stored).check(kind.name)?;
        let asked = params.n_clusters();
        let model = self.fit(kind, params, &counts, &task)?;
        let evidence = self.evidence(kind, model.as_ref(), (&counts, asked), &task);
        // Only a report still needs the counts.
        let shown = match obs {
            Some(obs) => Some(annotated(all.unwrap_or(counts), obs)?),
            None => {
                drop(counts);
                None
            }
        };
        let fitted = model.fitted().context("a fitted model knows its cells")?;
        let restored = input.screen.as_ref().map(|screen| screen.restored(fitted));
        let prediction = restored.as_ref().unwrap_or(fitted);
        task.remark_filtered(prediction, &input);
        let layout = match self.umap || self.report.is_some() {
            true => Some(umap_of(prediction, model.as_ref(), console)?),
            false => None,
        };
        let drawn = layout.as_ref().map(|(layout, params)| (layout.as_slice(), params));
        let evidence = evidence.as_ref();
        let mut summary = task.write(model.as_ref(), prediction, &input, drawn, evidence)?;
        // Hours of work are safe now. Later failures are reported and lose none of it.
        let saved = self.save(model.as_ref(), console);
        let mut drawn = Ok(());
        if let (Some(folder), Some(mut data), Some((layout, _))) = (&self.report, shown, layout) {
            data.add(&task.results(model.as_ref(), prediction, &input, evidence)?)?;
            let least = self.results.min_confidence.unwrap_or_default();
            let layout = sure_cells(&layout, prediction, least);
            let source = self.source(model.as_ref(), layout);
            drawn = draw(folder, data, &source, &summary);
            summary.report = drawn.is_ok().then(|| summary::path(folder));
        }
        task.print(&summary)?;
        let output = &summary.output;
        match (saved, drawn) {
            (Ok(()), drawn) => {
                drawn.with_context(|| format!("{output} is written; the report is not"))
            }
            (saved, Ok(())) => {
                saved.with_context(|| format!("{output} is written; the model is not saved"))
            }
            (Err(saved), Err(drawn)) => Err(anyhow!(
                "{output} is written; the model is not saved: {saved:#}; nor is the report written: \
                 {drawn:#}"
            )),
        }
    }

    /// The evidence for the splits of the clusters. Where there is none, a remark says why.
    fn evidence(
        &self,
        kind: ModelKind,
        model: &dyn ClusterModel,
        (counts, asked): (&CountMatrix, NClusters),
        task: &Task<'_>,
    ) -> Option<Evidence> {
        let console = task.console;
        let found = match self.evidence {
            EvidenceName::None => return None,
            // Other clusters than communities have no splits.
            _ if model.tree().is_none() => return None,
            EvidenceName::Views => fitted_evidence(model, counts, asked).map_err(Into::into),
            EvidenceName::Full => {
                console.remark("the model is fitted again, to a part of the molecules");
                let mut watcher = Watcher::new(console, kind);
                let options = FitOptions { observer: Some(&mut watcher), checkpoint: None };
                let found = refitted_evidence(model, counts, &task.device.device, options);
                watcher.end();
                found
            }
        };
        // Also when Ctrl-C ends this fit, the clusters are there and are written.
        let found = found.unwrap_or_else(|error: ModelError| {
            console.remark(format!("no evidence for the splits of clusters: {error}"));
            None
        })?;
        let n_clusters = model.n_clusters();
        if found.n_supported < n_clusters {
            console.remark(format!(
                "{n_clusters} clusters are shown, but only {} are supported by molecules that \
                 played no part in finding them",
                found.n_supported
            ));
        }
        Some(found)
    }

    /// Saves the model, if that is asked for.
    fn save(&self, model: &dyn ClusterModel, console: Console) -> Result<()> {
        if let Some(folder) = &self.save_model {
            model.save(folder)?;
            console.remark(format!("model saved in {}", folder.display()));
        }
        Ok(())
    }

    /// What the report is drawn from.
    fn source(&self, model: &dyn ClusterModel, layout: Vec<f32>) -> Source {
        Source {
            name: title(&self.counts.input),
            model: model.name().into(),
            // The counts are X here, whatever layer they are from.
            layer: Some("X".into()),
            truth: self.truth.truth.clone(),
            batch: self.batch.batch.clone(),
            layout: Some(layout),
        }
    }

    /// Parameters from defaults, file and flags, checked.
    fn params(&self, kind: ModelKind, config: &Config) -> Result<Box<dyn AnyParams>> {
        let mut params = config.params(kind)?;
        self.n_clusters.into_iter().for_each(|k| params.set_n_clusters(k));
        self.seed.into_iter().for_each(|seed| params.set_seed(seed));
        self.epochs.into_iter().for_each(|epochs| params.set_epochs(epochs));
        params.recipe().check().map_err(|e| usage(format!("recipe: {e}")))?;
        Ok(params.checked()?)
    }

    /// Refuses options of training for a model without it.
    fn check_training(&self, kind: ModelKind) -> Result<()> {
        let given =
            [("--epochs", self.epochs.is_some()), ("--checkpoint", self.checkpoint.is_some())];
        match given.into_iter().find(|(_, given)| *given && !kind.trained) {
            Some((flag, _)) => {
                Err(usage(format!("{kind} has no training, so {flag} has no use; leave it out")))
            }
            None => Ok(()),
        }
    }

    /// Checks the outputs before hours of training.
    fn check_outputs(&self, kind: ModelKind) -> Result<()> {
        let mut outputs = Outputs::new()
            .input("the input", &self.counts.input)
            .maybe("the configuration", self.config.as_deref());
        outputs = self.results.check(outputs, &self.counts)?;
        if let Some(folder) = &self.checkpoint {
            // Each model has a folder of its own in there.
            let folder = folder.join(kind.name);
            outputs = outputs.replaced("--checkpoint", &folder)?;
            check_model_folder(&folder)?;
        }
        if let Some(folder) = &self.save_model {
            outputs = outputs.replaced("--save-model", folder)?;
            check_model_folder(folder)?;
        }
        let Some(folder) = &self.report else {
            return self.truth.check_unused();
        };
        check_listed_folder(folder)?;
        outputs.replaced("--report", folder)?;
        self.truth.check(&self.counts.input)
    }

    fn fit(
        &self,
        kind: ModelKind,
        params: Box<dyn AnyParams>,
        counts: &CountMatrix,
        task: &Task<'_>,
    ) -> Result<Box<dyn ClusterModel>> {
        let mut watcher = Watcher::new(task.console, kind);
        let checkpoint = self.checkpoint.clone().map(|folder| Checkpoint {
            folder,
            every: CHECKPOINT_EVERY,
            resume: self.resume,
        });
        let options = FitOptions { observer: Some(&mut watcher), checkpoint };
        interrupt::defer();
        let model = params.fit_with(counts, &task.device.device, options);
        watcher.end();
        Ok(model?)
    }
}
