//! `morula cluster`: fits a model and adds its clusters to a copy of the input.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::Args;
use morula::prelude::*;

use crate::args::{CountsArgs, DeviceArgs, PrintArgs, ResultArgs};
use crate::config::Config;
use crate::console::Console;
use crate::failure::usage;
use crate::models::ModelName;
use crate::progress::Progress;
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
#[command(after_help = "Example:\n  morula cluster pbmc.h5ad --n-clusters 8 --out clustered.h5ad \
                        --save-model pbmc-model")]
pub struct Cluster {
    #[command(flatten)]
    counts: CountsArgs,

    #[command(flatten)]
    results: ResultArgs,

    /// The method, unless the configuration has it [default: jojoscl]
    #[arg(long, value_enum)]
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
        let task = Task { counts: &self.counts, results: &self.results, device, console, started };

        let (counts, input) = task.read()?;
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
        task.finish(&model, prediction, &input)
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
        Ok(())
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
