//! `morula benchmark`: every data set of a folder x methods x seeds, scored and reported.

mod baseline;
mod dataset;
mod fit;
mod job;
mod method;
mod perturbation;
mod plan;
mod process;
mod report;
mod row;
mod runner;
mod score;
mod settings;
mod store;
mod variant;

pub use job::BenchmarkJob;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use serde::Serialize;

use self::method::{KMode, Method};
use self::plan::Wanted;
use self::settings::Settings;
use self::store::Store;
use crate::args::{DeviceArgs, PrintArgs};
use crate::config::Config;
use crate::console::Console;
use crate::failure::usage;
use crate::{interrupt, outputs, summary};

/// Compare models and baselines on labelled data sets.
///
/// Every .h5ad and .h5 file of a folder that holds raw counts and labels is clustered by every
/// method with several seeds, each run in a process of its own. No label reaches a method: K is
/// the number of distinct labels, all else is for scoring. A row per run is kept in runs.csv; the
/// same command again does only what is missing, and writes results.md and plots anew.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  morula benchmark labelled-sets --models jojoscl,pca-kmeans,leiden \
                        --seeds 5 --out results"
)]
pub struct Benchmark {
    /// Folder with data sets
    #[arg(value_name = "DATA_DIR", required_unless_present = "report_only")]
    data: Option<PathBuf>,

    /// Folder for runs.csv, results.md and plots
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// Methods to compare [default: all]
    #[arg(long, value_enum, value_delimiter = ',', value_name = "NAME,...")]
    models: Vec<Method>,

    /// Whether K is told, found by the method, or both, for methods that can [default: both]
    #[arg(long, short = 'k', value_enum, value_delimiter = ',', value_name = "MODE,...")]
    n_clusters: Vec<KMode>,

    /// Data sets by name: that of the file without its ending [default: all]
    #[arg(long, value_delimiter = ',', value_name = "NAME,...")]
    datasets: Vec<String>,

    /// Seeds 0 to N - 1
    #[arg(long, value_name = "N", default_value_t = 10)]
    seeds: u64,

    /// Column of obs with the known labels [default: cell_type, label and the like]
    #[arg(long, value_name = "OBS")]
    truth: Option<String>,

    /// Also run every method told the batches in this column of obs, on data sets that have it
    #[arg(long, value_name = "OBS")]
    batch: Option<String>,

    /// Also run every method with one part left out or changed at a time
    #[arg(long)]
    ablations: bool,

    /// Also run every method on counts with dropout, noise, and fewer molecules
    #[arg(long)]
    robustness: bool,

    /// Epochs of the models [default: their own]
    #[arg(long, value_name = "N")]
    epochs: Option<u32>,

    /// TOML file with parameters of the model that it names; may be given several times
    #[arg(long, value_name = "FILE.toml")]
    config: Vec<PathBuf>,

    /// Runs at the same time
    #[arg(long, value_name = "N", default_value_t = 1)]
    jobs: usize,

    /// Threads of a run
    #[arg(long, value_name = "N", default_value_t = 1)]
    threads: usize,

    /// Only write the report anew, from runs.csv
    #[arg(long)]
    report_only: bool,

    #[command(flatten)]
    device: DeviceArgs,

    #[command(flatten)]
    print: PrintArgs,
}

/// What was done.
#[derive(Debug, Serialize)]
struct Done {
    output: String,
    datasets: usize,
    runs: usize,
    /// Runs that were there before.
    runs_before: usize,
    failed: usize,
    files: Vec<String>,
}

impl Benchmark {
    pub fn run(self) -> Result<()> {
        let console = Console::new(&self.print);
        let settings = self.settings()?;
        outputs::check_folder(&self.out)?;
        if self.report_only {
            let store = Store::open(&self.out)?;
            let settings = Settings::read(&self.out)?.unwrap_or(settings);
            return self.finish(&store, &settings, [store.rows().len(), 0], console);
        }
        let folder = self.data.as_deref().context("the folder with data sets is missing")?;
        let datasets = self.data_sets(folder, console)?;
        fs::create_dir_all(&self.out)
            .with_context(|| format!("cannot make {}", self.out.display()))?;
        settings.keep(&self.out)?;
        let mut store = Store::open(&self.out)?;
        let wanted = self.wanted();
        for (method, k) in wanted.unsupported() {
            console.remark(format!("left out: {method} with K {k}, which it does not offer"));
        }
        let mut runs = wanted.runs(&datasets);
        let all = runs.len();
        let done = store.done();
        runs.retain(|run| !done.contains(&run.key));
        let before = all - runs.len();
        console.remark(format!("{} runs to do, {before} done before", runs.len()));
        interrupt::defer();
        runner::Runner { datasets: &datasets, options: &self, settings: &settings, console }
            .run(runs, &mut store)?;
        self.finish(&store, &settings, [before, datasets.len()], console)
    }

    fn wanted(&self) -> Wanted {
        let or_all = |given: &[Method]| match given {
            [] => Method::value_variants().to_vec(),
            _ => given.iter().copied().collect::<BTreeSet<_>>().into_iter().collect(),
        };
        let modes = match self.n_clusters.as_slice() {
            [] => KMode::value_variants().to_vec(),
            given => given.iter().copied().collect::<BTreeSet<_>>().into_iter().collect(),
        };
        Wanted {
            methods: or_all(&self.models),
            modes,
            seeds: self.seeds,
            batch: self.batch.clone(),
            ablations: self.ablations,
            robustness: self.robustness,
        }
    }

    fn settings(&self) -> Result<Settings> {
        for (name, value) in [("--jobs", self.jobs), ("--threads", self.threads)] {
            if value == 0 {
                return Err(usage(format!("{name} 0: give at least 1")));
            }
        }
        if self.seeds == 0 {
            return Err(usage("--seeds 0: give at least 1"));
        }
        let mut parameters: BTreeMap<Method, toml::Table> = BTreeMap::new();
        for file in &self.config {
            let config = Config::read(Some(file))?;
            let named = Method::value_variants().iter().find(|m| m.model() == config.model);
            let (Some(_), Some(method)) = (config.model, named) else {
                let file = file.display();
                return Err(usage(format!("{file}: say which model it is for, model = \"...\"")));
            };
            parameters.entry(*method).or_default().extend(config.into_table());
        }
        if let Some(epochs) = self.epochs {
            for method in Method::value_variants().iter().filter(|m| m.model().is_some()) {
                parameters.entry(*method).or_default().insert("epochs".into(), epochs.into());
            }
        }
        Ok(Settings {
            version: env!("CARGO_PKG_VERSION").into(),
            device: self.device.device.to_string(),
            threads: self.threads,
            parameters,
        })
    }

    fn finish(
        &self,
        store: &Store,
        settings: &Settings,
        [runs_before, datasets]: [usize; 2],
        console: Console,
    ) -> Result<()> {
        let files = report::write(&self.out, store.rows(), settings)?;
        let failed = store.rows().iter().filter(|row| !row.error.is_empty()).count();
        let done = Done {
            output: summary::path(&self.out),
            datasets,
            runs: store.rows().len(),
            runs_before,
            failed,
            files,
        };
        console.result(&done, || {
            let Done { output, runs, failed, files, .. } = &done;
            format!("{runs} runs ({failed} failed) in {output}: runs.csv, {}", files.join(", "))
        })
    }
}
