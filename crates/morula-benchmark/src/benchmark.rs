//! A benchmark from data sets to the report.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::dataset::data_sets;
use crate::error::usage;
use crate::options::Options;
use crate::place;
use crate::plan::Wanted;
use crate::report;
use crate::runner::Runner;
use crate::settings::Settings;
use crate::store::Store;
use crate::watch::Watch;

/// A benchmark with checked options.
#[derive(Debug)]
pub struct Benchmark {
    options: Options,
    settings: Settings,
}

/// What is in the results folder after a benchmark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// Data sets that were run; 0 where only the report was written.
    pub datasets: usize,
    /// Rows of `runs.csv`.
    pub runs: usize,
    /// Runs that had scores before.
    pub runs_before: usize,
    /// Rows without scores.
    pub failed: usize,
    /// Names of the report's files.
    pub files: Vec<String>,
}

impl Benchmark {
    /// Checks the options.
    ///
    /// # Errors
    /// [`Usage`](crate::Usage) for a number that must be at least 1.
    pub fn new(options: Options) -> Result<Self> {
        let Options { seeds, jobs, threads, .. } = options;
        if seeds == 0 || jobs == 0 || threads == 0 {
            return Err(usage("seeds, jobs and threads must be at least 1"));
        }
        let settings = Settings::of(&options);
        Ok(Self { options, settings })
    }

    /// Does all runs on the data sets of a folder that have no scores yet, and writes the report.
    ///
    /// # Errors
    /// [`Usage`](crate::Usage) for a data set that is not there, for results of other settings, and
    /// for a folder in which a file of others would be overwritten;
    /// [`Interrupted`](crate::Interrupted) where `watch` stops the runs; an error when a file or a
    /// process fails. A run that fails is no error: its row says why.
    pub fn run(&self, data: &Path, watch: &dyn Watch) -> Result<Done> {
        let out = &self.options.out;
        place::check(out)?;
        let datasets = data_sets(data, &self.options, watch)?;
        fs::create_dir_all(out).with_context(|| format!("cannot make {}", out.display()))?;
        self.settings.keep(out)?;
        let mut store = Store::open(out)?;
        let wanted = Wanted::of(&self.options);
        for (method, k) in wanted.unsupported() {
            watch.remark(format!("left out: {method} with K {k}, which it does not offer"));
        }
        let mut runs = wanted.runs(&datasets);
        let all = runs.len();
        let done = store.done();
        runs.retain(|run| !done.contains(&run.key));
        let before = all - runs.len();
        watch.remark(format!("{} runs to do, {before} done before", runs.len()));
        watch.begins();
        let (options, settings) = (&self.options, &self.settings);
        Runner { datasets: &datasets, options, settings, watch }.run(runs, &mut store)?;
        self.finish(&store, settings, [before, datasets.len()])
    }

    /// Writes the report of the rows that are there, with the settings that they were made with.
    ///
    /// # Errors
    /// When a file cannot be read or written.
    pub fn report(&self) -> Result<Done> {
        place::check(&self.options.out)?;
        let store = Store::open(&self.options.out)?;
        let settings = Settings::read(&self.options.out)?;
        let settings = settings.as_ref().unwrap_or(&self.settings);
        self.finish(&store, settings, [store.rows().len(), 0])
    }

    fn finish(
        &self,
        store: &Store,
        settings: &Settings,
        [runs_before, datasets]: [usize; 2],
    ) -> Result<Done> {
        let files = report::write(&self.options.out, store.rows(), settings)?;
        let failed = store.rows().iter().filter(|row| !row.error.is_empty()).count();
        Ok(Done { datasets, runs: store.rows().len(), runs_before, failed, files })
    }
}
