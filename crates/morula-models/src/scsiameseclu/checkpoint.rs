//! Checkpoints of scSiameseClu.

use std::path::Path;

use burn::tensor::Device;
use morula_core::graph::Graph;
use morula_data::DenseMatrix;
use serde::{Deserialize, Serialize};

use super::NAME;
use super::state::State;
use crate::device::{read_matrix, upload};
use crate::saved::{RunIdentity, damaged, folder, open_checkpoint, weights};
use crate::{NClusters, Result};

/// The part of the state in `state.json`; weights and optimizer have their own files.
#[derive(Serialize, Deserialize)]
struct Stored {
    kept: Vec<(usize, usize)>,
    columns: Vec<f64>,
    plan: Option<StoredPlan>,
}

/// The transport plan, whose size is checked against the cells when it is read.
#[derive(Serialize, Deserialize)]
struct StoredPlan {
    values: Vec<f32>,
    n_cols: usize,
}

/// Writes the state to `target/scsiameseclu`. An older checkpoint is replaced only when the new one
/// is complete.
pub(super) fn save(target: &Path, state: &State, identity: &RunIdentity) -> Result<()> {
    folder::write(&target.join(NAME), |folder| {
        weights::save_in_training(&state.network, &folder.join("network.bpk"))?;
        let path = folder.join("optimizer.bin");
        let saved = state.optimizer.save(&path);
        saved.map_err(|e| weights::not_written(&path, e))?;
        let plan = match &state.plan {
            Some(plan) => Some(read_matrix(plan.clone(), "the transport plan")?),
            None => None,
        };
        let plan =
            plan.map(|plan| StoredPlan { n_cols: plan.n_cols(), values: plan.into_values() });
        let kept = state.kept.edges().collect();
        let stored = Stored { kept, columns: state.columns.clone(), plan };
        identity.write(folder, &state.history, &stored)
    })
}

/// Reads the state of a checkpoint into a fresh one. Without a checkpoint, it returns the fresh
/// one. The sizes are epochs and cells; `asked` is the number of clusters in training.
pub(super) fn load(
    target: &Path,
    mut state: State,
    identity: &RunIdentity,
    [epochs, n_cells]: [usize; 2],
    asked: NClusters,
    device: &Device,
) -> Result<State> {
    let Some(folder) = open_checkpoint(&target.join(NAME))? else { return Ok(state) };
    let home = &folder.home;
    let (history, stored) = identity.read::<Stored>(&folder, epochs)?;
    let k = stored.columns.len();
    // The plan shows the number of clusters when it was detected.
    let asked = asked.given().unwrap_or(k);
    let other = || damaged(home, "its transport plan is not that of these cells");
    let plan = match stored.plan {
        None if k == 0 => None,
        Some(plan) if k > 0 && k == asked && plan.n_cols == k => {
            Some(DenseMatrix::new(n_cells, k, plan.values).map_err(|_| other())?)
        }
        _ => return Err(other()),
    };
    state.kept = Graph::from_edges(n_cells, stored.kept).map_err(|e| damaged(home, e))?;
    state.columns = stored.columns;
    state.plan = plan.map(|plan| upload(&plan, device));
    state.history = history;
    if k > 0 {
        state.network = state.network.with_clusters(k)?;
    }
    weights::load_in_training(&mut state.network, &folder.file("network.bpk")?)?;
    state.optimizer = weights::load_optimizer(state.optimizer, &folder.file("optimizer.bin")?)?;
    Ok(state)
}
