//! `morula benchmark`: every data set of a folder x methods x seeds, scored and reported.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use morula_benchmark::{Done, KMode, Method, Options, Watch, job};
use serde::Serialize;

use crate::args::{DeviceArgs, PrintArgs};
use crate::choices::one_of;
use crate::config::Config;
use crate::console::Console;
use crate::failure::usage;
use crate::outputs::Outputs;
use crate::{interrupt, summary};

/// Compare models and baselines on labelled data sets.
///
/// Every method clusters every .h5ad and .h5 file of a folder that has raw counts and labels, with
/// several seeds and each run in a process of its own. No label reaches a method: with K given it
/// gets the number of distinct labels, and labels serve for scoring only. Every run is a row of
/// runs.csv; the same command again does only the runs that have no scores yet, and writes
/// results.md and the plots again.
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
    #[arg(long, value_delimiter = ',', value_name = "NAME,...",
          value_parser = one_of::<Method>(Method::all().into_iter().map(|m| (m.name(), m.about()))))]
    models: Vec<Method>,

    /// Whether K is given, found by the method, or both, for methods that can [default: both]
    #[arg(long, short = 'k', value_delimiter = ',', value_name = "MODE,...",
          value_parser = one_of::<KMode>(KMode::ALL.map(|k| (k.name(), k.about()))))]
    n_clusters: Vec<KMode>,

    /// Names of data sets: file names without their ending [default: all]
    #[arg(long, value_delimiter = ',', value_name = "NAME,...")]
    datasets: Vec<String>,

    /// Seeds 0 to N - 1
    #[arg(long, value_name = "N", default_value_t = 10)]
    seeds: u64,

    /// Column of obs with the known labels [default: cell_type, label and the like]
    #[arg(long, value_name = "OBS")]
    truth: Option<String>,

    /// Also run every method with the batches in this column of obs, on data sets that have it
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

    /// TOML file with parameters of the model that it names; can be given several times
    #[arg(long, value_name = "FILE.toml")]
    config: Vec<PathBuf>,

    /// Runs at the same time
    #[arg(long, value_name = "N", default_value_t = 1)]
    jobs: usize,

    /// Threads of a run
    #[arg(long, value_name = "N", default_value_t = 1)]
    threads: usize,

    /// Only write the report again, from runs.csv
    #[arg(long)]
    report_only: bool,

    #[command(flatten)]
    device: DeviceArgs,

    #[command(flatten)]
    print: PrintArgs,
}

/// Ends of the names of files that it writes.
const ENDINGS: [&str; 5] = [".csv", ".md", ".json", ".png", ".svg"];

/// Does one job of `morula benchmark`: reads it from stdin, writes the result to stdout.
#[derive(Debug, Args)]
#[command(hide = true)]
pub struct BenchmarkJob {}

/// What is in the results folder.
#[derive(Debug, Serialize)]
struct Summary {
    output: String,
    datasets: usize,
    runs: usize,
    /// Runs that had scores before.
    runs_before: usize,
    failed: usize,
    files: Vec<String>,
}

impl Benchmark {
    pub fn run(self) -> Result<()> {
        let console = Console::new(&self.print);
        let (data, report_only) = (self.data.clone(), self.report_only);
        let configs = self.config.clone();
        let options = self.options()?;
        let out = options.out.clone();
        let benchmark = morula_benchmark::Benchmark::new(options)?;
        let outputs = Outputs::new().maybe("the folder with data sets", data.as_deref());
        let outputs =
            configs.iter().fold(outputs, |all, file| all.input("the configuration", file));
        outputs.files_in("--out", &out, |name| ENDINGS.iter().any(|end| name.ends_with(end)))?;
        let done = match report_only {
            true => benchmark.report()?,
            false => {
                let data = data.context("the folder with data sets is missing")?;
                benchmark.run(&data, &Watcher(console))?
            }
        };
        let Done { datasets, runs, runs_before, failed, files } = done;
        let output = summary::path(&out);
        let done = Summary { output, datasets, runs, runs_before, failed, files };
        console.result(&done, || done.text())
    }

    fn options(self) -> Result<Options> {
        let numbers = [("seeds", self.seeds as usize), ("jobs", self.jobs)];
        for (name, value) in numbers.into_iter().chain([("threads", self.threads)]) {
            if value == 0 {
                return Err(usage(format!("--{name} 0: give at least 1")));
            }
        }
        let parameters = self.parameters()?;
        let all = Options::new(self.out);
        Ok(Options {
            methods: if self.models.is_empty() { all.methods } else { self.models },
            modes: if self.n_clusters.is_empty() { all.modes } else { self.n_clusters },
            out: all.out,
            datasets: self.datasets,
            seeds: self.seeds,
            truth: self.truth,
            batch: self.batch,
            ablations: self.ablations,
            robustness: self.robustness,
            parameters,
            jobs: self.jobs,
            threads: self.threads,
            device: self.device.device.into(),
        })
    }

    /// Parameters from the configuration files, and the epochs of all models that are trained.
    fn parameters(&self) -> Result<BTreeMap<Method, toml::Table>> {
        let mut parameters: BTreeMap<Method, toml::Table> = BTreeMap::new();
        for file in &self.config {
            let config = Config::read(Some(file))?;
            let Some(model) = config.model else {
                let file = file.display();
                return Err(usage(format!("{file}: say which model it is for, model = \"...\"")));
            };
            parameters.entry(Method::Model(model)).or_default().extend(config.into_table());
        }
        if let Some(epochs) = self.epochs {
            let trained = |method: &Method| method.model().is_some_and(|kind| kind.trained);
            for method in Method::all().into_iter().filter(trained) {
                parameters.entry(method).or_default().insert("epochs".into(), epochs.into());
            }
        }
        Ok(parameters)
    }
}

impl BenchmarkJob {
    pub fn run(self) -> Result<()> {
        job::run()
    }
}

/// Remarks go to stderr, and Ctrl-C stops.
struct Watcher(Console);

impl Watch for Watcher {
    fn remark(&self, line: String) {
        self.0.remark(line);
    }

    fn begins(&self) {
        interrupt::defer();
    }

    fn stops(&self) -> bool {
        interrupt::requested()
    }
}

impl Summary {
    fn text(&self) -> String {
        let Self { output, runs, failed, files, .. } = self;
        format!("{runs} runs ({failed} failed) in {output}: runs.csv, {}", files.join(", "))
    }
}
