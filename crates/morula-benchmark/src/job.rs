//! One job in a process of its own, so that its time and memory can be measured.

use std::io::{BufRead, BufWriter, Read, Write, stdin, stdout};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use morula::data::{DataFrame, read_counts, read_obs};
use morula::models::DeviceChoice;
use serde::{Deserialize, Serialize};

use crate::clustered::Clustered;
use crate::fit::fit;
use crate::method::Method;
use crate::perturbation::Perturbation;
use crate::score::{Scores, score};

/// Columns of obs with labels where the user names none: the first one that exists.
const LABELS: [&str; 6] = ["cell_type", "celltype", "CellType", "cell.type", "label", "labels"];

/// The argument with which a benchmark starts the current program to do one job.
pub const ARGUMENT: &str = "benchmark-job";

/// A job, as one line of JSON.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Job {
    /// Describes a file.
    Describe { path: PathBuf, truth: Option<String>, batch: Option<String> },
    /// Fits a method. No label reaches this process.
    Fit(Task),
    /// Scores the result of a fit.
    Score(Scoring),
}

/// One fit.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Task {
    pub path: PathBuf,
    pub method: Method,
    /// Column of obs with the batches, where the method gets them.
    pub batch: Option<String>,
    /// Number of clusters, where it is given.
    pub n_clusters: Option<usize>,
    pub parameters: toml::Table,
    pub perturbation: Option<Perturbation>,
    pub seed: u64,
    /// Where the model computes: `auto`, `cpu` or `gpu`.
    pub device: String,
}

/// A result, and what it is compared with.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Scoring {
    pub path: PathBuf,
    /// Column of obs with the labels.
    pub truth: String,
    /// Column of obs with the batches, where there is one.
    pub batch: Option<String>,
    pub clustered: Clustered,
}

/// A data set that can be scored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Description {
    pub truth: String,
    /// Whether it has the column of batches.
    pub batches: bool,
    pub n_cells: usize,
    pub n_genes: usize,
    pub n_types: usize,
}

/// Does one job: reads it from stdin and writes the result to stdout.
///
/// # Errors
/// When there is no job on stdin, or the job fails.
pub fn run() -> Result<()> {
    let mut line = String::new();
    stdin().lock().read_line(&mut line)?;
    let job: Job = serde_json::from_str(&line).context("a job of `morula benchmark`")?;
    end_with_the_parent();
    match job {
        Job::Describe { path, truth, batch } => write(&describe(&path, truth, batch.as_deref())?),
        Job::Fit(task) => write(&task.fit()?),
        Job::Score(scoring) => write(&scoring.score()?),
    }
}

fn write(result: &impl Serialize) -> Result<()> {
    let mut out = BufWriter::new(stdout());
    serde_json::to_writer(&mut out, result)?;
    out.flush().context("cannot write to stdout")
}

/// Ends this process when stdin closes: the parent keeps it open while it waits for the result.
fn end_with_the_parent() {
    std::thread::spawn(|| {
        let _ = stdin().lock().read_to_end(&mut Vec::new());
        std::process::exit(1);
    });
}

fn describe(path: &Path, truth: Option<String>, batch: Option<&str>) -> Result<Description> {
    let obs = read_obs(path)?;
    let truth = match truth {
        Some(name) => name,
        None => match LABELS.into_iter().find(|name| obs.column(name).is_ok()) {
            Some(name) => name.into(),
            None => bail!("no labels: obs has none of {}", LABELS.join(", ")),
        },
    };
    let n_types = n_types(&obs, &truth)?;
    let batches = batch.is_some_and(|name| obs.column(name).is_ok());
    let counts = read_counts(path, None)?;
    let [n_cells, n_genes] = [counts.n_obs(), counts.n_vars()];
    Ok(Description { truth, batches, n_cells, n_genes, n_types })
}

fn n_types(obs: &DataFrame, truth: &str) -> Result<usize> {
    let mut labels: Vec<String> = obs.column(truth)?.labels().into_iter().flatten().collect();
    labels.sort_unstable();
    labels.dedup();
    match labels.len() {
        0 => bail!("no cell has a label in {truth}"),
        n => Ok(n),
    }
}

impl Task {
    fn fit(self) -> Result<Clustered> {
        let device = self.device.parse::<DeviceChoice>()?.resolve()?;
        let mut counts = read_counts(&self.path, None)?;
        if let Some(perturbation) = self.perturbation {
            counts = perturbation.apply(&counts, self.seed)?;
        }
        if let Some(column) = &self.batch {
            let batches = read_obs(&self.path)?.column(column)?.to_categorical();
            counts = counts.with_batches(batches).with_context(|| format!("column {column}"))?;
        }
        fit(self.method, &self.parameters, &counts, self.n_clusters, self.seed, &device.device)
    }
}

impl Scoring {
    fn score(self) -> Result<Scores> {
        let obs = read_obs(&self.path)?;
        let truth = obs.column(&self.truth)?.labels();
        let batches = match &self.batch {
            Some(column) => Some(obs.column(column)?.labels()),
            None => None,
        };
        score(&self.clustered, &truth, batches.as_deref())
    }
}
