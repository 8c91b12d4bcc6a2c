//! The state of training on disk.

use std::path::Path;

use burn::tensor::{Device, Int, Tensor};
use serde::{Deserialize, Serialize};

use super::train::Training;
use crate::origin::damaged;
use crate::{ClusterModel, JojoSclModel, ModelError, Result, folder, read, weights};

/// What goes into `state.json`; weights and optimizer are beside it.
#[derive(Serialize, Deserialize)]
struct State {
    memberships: Option<Vec<u32>>,
}

/// Writes the state to `target/jojoscl`, replacing an older one only when complete.
pub(super) fn save(target: &Path, training: &Training<'_>) -> Result<()> {
    folder::replace(&target.join(JojoSclModel::NAME), |folder| {
        weights::save_in_training(&training.network, &folder.join("network.bpk"))?;
        weights::save(&training.key, &folder.join("key.safetensors"))?;
        let path = folder.join("optimizer.bin");
        let saved = training.optimizer.save(&path);
        saved.map_err(|e| ModelError::Saved { path, why: e.to_string() })?;
        let memberships = match &training.memberships {
            Some(labels) => Some(read(labels.clone().float(), "the memberships")?),
            None => None,
        };
        let memberships = memberships.map(|m| m.into_iter().map(|k| k as u32).collect());
        training.trainer.origin.write(folder, &training.history, &State { memberships })
    })
}

/// Reads the state over a fresh one; the fresh one itself when there is no checkpoint.
pub(super) fn load<'a>(
    target: &Path,
    mut training: Training<'a>,
    device: &Device,
) -> Result<Training<'a>> {
    let target = target.join(JojoSclModel::NAME);
    let Some(home) = folder::existing(&target) else { return Ok(training) };
    let trainer = training.trainer;
    let (history, State { memberships }) = trainer.origin.read(&home, trainer.params.epochs)?;
    let (n_cells, k) = (trainer.x.dims()[0], trainer.n_clusters);
    if memberships
        .as_ref()
        .is_some_and(|m| m.len() != n_cells || m.iter().any(|&m| m as usize >= k))
    {
        return Err(damaged(&home, "its memberships are not those of these cells"));
    }
    weights::load_in_training(&mut training.network, &home.join("network.bpk"))?;
    weights::load(&mut training.key, &home.join("key.safetensors"))?;
    let path = home.join("optimizer.bin");
    let loaded = training.optimizer.load(&path);
    training.optimizer = loaded.map_err(|e| ModelError::Saved { path, why: e.to_string() })?;
    training.memberships = memberships.map(|labels| {
        let labels: Vec<i32> = labels.into_iter().map(|k| k as i32).collect();
        Tensor::<1, Int>::from_ints(labels.as_slice(), device)
    });
    training.history = history;
    Ok(training)
}
