//! Simulated cells with a known truth, and the device to fit on.
#![allow(missing_docs, dead_code, reason = "tests' own helpers, not all for each")]

pub mod checks;
mod seal;
pub mod small;

pub use seal::{list, reseal};

use morula_data::CountMatrix;
use morula_models::DeviceChoice;
use morula_preprocess::{SimulateParams, simulate};

pub fn device() -> morula_models::Device {
    DeviceChoice::Cpu.resolve().unwrap().device
}

pub fn counts(cells: usize) -> (CountMatrix, Vec<usize>) {
    let params = SimulateParams { cells, genes: 300, types: 3, ..SimulateParams::default() };
    let simulated = simulate(&params).unwrap();
    (simulated.counts, simulated.types)
}

/// As many genes as real data, and types as distinct as the command line simulates them. The
/// simulation's default, 40 markers of threefold change, is harder.
pub fn realistic(cells: usize) -> (CountMatrix, Vec<usize>) {
    let strong = SimulateParams { markers: 100, fold_change: 4.0, ..SimulateParams::default() };
    let params = SimulateParams { cells, types: 3, ..strong };
    let simulated = simulate(&params).unwrap();
    (simulated.counts, simulated.types)
}

/// Counts that differ by chance alone, on average 0.9 a gene.
pub fn noise(cells: usize, genes: usize, dispersion: f64, seed: u64) -> CountMatrix {
    let none = SimulateParams { types: 1, markers: 0, dropout: 0.0, ..SimulateParams::default() };
    let (library_size, library_sd) = (0.9 * genes as f64, 0.8 * dispersion);
    let sizes = SimulateParams { cells, genes, library_size, library_sd, ..none };
    simulate(&SimulateParams { dispersion, seed, ..sizes }).unwrap().counts
}
