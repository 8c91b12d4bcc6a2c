//! What to run, and where the results go.

use std::collections::BTreeMap;
use std::path::PathBuf;

use morula::models::DeviceChoice;

use crate::method::{KMode, Method};

/// Options of a benchmark.
#[derive(Debug, Clone)]
pub struct Options {
    /// Folder for `runs.csv`, `results.md` and plots.
    pub out: PathBuf,
    /// Methods to compare.
    pub methods: Vec<Method>,
    /// Where the number of clusters comes from; every method runs in the modes that it supports.
    pub modes: Vec<KMode>,
    /// Names of data sets: file names without their ending; empty for all.
    pub datasets: Vec<String>,
    /// Number of seeds, from 0; at least 1.
    pub seeds: u64,
    /// Column of obs with the labels; none for the first usual name, such as `cell_type`.
    pub truth: Option<String>,
    /// Column of obs with batches: methods also run with it, on data sets that have it.
    pub batch: Option<String>,
    /// Whether methods also run with one part left out or changed at a time.
    pub ablations: bool,
    /// Whether methods also run on counts with dropout, with noise, and with fewer molecules.
    pub robustness: bool,
    /// Parameters that are not the defaults, per method.
    pub parameters: BTreeMap<Method, toml::Table>,
    /// Runs at the same time; at least 1.
    pub jobs: usize,
    /// Threads of a run; at least 1.
    pub threads: usize,
    /// Where models compute.
    pub device: DeviceChoice,
}

impl Options {
    /// All methods in all modes with ten seeds and their defaults, one run at a time on one thread.
    pub fn new(out: impl Into<PathBuf>) -> Self {
        Self {
            out: out.into(),
            methods: Method::all(),
            modes: KMode::ALL.to_vec(),
            datasets: Vec::new(),
            seeds: 10,
            truth: None,
            batch: None,
            ablations: false,
            robustness: false,
            parameters: BTreeMap::new(),
            jobs: 1,
            threads: 1,
            device: DeviceChoice::Auto,
        }
    }
}
