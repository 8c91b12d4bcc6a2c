//! Does runs, some at the same time, and keeps their rows.

use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};

use anyhow::{Result, bail};

use super::dataset::Dataset;
use super::job::{Job, Task};
use super::method::KMode;
use super::plan::Run;
use super::process::{self, Outcome};
use super::row::Row;
use super::score::Scores;
use super::settings::Settings;
use super::store::Store;
use super::{Benchmark, variant};
use crate::console::Console;
use crate::failure::Interrupted;
use crate::interrupt;

pub struct Runner<'a> {
    pub datasets: &'a [Dataset],
    pub options: &'a Benchmark,
    pub settings: &'a Settings,
    pub console: Console,
}

type Finished = Result<(Run, Outcome<Scores>)>;

impl Runner<'_> {
    /// Does all runs; after Ctrl-C, those begun.
    pub fn run(&self, runs: Vec<Run>, store: &mut Store) -> Result<()> {
        let total = runs.len();
        let queue = Mutex::new(runs.into_iter());
        std::thread::scope(|scope| {
            let (sender, finished) = channel();
            for _ in 0..self.options.jobs.min(total) {
                let (sender, queue) = (sender.clone(), &queue);
                scope.spawn(move || self.work(queue, &sender));
            }
            drop(sender);
            for (n, run) in finished.into_iter().enumerate() {
                let (run, outcome) = run?;
                // A job that Ctrl-C has reached too did not fail.
                if outcome.0.is_err() && interrupt::requested() {
                    continue;
                }
                let about = &self.datasets[run.dataset].about;
                let shape = [about.n_cells, about.n_genes, about.n_types];
                let row = Row::new(&run.key, shape, outcome);
                self.console.remark(format!("[{}/{total}] {}", n + 1, line(&row)));
                store.append(row)?;
            }
            if interrupt::requested() {
                return Err(Interrupted(format!(
                    "interrupted; {} runs are kept. To go on, give the same command again",
                    store.rows().len()
                ))
                .into());
            }
            Ok(())
        })
    }

    /// Takes runs from the queue until there are none, or nobody listens.
    fn work(&self, queue: &Mutex<std::vec::IntoIter<Run>>, finished: &Sender<Finished>) {
        while !interrupt::requested() {
            let Some(run) = queue.lock().ok().and_then(|mut queue| queue.next()) else { break };
            let outcome = self.job(&run).and_then(|job| process::run(&job, self.options.threads));
            if finished.send(outcome.map(|outcome| (run, outcome))).is_err() {
                break;
            }
        }
    }

    fn job(&self, run: &Run) -> Result<Job> {
        let Some(changed) = variant::parameters(run.key.method, &run.key.variant) else {
            bail!("{} has no variant {}", run.key.method, run.key.variant);
        };
        let mut parameters =
            self.settings.parameters.get(&run.key.method).cloned().unwrap_or_default();
        parameters.extend(toml::from_str::<toml::Table>(changed)?);
        let dataset = &self.datasets[run.dataset];
        Ok(Job::Run(Task {
            path: dataset.path.clone(),
            truth: dataset.about.truth.clone(),
            method: run.key.method,
            batch: variant::batch_column(&run.key.variant).map(String::from),
            n_clusters: match run.key.k {
                KMode::Given => Some(dataset.about.n_types),
                KMode::Auto => None,
            },
            parameters,
            perturbation: run.perturbation,
            seed: run.key.seed,
            device: self.options.device.device,
        }))
    }
}

fn line(row: &Row) -> String {
    let Row { dataset, method, k, variant, counts, seed, seconds, .. } = row;
    let what = match (variant.as_str(), counts.as_str()) {
        ("default", "original") => String::new(),
        ("default", counts) => format!(", {counts}"),
        (variant, _) => format!(", {variant}"),
    };
    let outcome = match (row.ari, row.n_clusters) {
        (Some(ari), Some(clusters)) => format!("ARI {ari:.3}, {clusters} clusters"),
        _ => format!("failed: {}", row.error),
    };
    format!("{dataset}, {method}, K {k}{what}, seed {seed}: {outcome}, {seconds:.1} s")
}
