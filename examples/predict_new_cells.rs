//! Trains on some cells and predicts the clusters of others:
//! `predict_new_cells [MODEL [K|auto [FILE TRUTH [BATCH]]]] [--device auto|cpu|gpu]`.
//!
//! Twice: on one batch to predict the others, and on a random half to predict the other half. FILE
//! holds raw counts. The obs column TRUTH holds the known types, which only the scores use, and
//! BATCH the batches. Without FILE it uses Kang_PBMC_IFNb_2batch_full.h5ad in the folder
//! `MORULA_DATA` (blood, control and stimulated), or simulated cells in two batches.

#[path = "support/arguments.rs"]
mod arguments;

use std::error::Error;
use std::path::{Path, PathBuf};

use arguments::Arguments;
use morula::data::read_obs;
use morula::metrics::evaluate;
use morula::prelude::*;
use morula::preprocess::{SimulateParams, simulate};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

type Labels = Vec<Option<String>>;

/// Cells, their known types and their batches.
struct Cells {
    counts: CountMatrix,
    truth: Labels,
    batch: Option<Labels>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let usage = "predict_new_cells [jojoscl|scsiameseclu [K|auto [FILE TRUTH [BATCH]]]] \
                 [--device auto|cpu|gpu]";
    let arguments = Arguments::parse(usage, 0)?;
    let word = |i: usize| arguments.words.get(i).map(String::as_str);
    let k: NClusters = word(1).unwrap_or("auto").parse()?;
    let device = arguments.device.resolve()?.device;
    let cells = cells(word(2), word(3), word(4))?;
    let run = |split: &[bool]| match word(0).unwrap_or("jojoscl") {
        "jojoscl" => transfer(JojoScl::params(k), &cells, split, &device),
        "scsiameseclu" => transfer(ScSiameseClu::params(k), &cells, split, &device),
        _ => Err(format!("usage: {usage}").into()),
    };
    if let Some(batch) = &cells.batch {
        let first = batch.iter().flatten().min().ok_or("no cell has a batch")?;
        println!("trained on batch {first}, predicted the others");
        let split: Vec<bool> = batch.iter().map(|b| b.as_ref() == Some(first)).collect();
        run(&split)?;
    }
    println!("trained on a random half, predicted the other");
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let split: Vec<bool> = cells.truth.iter().map(|_| rng.next_u32() % 2 == 0).collect();
    run(&split)
}

/// Fits a model on the cells marked in `split`, predicts the others, and scores both.
fn transfer<P: ModelParams>(
    params: P,
    cells: &Cells,
    split: &[bool],
    device: &Device,
) -> Result<(), Box<dyn Error>> {
    let genes: Vec<usize> = (0..cells.counts.n_vars()).collect();
    let side =
        |train: bool| -> Vec<usize> { (0..split.len()).filter(|&i| split[i] == train).collect() };
    let (train, new) = (side(true), side(false));
    let model =
        params.fit_with(&cells.counts.select(&train, &genes), device, FitOptions::default())?;
    let known = model.fitted().ok_or("the model knows no cells")?;
    let found = model.predict(&cells.counts.select(&new, &genes))?;
    println!("  {} cells in {} clusters", known.labels.len(), model.n_clusters());
    println!("  ARI of the training cells {:.3}", ari(known, &train, &cells.truth)?);
    println!("  ARI of {} new cells {:.3}", found.labels.len(), ari(&found, &new, &cells.truth)?);
    let (missing, extra) = (found.report.missing_genes.len(), found.report.extra_genes);
    println!("  {missing} genes of the model missing, {extra} unknown to it");
    Ok(())
}

/// Agreement of clusters with types. `origin` gives the position of every cell in `truth`.
fn ari(cells: &Prediction, origin: &[usize], truth: &Labels) -> Result<f64, Box<dyn Error>> {
    let types: Vec<_> = cells.kept_cells.iter().map(|&i| &truth[origin[i]]).collect();
    Ok(evaluate(&types, &cells.labels)?.ari)
}

fn cells(
    file: Option<&str>,
    truth: Option<&str>,
    batch: Option<&str>,
) -> Result<Cells, Box<dyn Error>> {
    let kang = "Kang_PBMC_IFNb_2batch_full.h5ad";
    let folder = std::env::var_os("MORULA_DATA").map(|folder| Path::new(&folder).join(kang));
    let (path, truth, batch): (PathBuf, _, _) = match (file, folder) {
        (Some(file), _) => (file.into(), truth.ok_or("give the obs column of the types")?, batch),
        (None, Some(kang)) => (kang, "cell_type", Some("batch")),
        (None, None) => return simulated(),
    };
    let obs = read_obs(&path)?;
    let labels = |name: &str| Ok::<_, Box<dyn Error>>(obs.column(name)?.labels());
    let batch = batch.map(labels).transpose()?;
    Ok(Cells { counts: read_counts(&path, None)?, truth: labels(truth)?, batch })
}

/// Two batches that differ slightly, and types that differ strongly.
fn simulated() -> Result<Cells, Box<dyn Error>> {
    let easy = SimulateParams { types: 4, markers: 100, fold_change: 4.0, ..Default::default() };
    let simulated = simulate(&SimulateParams { batches: 2, batch_sd: 0.1, ..easy })?;
    let name = |label: &usize| Some(label.to_string());
    Ok(Cells {
        counts: simulated.counts,
        truth: simulated.types.iter().map(name).collect(),
        batch: simulated.batches.map(|batches| batches.iter().map(name).collect()),
    })
}
