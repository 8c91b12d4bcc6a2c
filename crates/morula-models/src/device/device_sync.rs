//! Tests that training reads from the device once per epoch, for its losses, whatever the number of
//! steps, and that the embedding is read once after training. A lint (clippy.toml) denies all other
//! reads in this crate and in morula-core.

use std::ops::ControlFlow;

use morula_preprocess::{SimulateParams, simulate};

use super::{READS, UPLOADS};
use crate::{
    ClusterMethod, DeviceChoice, EpochRecord, FitOptions, JojoScl, JojoSclParams, ModelParams,
    ScSiameseClu, ScSiameseCluParams,
};

const CELLS: usize = 128;

/// Reads in every epoch except those of `refreshed`; reads and uploads after the last epoch.
fn reads(params: impl ModelParams, refreshed: &[usize]) -> (Vec<usize>, [usize; 2]) {
    let simulated = SimulateParams { cells: CELLS, genes: 200, types: 2, ..Default::default() };
    let counts = simulate(&simulated).unwrap().counts;
    let mut found = Vec::new();
    let mut before = READS.get();
    let mut uploads = 0;
    let mut watch = |record: &EpochRecord, _: usize| {
        if !refreshed.contains(&record.epoch) {
            found.push(READS.get() - before);
        }
        (before, uploads) = (READS.get(), UPLOADS.get());
        ControlFlow::Continue(())
    };
    let options = FitOptions { observer: Some(&mut watch), checkpoint: None };
    params.fit_with(&counts, &DeviceChoice::Cpu.resolve().unwrap().device, options).unwrap();
    (found, [READS.get() - before, UPLOADS.get() - uploads])
}

#[test]
fn jojoscl_waits_once_per_epoch() {
    for (params, batch_size) in [
        (JojoScl::params(2).shrinkage_weight(1.0).shrinkage_warmup(0.0), CELLS),
        (JojoSclParams::published(2).cluster_method(ClusterMethod::Communities), CELLS),
        (JojoSclParams::published(2).cluster_method(ClusterMethod::Communities), CELLS / 4),
    ] {
        let params = params.epochs(4).widths(vec![8, 4]).batch_size(batch_size);
        // Memberships are refreshed at the start, when the shrinkage enters.
        let (epochs, after) = reads(params.refresh_every(5), &[1]);
        assert_eq!(epochs, [1, 1, 1]);
        // The embedding, those of two halves; b and the centres of the clusters.
        assert_eq!(after, [5, 1]);
    }
}

#[test]
fn scsiameseclu_waits_once_per_epoch() {
    for max_nodes in [CELLS, CELLS / 4] {
        let params = ScSiameseCluParams {
            autoencoder_epochs: 2,
            graph_epochs: 2,
            joint_epochs: 2,
            epochs: 2,
            max_nodes,
            ..ScSiameseClu::params(2)
        };
        // The graph is refreshed in the first epochs of the joint and the main stage.
        let (epochs, after) = reads(params, &[1, 5, 7]);
        assert_eq!(epochs, [1, 1, 1, 1, 1]);
        // The embedding, and the components of the reference cells.
        assert_eq!(after, [2, 0]);
    }
}
