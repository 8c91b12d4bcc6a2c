//! Checkpoints of JojoSCL.

use std::path::Path;

use burn::tensor::{Device, Int, Tensor};
use serde::{Deserialize, Serialize};

use super::NAME;
use super::state::State;
use crate::Result;
use crate::device::read;
use crate::saved::{RunIdentity, damaged, folder, open_checkpoint, weights};

/// The weights of the key encoder.
const KEY: &str = "key.safetensors";

/// The part of the state in `state.json`; weights and optimizer have their own files.
#[derive(Serialize, Deserialize)]
struct Stored {
    memberships: Option<Vec<u32>>,
}

/// Writes the state to `target/jojoscl`. An older checkpoint is replaced only when the new one is
/// complete.
pub(super) fn save(target: &Path, state: &State, identity: &RunIdentity) -> Result<()> {
    folder::write(&target.join(NAME), |folder| {
        weights::save_in_training(&state.network, &folder.join("network.bpk"))?;
        if let Some(key) = &state.key {
            weights::save(key, &folder.join(KEY))?;
        }
        let path = folder.join("optimizer.bin");
        let saved = state.optimizer.save(&path);
        saved.map_err(|e| weights::not_written(&path, e))?;
        let memberships = match &state.memberships {
            Some(labels) => Some(read(labels.clone().float(), "the memberships")?),
            None => None,
        };
        let memberships = memberships.map(|m| m.into_iter().map(|k| k as u32).collect());
        identity.write(folder, &state.history, &Stored { memberships })
    })
}

/// Reads the state of a checkpoint into a fresh one. Without a checkpoint, it returns the fresh
/// one. The sizes are epochs, cells and clusters.
pub(super) fn load(
    target: &Path,
    mut state: State,
    identity: &RunIdentity,
    [epochs, n_cells, k]: [usize; 3],
    device: &Device,
) -> Result<State> {
    let Some(folder) = open_checkpoint(&target.join(NAME))? else { return Ok(state) };
    let home = &folder.home;
    let (history, Stored { memberships }) = identity.read(&folder, epochs)?;
    if memberships
        .as_ref()
        .is_some_and(|m| m.len() != n_cells || m.iter().any(|&m| m as usize >= k))
    {
        return Err(damaged(home, "its memberships do not fit these cells"));
    }
    weights::load_in_training(&mut state.network, &folder.file("network.bpk")?)?;
    if let Some(key) = &mut state.key {
        weights::load(key, &folder.file(KEY)?)?;
    }
    state.optimizer = weights::load_optimizer(state.optimizer, &folder.file("optimizer.bin")?)?;
    state.memberships = memberships.map(|labels| {
        let labels: Vec<i32> = labels.into_iter().map(|k| k as i32).collect();
        Tensor::<1, Int>::from_ints(labels.as_slice(), device)
    });
    state.history = history;
    Ok(state)
}
