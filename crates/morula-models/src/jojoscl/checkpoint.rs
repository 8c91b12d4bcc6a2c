//! The state of training on disk.

use std::path::Path;

use burn::tensor::{Device, Int, Tensor};
use serde::{Deserialize, Serialize};

use super::JojoSclParams;
use super::train::Training;
use crate::{EpochRecord, ModelError, Result, folder, read, weights};

/// `state.json`; weights and optimizer are beside it.
#[derive(Serialize, Deserialize)]
struct Manifest {
    params: JojoSclParams,
    memberships: Option<Vec<u32>>,
    history: Vec<EpochRecord>,
}

/// Writes the state to `target/jojoscl`, replacing an older one only when complete.
pub(super) fn save(target: &Path, state: &Training<'_>) -> Result<()> {
    folder::replace(&target.join("jojoscl"), |folder| {
        weights::save_in_training(&state.network, &folder.join("network.bpk"))?;
        weights::save(&state.key, &folder.join("key.safetensors"))?;
        let path = folder.join("optimizer.bin");
        state.optimizer.save(&path).map_err(|e| ModelError::Saved { path, why: e.to_string() })?;
        let memberships = match &state.memberships {
            Some(labels) => Some(read(labels.clone().float(), "the memberships")?),
            None => None,
        };
        let manifest = Manifest {
            params: state.trainer.params.clone(),
            memberships: memberships.map(|m| m.into_iter().map(|k| k as u32).collect()),
            history: state.history.clone(),
        };
        folder::write_json(&folder.join("state.json"), &manifest)
    })
}

/// Reads the state over a fresh one; the fresh one itself when there is no checkpoint.
pub(super) fn load<'a>(
    target: &Path,
    mut state: Training<'a>,
    device: &Device,
) -> Result<Training<'a>> {
    let Some(home) = folder::existing(&target.join("jojoscl")) else { return Ok(state) };
    let path = home.join("state.json");
    let manifest: Manifest = folder::read_json(&path)?;
    if manifest.params != *state.trainer.params {
        let why = "it was written with other parameters; use the same ones, or another folder";
        return Err(ModelError::Saved { path, why: why.into() });
    }
    weights::load_in_training(&mut state.network, &home.join("network.bpk"))?;
    weights::load(&mut state.key, &home.join("key.safetensors"))?;
    let path = home.join("optimizer.bin");
    state.optimizer =
        state.optimizer.load(&path).map_err(|e| ModelError::Saved { path, why: e.to_string() })?;
    state.memberships = manifest.memberships.map(|labels| {
        let labels: Vec<i32> = labels.into_iter().map(|k| k as i32).collect();
        Tensor::<1, Int>::from_ints(labels.as_slice(), device)
    });
    state.history = manifest.history;
    Ok(state)
}
