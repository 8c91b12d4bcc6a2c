//! Clusters your file and denoises its counts:
//! `scsiameseclu IN K [OUT.h5ad] [--device auto|cpu|gpu]`. IN is .h5ad, 10x .h5, a 10x matrix
//! folder or CSV/TSV, and must hold raw counts.

#[path = "support/arguments.rs"]
mod arguments;

use std::error::Error;
use std::ops::ControlFlow;

use arguments::Arguments;
use morula::prelude::*;

fn main() -> Result<(), Box<dyn Error>> {
    let usage = "scsiameseclu IN K [OUT.h5ad] [--device auto|cpu|gpu]";
    let arguments = Arguments::parse(usage, 2)?;
    let (input, k) = (&arguments.words[0], arguments.words[1].parse::<usize>()?);
    let output = arguments.words.get(2).map_or("scsiameseclu.h5ad", String::as_str);
    let device = arguments.device.resolve()?;

    let counts = read_counts(input, None)?;
    println!("{} cells x {} genes on {device}", counts.n_obs(), counts.n_vars());

    let mut watch = |record: &EpochRecord, epochs: usize| {
        let EpochRecord { epoch, stage, total, .. } = record;
        println!("epoch {epoch}/{epochs}, {stage}: loss {total:.3}");
        ControlFlow::Continue(())
    };
    let options = FitOptions { observer: Some(&mut watch), checkpoint: None };
    let params = ScSiameseClu::params(k).seed(0).check()?;
    let model = params.fit_with(&counts, &device.device, options)?;
    let prediction = model.fitted().ok_or("the model knows no cells")?;

    for cluster in 0..k {
        let cells = prediction.labels.iter().filter(|&&label| label == cluster).count();
        println!("cluster {cluster}: {cells} cells");
    }
    let mut results = additions(&model, prediction, counts.n_obs(), &device.name)?;
    if let Some(denoised) = Denoised::of(&model, prediction)? {
        println!("denoised: {} genes", denoised.genes.len());
        results = denoised.add_to(results, counts.n_obs(), counts.var_names())?;
    }
    write_h5ad_with(input, output, &results)?;
    println!("written: {output}");
    Ok(())
}
