//! New cells are clustered about as well as the cells of the fit.

use std::error::Error;

use morula::metrics::evaluate;
use morula::prelude::*;
use morula::preprocess::{SimulateParams, simulate};

/// Most by which held-out cells may score below training cells.
const MARGIN: f64 = 0.03;

fn held_out_cells_score_like_training_cells<P: ModelParams>(params: P) {
    // Clear types, but not so clear that every cell is right.
    let types = SimulateParams { types: 4, markers: 100, fold_change: 3.5, ..Default::default() };
    let simulated = simulate(&SimulateParams { cells: 800, ..types }).unwrap();
    let genes: Vec<usize> = (0..simulated.counts.n_vars()).collect();
    // The simulation puts cells in no order, so every other cell serves as a random half.
    let side = |parity| (0..800).filter(|i| i % 2 == parity).collect::<Vec<usize>>();
    let ari = |cells: &Prediction, origin: &[usize]| {
        let truth: Vec<_> = cells.kept_cells.iter().map(|&i| simulated.types[origin[i]]).collect();
        evaluate(&truth, &cells.labels).unwrap().ari
    };
    let counts = |cells: &[usize]| simulated.counts.select(cells, &genes);
    let device = DeviceChoice::Cpu.resolve().unwrap().device;
    let (train, new) = (side(0), side(1));
    let model = params.fit_with(&counts(&train), &device, FitOptions::default()).unwrap();
    let known = ari(model.fitted().unwrap(), &train);
    let held_out = ari(&model.predict(&counts(&new)).unwrap(), &new);
    println!("{}: {known:.3} in training, {held_out:.3} held out", P::NAME);
    assert!(known > 0.8 && held_out > known - MARGIN, "{known:.3}, {held_out:.3}");
}

#[test]
fn by_jojoscl() {
    held_out_cells_score_like_training_cells(JojoScl::params(4).epochs(40));
}

#[test]
fn by_scsiameseclu() {
    held_out_cells_score_like_training_cells(ScSiameseClu::params(4).epochs(40));
}

#[test]
fn missing_and_extra_genes_of_new_cells_are_reported() -> Result<(), Box<dyn Error>> {
    let types = SimulateParams { cells: 120, genes: 300, types: 3, ..Default::default() };
    let counts = simulate(&types)?.counts;
    let device = DeviceChoice::Cpu.resolve()?.device;
    let model = JojoScl::params(3).epochs(2).fit(&counts, &device)?;
    let all: Vec<usize> = (0..120).collect();
    let fewer: Vec<usize> = (12..300).collect();
    let (x, cells, mut genes) = counts.select(&all, &fewer).into_parts();
    genes[0] = "not in training".into();
    let found = model.predict(&CountMatrix::new(x, cells, genes)?)?;
    let report = found.report;
    assert!(report.missing_genes.len() <= 13 && !report.missing_genes.is_empty());
    assert_eq!((report.extra_genes, found.labels.len()), (1, 120));
    Ok(())
}
