//! The compiled part of Morula's Python package, `morula._morula`: arrays in, arrays out.
//!
//! `counts` takes the parts of a matrix, `model` runs a model of the registry by its name, and
//! `parts` gives results back as Python puts them into an AnnData. The work is done on a thread
//! without Python's lock (`work`), and every error is an exception (`errors`). What knows AnnData
//! is in `python/morula`.

mod arrays;
mod command;
mod counts;
mod cut;
mod entries;
mod errors;
mod markers;
mod matrix;
mod metrics;
mod model;
mod params;
mod parts;
mod report;
mod simulation;
mod subcluster;
mod work;

use pyo3::pymodule;

/// Morula's compiled functions; use the package `morula`.
#[pymodule]
mod _morula {
    use morula::data::FEATURE_TYPES;
    use pyo3::prelude::*;

    #[pymodule_export]
    use super::command::{panic_for_tests, run_command};
    #[pymodule_export]
    use super::counts::{Counts, categories, is_counts};
    #[pymodule_export]
    use super::cut::cut;
    #[pymodule_export]
    use super::markers::{annotate, rank_genes_groups, transfer};
    #[pymodule_export]
    use super::metrics::{evaluate, internal};
    #[pymodule_export]
    use super::model::{Model, Predicted, fit, load};
    #[pymodule_export]
    use super::params::{devices, models, params};
    #[pymodule_export]
    use super::report::report;
    #[pymodule_export]
    use super::simulation::simulate;
    #[pymodule_export]
    use super::subcluster::Subclusters;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        super::errors::quiet_panics();
        module.add("FEATURE_TYPES", FEATURE_TYPES)?;
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
