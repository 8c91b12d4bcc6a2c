//! Seconds of whole training epochs, both models on simulated cells, one JSON object per line:
//! `{"id": "jojoscl/training/4271", "min": ..., "median": ...}`.
//!
//! `RAYON_NUM_THREADS=1 cargo bench --bench epochs -- [CELLS] [MODEL|all] [cpu|gpu]`. On the CPU
//! they are CPU seconds of the process; the fastest epoch is the one least disturbed by other
//! programs. On a GPU they are wall seconds: an epoch ends with its losses on the host, so no work
//! is pending. `scripts/bench_models.sh` compares them with PyTorch.

use std::collections::BTreeMap;
use std::error::Error;
use std::ops::ControlFlow;
use std::time::Instant;

use cpu_time::ProcessTime;
use morula::prelude::*;
use morula::preprocess::{RecipeParams, SimulateParams, simulate};

/// Epochs measured of every stage.
const EPOCHS: usize = 12;

fn main() -> Result<(), Box<dyn Error>> {
    // Cargo adds --bench.
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let cells = words.first().map_or(Ok(4271), |word| word.parse())?;
    let wanted = |model: &str| words.get(1).is_none_or(|word| word == "all" || word == model);
    let device = words.get(2).map_or(Ok(DeviceChoice::Cpu), |word| word.parse())?.resolve()?;
    let simulated =
        simulate(&SimulateParams { cells, genes: 4000, types: 8, ..Default::default() })?;
    if wanted("jojoscl") {
        measure("jojoscl", JojoScl::params(8).epochs(EPOCHS), &simulated.counts, &device)?;
    }
    if wanted("scsiameseclu") {
        let params = ScSiameseCluParams {
            n_clusters: 8.into(),
            autoencoder_epochs: EPOCHS,
            graph_epochs: EPOCHS,
            joint_epochs: EPOCHS,
            epochs: EPOCHS,
            // As in the published program.
            recipe: RecipeParams { n_top_genes: 1000, ..Default::default() },
            ..Default::default()
        };
        measure("scsiameseclu", params, &simulated.counts, &device)?;
    }
    Ok(())
}

/// Fits once and prints the seconds of the epochs of each stage.
fn measure<P>(
    model: &str,
    params: P,
    counts: &CountMatrix,
    on: &NamedDevice,
) -> Result<(), Box<dyn Error>>
where
    P: ModelParams,
    P::Model: ClusterModel,
{
    let mut stages: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    let (cpu, wall) = (ProcessTime::now(), Instant::now());
    let seconds = || match on.is_gpu {
        true => wall.elapsed().as_secs_f64(),
        false => cpu.elapsed().as_secs_f64(),
    };
    let mut before = seconds();
    let mut watch = |record: &EpochRecord, _: usize| {
        let now = seconds();
        stages.entry(record.stage.clone()).or_default().push(now - before);
        before = now;
        ControlFlow::Continue(())
    };
    let options = FitOptions { observer: Some(&mut watch), checkpoint: None };
    params.fit_with(counts, &on.device, options)?;
    for (stage, mut seconds) in stages {
        // The first epoch of the first stage includes preprocessing.
        seconds.remove(0);
        seconds.sort_by(f64::total_cmp);
        let (min, median) = (seconds[0], seconds[seconds.len() / 2]);
        let id = format!("{model}/{stage}/{}", counts.n_obs());
        let figures = serde_json::json!({ "id": id, "min": min, "median": median });
        println!("{figures}");
    }
    Ok(())
}
