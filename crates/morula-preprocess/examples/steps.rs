//! CPU seconds of every step of preprocessing, one JSON line per step.
//!
//! `steps FILE [COMPONENTS] [NEIGHBORS]` measures a file of counts.
//! `steps simulate CELLS OUT.h5ad` writes such a file. `scripts/bench_preprocess.sh` compares the
//! seconds with scanpy's, so each step is the public function with scanpy's name. `recipe` is what
//! models run: all steps from the gene filter to the z-scores in one.

use cpu_time::ProcessTime;
use morula_data::{AnnData, CountMatrix, read_counts, write_h5ad};
use morula_preprocess::*;
use std::error::Error;

/// Runs a step and prints its CPU seconds, summed over all threads.
fn timed<T>(step: &str, run: impl FnOnce() -> Result<T>) -> Result<T> {
    let start = ProcessTime::now();
    let result = run()?;
    let seconds = start.elapsed().as_secs_f64();
    println!("{{\"step\": \"{step}\", \"cpu_s\": {seconds:.4}}}");
    Ok(result)
}

fn measure(counts: &CountMatrix, n_comps: usize, k: usize) -> Result<()> {
    let genes = filter_genes(counts.x(), 3);
    let cells = filter_cells(counts.x(), 1.0, 0);
    let mut x = counts.x().select_cols(&genes).select_rows(&cells);
    timed("normalize_total", || normalize_total(&mut x, TargetSum::Median))?;
    timed("log1p", || {
        log1p(&mut x);
        Ok(())
    })?;
    let variable =
        timed("highly_variable_genes", || highly_variable_genes(&x, &HvgParams::default()))?;
    let chosen = timed("select", || Ok(x.select_cols(&variable.selected)))?;
    let (z, _) = timed("scale", || scale(&chosen, None))?;
    let params = PcaParams { n_comps, ..PcaParams::default() };
    let found = timed("pca", || pca_dense(&z, chosen.n_cols(), &params))?;
    drop(z);
    timed("neighbors", || neighbors(&found.scores, found.n_comps, k))?;
    timed("recipe", || RecipeParams::default().fit(counts))?;
    Ok(())
}

fn main() -> std::result::Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["simulate", cells, out] => {
            let params = SimulateParams {
                cells: cells.parse()?,
                genes: 10_000,
                types: 8,
                library_size: 1000.0,
                ..SimulateParams::default()
            };
            let counts = simulate(&params)?.counts;
            let (obs, var) = (counts.obs_names().to_vec(), counts.var_names().to_vec());
            write_h5ad(out, &AnnData::new(counts.x().clone(), obs, var)?)?;
        }
        [file] => measure(&read_counts(file, None)?, 50, 15)?,
        [file, comps] => measure(&read_counts(file, None)?, comps.parse()?, 15)?,
        [file, comps, k] => measure(&read_counts(file, None)?, comps.parse()?, k.parse()?)?,
        _ => return Err("steps FILE [COMPONENTS] [NEIGHBORS] | steps simulate CELLS OUT".into()),
    }
    Ok(())
}
