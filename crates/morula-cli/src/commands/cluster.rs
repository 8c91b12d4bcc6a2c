//! `morula cluster`: fits a model and adds its clusters to a copy of the input.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::Args;
use morula::prelude::*;
use morula::preprocess::{UmapParams, umap};
use morula::report::Source;
use morula_benchmark::ModelName;
use morula_benchmark::config::Config;

use crate::args::{BatchArgs, CountsArgs, DeviceArgs, PrintArgs, ResultArgs};
use crate::choices::one_of;
use crate::console::Console;
use crate::failure::usage;
use crate::progress::Progress;
use crate::reporting::{Reporting, TruthArgs, apart, check_report_folder, given_command, title};
use crate::summary::{self, Summary};
use crate::task::{Task, check_results};
use crate::{interrupt, outputs};

/// Epochs between two checkpoints.
const CHECKPOINT_EVERY: usize = 5;

/// Group cells into clusters and embed them.
///
/// Fits a model to raw counts, without any labels, and writes the input plus obs `jojoscl`
/// (cluster), obs `jojoscl_confidence`, obsm `X_jojoscl` (embedding), obsm `jojoscl_proba` and
/// uns `jojoscl`; with --model scsiameseclu the same under that name.
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

    /// The method, unless the configuration has it [default: jojoscl]
    #[arg(long, value_parser = one_of::<ModelName>(ModelName::ALL.map(|m| (m.name(), m.about()))))]
    model: Option<ModelName>,

    /// Number of clusters, or auto for as many as the data show [default: auto]
    #[arg(long, short = 'k', value_name = "K|auto")]
    n_clusters: Option<NClusters>,

    /// Seed of everything random: the same seed gives the same clusters [default: 0]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,

    /// Epochs of training, of its main stage if there are several [default: the model's own]
    #[arg(long, value_name = "N")]
    epochs: Option<usize>,

    /// TOML file with the model, any of its parameters, or preset = "published"; flags win over it
    #[arg(long, value_name = "FILE.toml")]
    config: Option<PathBuf>,

    #[command(flatten)]
    device: DeviceArgs,

    /// Folder to save the fitted model in, for `morula predict`
    #[arg(long, value_name = "DIR")]
    save_model: Option<PathBuf>,

    /// Folder to keep the state of training in, every few epochs and after Ctrl-C
    #[arg(long, value_name = "DIR")]
    checkpoint: Option<PathBuf>,

    /// Go on from the state in the checkpoint folder
    #[arg(long, requires = "checkpoint")]
    resume: bool,

    /// Add a layout in two dimensions, UMAP of the embedding, as obsm `X_umap`
    #[arg(long)]
    umap: bool,

    /// Folder to write pictures and one page with everything about the run in, as `morula report`
    /// does; implies --umap
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
        match self.model.or(config.model).unwrap_or_default() {
            ModelName::Jojoscl => self.cluster::<JojoSclParams>(&config),
            ModelName::Scsiameseclu => self.cluster::<ScSiameseCluParams>(&config),
        }
    }

    fn cluster<P>(&self, config: &Config) -> Result<()>
    where
        P: ModelParams,
        P::Model: Describe,
    {
        let started = Instant::now();
        let console = Console::new(&self.print);
        let params: P = self.params(config)?;
        check_results::<P::Model>(&self.counts, &self.results)?;
        self.check_outputs()?;
        let device = DeviceChoice::from(self.device.device).resolve()?;
        console.remark(format!("device: {device}"));
        let batch = self.batch.batch.as_deref();
        let (counts, results) = (&self.counts, &self.results);
        let task = Task { counts, batch, results, device, console, started };

        let (counts, input) = task.read()?;
        if batch.is_none() {
            task.remark_batches();
        }
        let n_cells = input.n_cells;
        if let Some(k) = params.n_clusters().given().filter(|&k| k > n_cells) {
            bail!(
                "{k} clusters asked for, but there are {n_cells} cells; ask for at most {n_cells}"
            );
        }
        let model = self.fit(params, &counts, &task)?;
        drop(counts);
        let prediction = model.fitted().context("a fitted model knows its cells")?;
        task.remark_filtered(prediction, &input);
        if let Some(folder) = &self.save_model {
            model.save(folder)?;
            console.remark(format!("model saved in {}", folder.display()));
        }
        let layout = self.layout(prediction, &model, console)?;
        let drawn = layout.as_ref().map(|(layout, params)| (layout.as_slice(), params));
        let mut summary = task.write(&model, prediction, &input, drawn)?;
        if let Some(folder) = &self.report {
            self.report::<P::Model>(folder, layout.map(|l| l.0), &summary)?;
            summary.report = Some(summary::path(folder));
        }
        task.tell(&summary)
    }

    /// UMAP of the embedding, if anybody will see it.
    fn layout<M: Describe>(
        &self,
        prediction: &Prediction,
        model: &M,
        console: Console,
    ) -> Result<Option<(Vec<f32>, UmapParams)>> {
        if !self.umap && self.report.is_none() {
            return Ok(None);
        }
        console.remark("UMAP of the embedding");
        let params = UmapParams { seed: model.seed(), ..UmapParams::default() };
        let latent = &prediction.latent;
        Ok(Some((umap(latent.values(), latent.n_cols(), &params)?, params)))
    }

    fn report<M: ClusterModel>(
        &self,
        folder: &Path,
        layout: Option<Vec<f32>>,
        summary: &Summary,
    ) -> Result<()> {
        let filtered = format!(
            "{} kept by the filter, {} left out",
            summary.n_genes, summary.n_genes_filtered
        );
        let facts = [
            ("Genes in training", filtered),
            ("Input", summary.input.clone()),
            ("Seconds", format!("{:.1}", summary.seconds)),
        ];
        let source = Source {
            name: title(&self.counts.input),
            model: M::NAME.into(),
            layer: Some(self.counts.layer.clone()),
            truth: self.truth.truth.clone(),
            batch: self.batch.batch.clone(),
            layout,
        };
        let reporting = Reporting {
            file: &self.results.out.out,
            out: folder,
            source,
            facts: facts.into_iter().map(|(name, value)| (name.into(), value)).collect(),
            command: Some(given_command()),
        };
        let written = reporting.write();
        let kept = || format!("{} is written; the report is not", summary.output);
        written.map(drop).with_context(kept)
    }

    /// Parameters from defaults, file and flags, checked.
    fn params<P: ModelParams>(&self, config: &Config) -> Result<P> {
        let mut params = config.settings::<P>()?;
        self.n_clusters.into_iter().for_each(|k| params.set_n_clusters(k));
        self.seed.into_iter().for_each(|seed| params.set_seed(seed));
        self.epochs.into_iter().for_each(|epochs| params.set_epochs(epochs));
        params.recipe().check().map_err(|e| usage(format!("recipe: {e}")))?;
        Ok(params.checked()?)
    }

    /// Before hours of training, not after.
    fn check_outputs(&self) -> Result<()> {
        outputs::check_file(&self.results.out.out)?;
        if let Some(folder) = &self.checkpoint {
            outputs::check_folder(folder)?;
        }
        if let Some(folder) = &self.save_model {
            let mut others = vec![self.counts.input.as_path(), &self.results.out.out];
            others.extend(self.checkpoint.as_deref());
            outputs::check_model_folder(folder, &others)?;
        }
        let Some(folder) = &self.report else {
            return self.truth.check_unused();
        };
        check_report_folder(folder)?;
        let mut others = vec![self.counts.input.as_path(), &self.results.out.out];
        others.extend(self.checkpoint.as_deref());
        others.extend(self.save_model.as_deref());
        apart(folder, &others)?;
        self.truth.check(&self.counts.input)
    }

    fn fit<P>(&self, params: P, counts: &CountMatrix, task: &Task<'_>) -> Result<P::Model>
    where
        P: ModelParams,
        P::Model: Describe,
    {
        let mut progress = Progress::new(task.console, P::Model::STAGED);
        let mut observer = |record: &EpochRecord, epochs: usize| {
            progress.show(record, epochs);
            match interrupt::requested() {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        };
        let checkpoint = self.checkpoint.clone().map(|folder| Checkpoint {
            folder,
            every: CHECKPOINT_EVERY,
            resume: self.resume,
        });
        let options = FitOptions { observer: Some(&mut observer), checkpoint };
        interrupt::defer();
        let model = params.fit_with(counts, &task.device.device, options);
        progress.end();
        Ok(model?)
    }
}
