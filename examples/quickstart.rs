//! Simulates cells of known types, clusters them, and compares: `quickstart [FOLDER] [--device
//! auto|cpu|gpu]`. Leaves `quickstart.h5ad` and `quickstart.png` in the folder.

#[path = "support/arguments.rs"]
mod arguments;

use std::error::Error;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use arguments::Arguments;
use morula::data::{AnnData, Column, write_h5ad};
use morula::metrics::evaluate;
use morula::prelude::*;
use morula::preprocess::{SimulateParams, simulate};
use morula::{pipeline, plot};

const TYPES: usize = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse("quickstart [FOLDER] [--device auto|cpu|gpu]", 0)?;
    let folder = Path::new(arguments.words.first().map_or(".", String::as_str));
    let device = arguments.device.resolve()?;
    println!("device: {device}");

    let easy =
        SimulateParams { types: TYPES, markers: 100, fold_change: 4.0, ..Default::default() };
    let simulated = simulate(&easy)?;
    let counts = &simulated.counts;
    println!("{} cells x {} genes of {TYPES} types", counts.n_obs(), counts.n_vars());

    // The model never sees the types.
    let started = Instant::now();
    let mut watch = |record: &EpochRecord, epochs: usize| {
        if record.epoch.is_multiple_of(10) {
            println!("epoch {}/{epochs}: loss {:.3}", record.epoch, record.total);
        }
        ControlFlow::Continue(())
    };
    let options = FitOptions { observer: Some(&mut watch), checkpoint: None };
    let model = JojoScl::params(TYPES).check()?.fit_with(counts, &device.device, options)?;
    let prediction = model.fitted().ok_or("the model knows no cells")?;
    println!("fitted in {:.1} s", started.elapsed().as_secs_f64());

    let truth: Vec<usize> = prediction.kept_cells.iter().map(|&i| simulated.types[i]).collect();
    let scores = evaluate(&truth, &prediction.labels)?;
    println!("ARI {:.3}, NMI {:.3}, accuracy {:.3}", scores.ari, scores.nmi, scores.acc);

    let (obs, var) = (counts.obs_names().to_vec(), counts.var_names().to_vec());
    let mut data = AnnData::new(counts.x().clone(), obs, var)?;
    let types = simulated.types.iter().map(|&t| Some(&simulated.type_names[t]));
    data.obs.set("cell_type", Column::categorical(types))?;
    data.add(&pipeline::additions(&model, prediction, counts.n_obs(), &device.name)?)?;
    write_h5ad(folder.join("quickstart.h5ad"), &data)?;

    let points = plot::project(&prediction.latent)?;
    let names: Vec<String> = (0..TYPES).map(|k| format!("cluster {k}")).collect();
    plot::scatter(&folder.join("quickstart.png"), &points, &prediction.labels, &names)?;
    println!("written: quickstart.h5ad and quickstart.png in {}", folder.display());
    Ok(())
}
