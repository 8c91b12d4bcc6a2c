//! `morula cluster`: fits a model and adds its clusters to a copy of the input.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use morula::models::NamedDevice;
use morula::pipeline::Describe;
use morula::prelude::*;

use crate::args::{CountsArgs, DeviceArgs, OutArgs, PrintArgs};
use crate::console::Console;
use crate::failure::usage;
use crate::progress::Progress;
use crate::summary::{self, Summary};
use crate::{config, interrupt, outputs};

/// Epochs between two checkpoints.
const CHECKPOINT_EVERY: usize = 5;

/// Group cells into clusters and embed them.
///
/// Fits a model to raw counts, without any labels, and writes the input plus obs `jojoscl`
/// (cluster), obs `jojoscl_confidence`, obsm `X_jojoscl` (embedding), obsm `jojoscl_proba` and
/// uns `jojoscl`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  morula cluster pbmc.h5ad --n-clusters 8 --out clustered.h5ad \
                        --save-model pbmc-model")]
pub struct Cluster {
    #[command(flatten)]
    counts: CountsArgs,

    #[command(flatten)]
    out: OutArgs,

    /// The method
    #[arg(long, value_enum, default_value_t = ModelName::Jojoscl)]
    model: ModelName,

    /// Number of clusters, unless the configuration has it
    #[arg(long, short = 'k', value_name = "K", value_parser = n_clusters)]
    n_clusters: Option<usize>,

    /// Seed of everything random: the same seed gives the same clusters [default: 0]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,

    /// Passes over the cells [default: the model's own]
    #[arg(long, value_name = "N")]
    epochs: Option<usize>,

    /// TOML file with any of the model's parameters, or preset = "published"; flags win over it
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

/// The methods there are.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum ModelName {
    Jojoscl,
}

fn n_clusters(text: &str) -> Result<usize, String> {
    match text {
        "auto" => Err("choosing the number by itself is not possible yet; give a number".into()),
        _ => match text.parse() {
            Ok(0) => Err("give at least 1".into()),
            Ok(k) => Ok(k),
            Err(_) => Err("give a whole number".into()),
        },
    }
}

impl Cluster {
    pub fn run(self) -> Result<()> {
        let started = Instant::now();
        let console = Console::new(&self.print);
        let params = match self.model {
            ModelName::Jojoscl => self.jojoscl()?,
        };
        self.check_outputs()?;
        let device = DeviceChoice::from(self.device.device).resolve()?;
        console.remark(format!("device: {device}"));

        let counts = read_counts(&self.counts.input, Some(&self.counts.layer))?;
        let (n_cells, k) = (counts.n_obs(), params.n_clusters);
        console.remark(format!("read {n_cells} cells x {} genes", counts.n_vars()));
        if k > n_cells {
            bail!(
                "{k} clusters asked for, but there are {n_cells} cells; ask for at most {n_cells}"
            );
        }
        let model = self.fit(params, &counts, &device, console)?;
        // The input is read again for writing; never hold it twice.
        drop(counts);
        self.finish(&model, n_cells, &device, console, started)
    }

    /// Parameters from defaults, file and flags, checked.
    fn jojoscl(&self) -> Result<JojoSclParams> {
        let config::Settings { mut params, has_n_clusters } =
            config::jojoscl(self.config.as_deref())?;
        match self.n_clusters {
            Some(k) => params.n_clusters = k,
            None if has_n_clusters => {}
            None => return Err(usage("the number of clusters is missing; give --n-clusters K")),
        }
        params.seed = self.seed.unwrap_or(params.seed);
        params.epochs = self.epochs.unwrap_or(params.epochs);
        params.recipe.check().map_err(|e| usage(format!("recipe: {e}")))?;
        Ok(params.check()?.into_params())
    }

    /// Before hours of training, not after.
    fn check_outputs(&self) -> Result<()> {
        outputs::check_file(&self.out.out)?;
        if let Some(folder) = &self.checkpoint {
            outputs::check_folder(folder)?;
        }
        if let Some(folder) = &self.save_model {
            let mut others = vec![self.counts.input.as_path(), &self.out.out];
            others.extend(self.checkpoint.as_deref());
            outputs::check_model_folder(folder, &others)?;
        }
        Ok(())
    }

    fn fit(
        &self,
        params: JojoSclParams,
        counts: &CountMatrix,
        device: &NamedDevice,
        console: Console,
    ) -> Result<JojoSclModel> {
        let mut progress = Progress::new(console, params.epochs);
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
        let model = params.check()?.fit_with(counts, &device.device, options);
        progress.end();
        Ok(model?)
    }

    /// Saves the model and writes the output.
    fn finish<M: Describe>(
        &self,
        model: &M,
        n_cells: usize,
        device: &NamedDevice,
        console: Console,
        started: Instant,
    ) -> Result<()> {
        let prediction = model.fitted().context("a fitted model knows its cells")?;
        console.remark(summary::filtered(prediction, n_cells));
        if let Some(folder) = &self.save_model {
            model.save(folder)?;
            console.remark(format!("model saved in {}", folder.display()));
        }
        let results = additions(model, prediction, n_cells, &device.name)?;
        let lost = write_h5ad_with(&self.counts.input, &self.out.out, &results)?;
        console.remark_lost(&lost);
        let summary = Summary::new(
            model,
            prediction,
            [&self.counts.input, &self.out.out],
            n_cells,
            device,
            started.elapsed(),
        );
        console.result(&summary, || summary.text())
    }
}
