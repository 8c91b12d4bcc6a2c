//! Clusters your file: `jojoscl IN K [OUT.h5ad] [--device auto|cpu|gpu]`. IN is .h5ad, 10x .h5, a
//! 10x matrix folder or CSV/TSV, and must hold raw counts.

#[path = "support/arguments.rs"]
mod arguments;

use std::error::Error;
use std::ops::ControlFlow;

use arguments::Arguments;
use morula::prelude::*;

fn main() -> Result<(), Box<dyn Error>> {
    let usage = "jojoscl IN K [OUT.h5ad] [--device auto|cpu|gpu]";
    let arguments = Arguments::parse(usage, 2)?;
    let (input, k) = (&arguments.words[0], arguments.words[1].parse::<usize>()?);
    let output = arguments.words.get(2).map_or("jojoscl.h5ad", String::as_str);
    let device = arguments.device.resolve()?;

    let counts = read_counts(input, None)?;
    println!("{} cells x {} genes on {device}", counts.n_obs(), counts.n_vars());

    let mut watch = |record: &EpochRecord, epochs: usize| {
        println!("epoch {}/{epochs}: loss {:.3}", record.epoch, record.total);
        ControlFlow::Continue(())
    };
    let options = FitOptions { observer: Some(&mut watch), checkpoint: None };
    let model = JojoScl::params(k).seed(0).check()?.fit_with(&counts, &device.device, options)?;
    let prediction = model.fitted().ok_or("the model knows no cells")?;

    for (cluster, b) in model.shrinkage().iter().enumerate() {
        let cells = prediction.labels.iter().filter(|&&label| label == cluster).count();
        println!("cluster {cluster}: {cells} cells, shrinkage b = {b:.2}");
    }
    let results = additions(&model, prediction, counts.n_obs(), &device.name)?;
    write_h5ad_with(input, output, &results)?;
    println!("written: {output}");
    Ok(())
}
