//! Simulated cells with a known truth, and the device to fit on.
#![allow(missing_docs, dead_code, reason = "tests' own helpers, not all for each")]

pub mod checks;

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
