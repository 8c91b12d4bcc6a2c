//! Compares models and baselines on labelled data sets.
//!
//! [`Benchmark::run`] clusters every data set of a folder with every method and several seeds,
//! scores the clusters against the labels, and writes `runs.csv` (a row per run), `results.md` and
//! plots. No label reaches a method. Runs that have scores already are not repeated.
//!
//! Every run is a process of its own, so that its time and memory can be measured. That process is
//! the current program with the one argument [`job::ARGUMENT`]; a program that benchmarks must call
//! [`job::run`] when it gets that argument:
//!
//! ```no_run
//! use morula_benchmark::{Benchmark, Options, job};
//!
//! fn main() -> anyhow::Result<()> {
//!     if std::env::args().nth(1).as_deref() == Some(job::ARGUMENT) {
//!         return job::run();
//!     }
//!     let options = Options { seeds: 3, ..Options::new("results") };
//!     let done = Benchmark::new(options)?.run("labelled-sets".as_ref(), &())?;
//!     println!("{} runs, {} failed", done.runs, done.failed);
//!     Ok(())
//! }
//! ```
//!
//! The backends that models compute on are features of the crate `morula`.
//!
//! Errors are [`anyhow::Error`]s with a message for people; [`Usage`] and [`Interrupted`] can be
//! found in them by `is` and `downcast_ref`.

mod baseline;
mod benchmark;
mod clustered;
mod dataset;
pub mod drawing;
mod error;
mod fit;
pub mod job;
mod method;
mod options;
mod perturbation;
mod place;
mod plan;
mod process;
mod report;
mod representation;
mod row;
mod runner;
mod score;
mod settings;
mod store;
mod variant;
mod watch;

pub use baseline::Baseline;
pub use benchmark::{Benchmark, Done};
pub use error::{Interrupted, UnknownName, Usage, usage};
pub use method::{KMode, Method};
pub use options::Options;
pub use process::set_program;
pub use representation::Representation;
pub use watch::Watch;
