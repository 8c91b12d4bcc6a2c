//! Simulates cells of known types, clusters them, and compares the clusters with the types:
//! `quickstart [FOLDER] [--device auto|cpu|gpu]`. Writes `quickstart.h5ad` and `quickstart.png`
//! into the folder.

#[path = "support/arguments.rs"]
mod arguments;

use std::error::Error;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use arguments::Arguments;
use morula::data::{AnnData, Column, write_h5ad};
use morula::metrics::evaluate;

use morula::prelude::*;
use morula::preprocess::{SimulateParams, simulate};
use morula::report::{Report, Run, Source};

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
    data.add(&additions(&model, prediction, counts.n_obs(), &device.name)?)?;
    write_h5ad(folder.join("quickstart.h5ad"), &data)?;

    // The first picture of a report: UMAP of the embedding, coloured by cluster.
    let source =
        Source { name: "quickstart".into(), model: JojoSclModel::NAME.into(), ..Source::default() };
    let report = Report::new(&Run::from_anndata(&data, &source)?)?;
    let picture = report.figures().first().ok_or("the report has no picture")?;
    fs::write(folder.join("quickstart.png"), picture.png())?;
    println!("written: quickstart.h5ad and quickstart.png in {}", folder.display());
    Ok(())
}
