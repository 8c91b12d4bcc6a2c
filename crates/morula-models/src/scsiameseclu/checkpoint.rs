//! The state of training on disk.

use std::path::Path;

use burn::tensor::Device;
use morula_core::graph::Graph;
use serde::{Deserialize, Serialize};

use super::ScSiameseCluParams;
use super::train::Training;
use crate::{EpochRecord, Matrix, ModelError, Result, folder, weights};

/// `state.json`; weights and optimizer are beside it.
#[derive(Serialize, Deserialize)]
struct Manifest {
    params: ScSiameseCluParams,
    n_cells: usize,
    kept: Vec<(usize, usize)>,
    columns: Vec<f64>,
    plan: Option<Matrix>,
    history: Vec<EpochRecord>,
}

/// Writes the state to `target/scsiameseclu`, replacing an older one only when complete.
pub(super) fn save(target: &Path, training: &Training<'_>) -> Result<()> {
    folder::replace(&target.join("scsiameseclu"), |folder| {
        weights::save_in_training(&training.network, &folder.join("network.bpk"))?;
        let path = folder.join("optimizer.bin");
        let saved = training.optimizer.save(&path);
        saved.map_err(|e| ModelError::Saved { path, why: e.to_string() })?;
        let plan = match &training.plan {
            Some(plan) => Some(Matrix::read(plan.clone(), "the transport plan")?),
            None => None,
        };
        let manifest = Manifest {
            params: training.trainer.params.clone(),
            n_cells: training.trainer.cells.len(),
            kept: training.kept.edges().collect(),
            columns: training.columns.clone(),
            plan,
            history: training.history.clone(),
        };
        folder::write_json(&folder.join("state.json"), &manifest)
    })
}

/// Reads the state over a fresh one; the fresh one itself when there is no checkpoint.
pub(super) fn load<'a>(
    target: &Path,
    mut training: Training<'a>,
    device: &Device,
) -> Result<Training<'a>> {
    let Some(home) = folder::existing(&target.join("scsiameseclu")) else { return Ok(training) };
    let path = home.join("state.json");
    let manifest: Manifest = folder::read_json(&path)?;
    let n_cells = training.trainer.cells.len();
    let same = manifest.params == *training.trainer.params && manifest.n_cells == n_cells;
    let k = manifest.columns.len();
    let planned = |plan: &Matrix| (plan.n_rows(), plan.n_cols()) == (n_cells, k);
    let whole = manifest.plan.as_ref().is_none_or(planned);
    if !same || !whole {
        let why = "it was written with other parameters or other cells; use the same ones, or \
                   another folder";
        return Err(ModelError::Saved { path, why: why.into() });
    }
    if k > 0 {
        training.network = training.network.with_clusters(k)?;
    }
    weights::load_in_training(&mut training.network, &home.join("network.bpk"))?;
    training.kept = Graph::from_edges(n_cells, manifest.kept)?;
    training.columns = manifest.columns;
    training.plan = manifest.plan.map(|plan| plan.to_tensor(device));
    training.history = manifest.history;
    let path = home.join("optimizer.bin");
    let loaded = training.optimizer.load(&path);
    training.optimizer = loaded.map_err(|e| ModelError::Saved { path, why: e.to_string() })?;
    Ok(training)
}
