//! Does the runs, several at the same time, and stores their rows.

use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};

use anyhow::{Result, bail};

use crate::dataset::Dataset;
use crate::error::Interrupted;
use crate::job::{Job, Scoring, Task};
use crate::method::KMode;
use crate::options::Options;
use crate::plan::Run;
use crate::process::{self, Outcome};
use crate::row::Row;
use crate::score::Scores;
use crate::settings::{Settings, device_name};
use crate::store::Store;
use crate::variant;
use crate::watch::Watch;

pub struct Runner<'a> {
    pub datasets: &'a [Dataset],
    pub options: &'a Options,
    pub settings: &'a Settings,
    pub watch: &'a dyn Watch,
}

type Finished = Result<(Run, Outcome<Scores>)>;

impl Runner<'_> {
    /// Does all runs; when `watch` stops them, only those that have begun.
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
                // Ctrl-C reaches the jobs too; that is no failure of the run.
                if outcome.0.is_err() && self.watch.stops() {
                    continue;
                }
                let about = &self.datasets[run.dataset].about;
                let shape = [about.n_cells, about.n_genes, about.n_types];
                let row = Row::new(&run.key, shape, outcome);
                self.watch.remark(format!("[{}/{total}] {}", n + 1, line(&row)));
                store.append(row)?;
            }
            if self.watch.stops() {
                return Err(Interrupted(format!(
                    "interrupted; {} runs are kept. To continue, give the same command again",
                    store.rows().len()
                ))
                .into());
            }
            Ok(())
        })
    }

    /// Takes runs from the queue until it is empty or the receiver is gone.
    fn work(&self, queue: &Mutex<std::vec::IntoIter<Run>>, finished: &Sender<Finished>) {
        while !self.watch.stops() {
            let Some(run) = queue.lock().ok().and_then(|mut queue| queue.next()) else { break };
            if finished.send(self.outcome(&run).map(|outcome| (run, outcome))).is_err() {
                break;
            }
        }
    }

    /// Fits in one process and scores in another, so that the cost is that of the fit and no label
    /// is near it.
    fn outcome(&self, run: &Run) -> Result<Outcome<Scores>> {
        let threads = self.options.threads;
        let (clustered, cost) = process::run(&Job::Fit(self.task(run)?), threads)?;
        let clustered = match clustered {
            Ok(clustered) => clustered,
            Err(why) => return Ok((Err(why), cost)),
        };
        let Dataset { path, about, .. } = &self.datasets[run.dataset];
        let (path, truth) = (path.clone(), about.truth.clone());
        let batch = self.options.batch.clone().filter(|_| about.batches);
        let (scores, _) =
            process::run(&Job::Score(Scoring { path, truth, batch, clustered }), threads)?;
        Ok((scores, cost))
    }

    fn task(&self, run: &Run) -> Result<Task> {
        let Some(changed) = variant::parameters(run.key.method, &run.key.variant) else {
            bail!("{} has no variant {}", run.key.method, run.key.variant);
        };
        let mut parameters =
            self.settings.parameters.get(&run.key.method).cloned().unwrap_or_default();
        parameters.extend(toml::from_str::<toml::Table>(changed)?);
        let dataset = &self.datasets[run.dataset];
        Ok(Task {
            path: dataset.path.clone(),
            method: run.key.method,
            batch: variant::batch_column(&run.key.variant).map(String::from),
            n_clusters: match run.key.k {
                KMode::Given => Some(dataset.about.n_types),
                KMode::Auto => None,
            },
            parameters,
            perturbation: run.perturbation,
            seed: run.key.seed,
            device: device_name(self.options.device).into(),
        })
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
        (Some(ari), Some(1)) => format!("ARI {ari:.3}, 1 cluster"),
        (Some(ari), Some(clusters)) => format!("ARI {ari:.3}, {clusters} clusters"),
        _ => format!("failed: {}", row.error),
    };
    format!("{dataset}, {method}, K {k}{what}, seed {seed}: {outcome}, {seconds:.1} s")
}
