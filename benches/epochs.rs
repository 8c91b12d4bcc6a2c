//! CPU seconds of whole training epochs, both models on simulated cells, one JSON object per line:
//! `{"id": "jojoscl/training/4271", "min": ..., "median": ...}`.
//!
//! `RAYON_NUM_THREADS=1 cargo bench --bench epochs -- [CELLS] [MODEL]`. CPU seconds are those of the
//! process; of several epochs the fastest is the least disturbed by other programs.
//! `scripts/bench_models.sh` sets them against PyTorch.

use std::collections::BTreeMap;
use std::error::Error;
use std::ops::ControlFlow;

use cpu_time::ProcessTime;
use morula::prelude::*;
use morula::preprocess::{SimulateParams, simulate};

/// Epochs measured of every stage.
const EPOCHS: usize = 12;

fn main() -> Result<(), Box<dyn Error>> {
    // Cargo adds --bench.
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let cells = words.first().map_or(Ok(4271), |word| word.parse())?;
    let wanted = |model: &str| words.get(1).is_none_or(|word| word == model);
    let simulated =
        simulate(&SimulateParams { cells, genes: 4000, types: 8, ..Default::default() })?;
    if wanted("jojoscl") {
        measure("jojoscl", JojoScl::params(8).epochs(EPOCHS), &simulated.counts)?;
    }
    if wanted("scsiameseclu") {
        let params = ScSiameseCluParams {
            n_clusters: 8,
            autoencoder_epochs: EPOCHS,
            graph_epochs: EPOCHS,
            joint_epochs: EPOCHS,
            epochs: EPOCHS,
            ..Default::default()
        };
        measure("scsiameseclu", params, &simulated.counts)?;
    }
    Ok(())
}

/// Fits once and prints what the epochs of each stage took.
fn measure<P>(model: &str, params: P, counts: &CountMatrix) -> Result<(), Box<dyn Error>>
where
    P: ModelParams,
    P::Model: ClusterModel,
{
    let device = DeviceChoice::Cpu.resolve()?.device;
    let mut stages: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    let mut before = ProcessTime::now();
    let mut watch = |record: &EpochRecord, _: usize| {
        let now = ProcessTime::now();
        stages
            .entry(record.stage.clone())
            .or_default()
            .push(now.duration_since(before).as_secs_f64());
        before = now;
        ControlFlow::Continue(())
    };
    let options = FitOptions { observer: Some(&mut watch), checkpoint: None };
    params.fit_with(counts, &device, options)?;
    for (stage, mut seconds) in stages {
        // The first epoch of the first stage has preprocessing in it.
        seconds.remove(0);
        seconds.sort_by(f64::total_cmp);
        let (min, median) = (seconds[0], seconds[seconds.len() / 2]);
        let id = format!("{model}/{stage}/{}", counts.n_obs());
        let figures = serde_json::json!({ "id": id, "min": min, "median": median });
        println!("{figures}");
    }
    Ok(())
}
