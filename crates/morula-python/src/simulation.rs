//! Simulated counts.

use morula::preprocess::{SimulateParams, simulate as draw};
use numpy::PyArray1;
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;

use crate::errors::raise;
use crate::{parts, work};

/// Counts of cells of known types, as `morula simulate` draws them: the matrix, names of cells and
/// genes, type of every cell and names of types, batch of every cell, and the genes of every type.
#[pyfunction]
pub fn simulate<'py>(
    py: Python<'py>,
    cells: usize,
    types: usize,
    genes: usize,
    dropout: f64,
    batches: usize,
    seed: u64,
) -> PyResult<Bound<'py, PyAny>> {
    // The command's: at most half of the genes are markers.
    let markers = 100.min(genes / types.saturating_mul(2).max(1)).max(1);
    let params = SimulateParams {
        cells,
        genes,
        types,
        markers,
        fold_change: 4.0,
        dropout,
        batches,
        seed,
        ..SimulateParams::default()
    };
    let made = raise(work::quietly(py, None, move || {
        params.check()?;
        Ok(draw(&params)?)
    }))?;
    let types = PyArray1::from_iter(py, made.types.iter().map(|&t| t as i64));
    let batches = made.batches.map(|all| all.iter().map(|&b| b as i64).collect::<Vec<_>>());
    let (x, obs_names, var_names) = made.counts.into_parts();
    let x = parts::csr(py, x)?;
    (x, obs_names, var_names, types, made.type_names, batches, made.markers).into_bound_py_any(py)
}
