//! The state of training on disk.

use std::path::Path;

use burn::tensor::Device;
use morula_core::graph::Graph;
use serde::{Deserialize, Serialize};

use super::train::Training;
use crate::origin::damaged;
use crate::{ClusterModel, Matrix, ModelError, Result, ScSiameseCluModel, folder, weights};

/// What goes into `state.json`; weights and optimizer are beside it.
#[derive(Serialize, Deserialize)]
struct State {
    kept: Vec<(usize, usize)>,
    columns: Vec<f64>,
    plan: Option<Matrix>,
}

/// Writes the state to `target/scsiameseclu`, replacing an older one only when complete.
pub(super) fn save(target: &Path, training: &Training<'_>) -> Result<()> {
    folder::replace(&target.join(ScSiameseCluModel::NAME), |folder| {
        weights::save_in_training(&training.network, &folder.join("network.bpk"))?;
        let path = folder.join("optimizer.bin");
        let saved = training.optimizer.save(&path);
        saved.map_err(|e| ModelError::Saved { path, why: e.to_string() })?;
        let plan = match &training.plan {
            Some(plan) => Some(Matrix::read(plan.clone(), "the transport plan")?),
            None => None,
        };
        let kept = training.kept.edges().collect();
        let state = State { kept, columns: training.columns.clone(), plan };
        training.trainer.origin.write(folder, &training.history, &state)
    })
}

/// Reads the state over a fresh one; the fresh one itself when there is no checkpoint.
pub(super) fn load<'a>(
    target: &Path,
    mut training: Training<'a>,
    device: &Device,
) -> Result<Training<'a>> {
    let target = target.join(ScSiameseCluModel::NAME);
    let Some(home) = folder::existing(&target) else { return Ok(training) };
    let trainer = training.trainer;
    let (history, state) = trainer.origin.read::<State>(&home, trainer.schedule.total())?;
    let (n_cells, k) = (trainer.cells.len(), state.columns.len());
    // A number that was to be found is known once there is a plan.
    let asked = trainer.params.aim().given().unwrap_or(k);
    let planned = match &state.plan {
        None => k == 0,
        Some(plan) => k > 0 && k == asked && plan.is_of(n_cells, k),
    };
    if !planned {
        return Err(damaged(&home, "its transport plan is not that of these cells"));
    }
    training.kept = Graph::from_edges(n_cells, state.kept).map_err(|e| damaged(&home, e))?;
    training.columns = state.columns;
    training.plan = state.plan.map(|plan| plan.to_tensor(device));
    training.history = history;
    if k > 0 {
        training.network = training.network.with_clusters(k)?;
    }
    weights::load_in_training(&mut training.network, &home.join("network.bpk"))?;
    let path = home.join("optimizer.bin");
    let loaded = training.optimizer.load(&path);
    training.optimizer = loaded.map_err(|e| ModelError::Saved { path, why: e.to_string() })?;
    Ok(training)
}
