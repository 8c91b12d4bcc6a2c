//! The run that a checkpoint belongs to.

use std::path::Path;

use morula_data::atomic_dir;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Fingerprint;
use super::folder::Folder;
use super::json::{read_json, write_json};
use crate::{EpochRecord, ModelError, Result};

/// Version of the checkpoints written.
const FORMAT: u32 = 3;

/// The manifest of a checkpoint; its other files are in the same folder.
pub(super) const STATE: &str = "state.json";

/// Identifies a run by its program, data and parameters.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct RunIdentity {
    format: u32,
    model: String,
    version: String,
    data: Fingerprint,
    /// As plain values, so that an error can name a parameter of another version.
    params: Map<String, Value>,
}

/// `state.json`, with the state of a model.
#[derive(Serialize, Deserialize)]
struct Manifest<T> {
    origin: RunIdentity,
    history: Vec<EpochRecord>,
    state: T,
}

impl RunIdentity {
    /// The run that fits a model to data with these parameters.
    pub fn new(model: &str, data: Fingerprint, params: &impl Serialize) -> Self {
        let params = match serde_json::to_value(params) {
            Ok(Value::Object(params)) => params,
            _ => Map::new(),
        };
        let version = env!("CARGO_PKG_VERSION").into();
        Self { format: FORMAT, model: model.into(), version, data, params }
    }

    /// Writes `state.json` into the folder of a checkpoint.
    pub fn write(
        &self,
        home: &Path,
        history: &[EpochRecord],
        state: &impl Serialize,
    ) -> Result<()> {
        let (origin, history) = (self.clone(), history.to_vec());
        write_json(&home.join(STATE), &Manifest { origin, history, state })
    }

    /// Reads `state.json` of a checkpoint of this run, with at most `epochs` epochs.
    pub fn read<T: DeserializeOwned>(
        &self,
        folder: &Folder,
        epochs: usize,
    ) -> Result<(Vec<EpochRecord>, T)> {
        #[derive(Deserialize)]
        struct Known {
            origin: Option<Value>,
        }
        let path = folder.file(STATE)?;
        let Some(then) = read_json::<Known>(&path)?.origin else {
            let why = "an older version of Morula wrote it and did not record its data";
            return Err(ModelError::OtherRun { path, differs: why.into() });
        };
        let then: Self = serde_json::from_value(then).map_err(|e| damaged(&path, e))?;
        if let Some(differs) = self.difference(&then) {
            return Err(ModelError::OtherRun { path, differs });
        }
        folder.require_checksums()?;
        let manifest: Manifest<T> = read_json(&path)?;
        let counted = manifest.history.iter().zip(1..).all(|(record, n)| record.epoch == n);
        if !counted || manifest.history.len() > epochs {
            return Err(damaged(&path, "its epochs are not numbered as in this run"));
        }
        Ok((manifest.history, manifest.state))
    }

    /// The difference between the run of the checkpoint and this one.
    fn difference(&self, then: &Self) -> Option<String> {
        if (then.format, &then.model) != (self.format, &self.model) {
            let Self { format, model, version, .. } = then;
            return Some(format!("it holds {model} in format {format}, of Morula {version}"));
        }
        // Parameters first: those of preprocessing change the checksums of the same data.
        let changed = differences("", &then.params, &self.params);
        if !changed.is_empty() {
            return Some(format!("it was written with other parameters: {}", changed.join("; ")));
        }
        let data = then.data.difference(&self.data)?;
        Some(format!("it is of other data: {data}"))
    }
}

/// The folder of a checkpoint, its checksums checked; none where there is no checkpoint.
///
/// # Errors
/// [`ModelError::Saved`] naming the file that has changed.
pub(crate) fn open_checkpoint(target: &Path) -> Result<Option<Folder>> {
    if atomic_dir::existing(target).is_none() {
        return Ok(None);
    }
    Folder::open(target).map(Some).map_err(|error| match error {
        ModelError::Saved { path, why } => damaged(&path, why),
        other => other,
    })
}

/// The error for a state that this run cannot have written.
pub(crate) fn damaged(path: &Path, what: impl std::fmt::Display) -> ModelError {
    let why = format!("{what}; remove the checkpoint, or continue without resume");
    ModelError::Saved { path: path.into(), why }
}

/// Parameters that differ, with both values. Parameters in a table are named by their path.
fn differences(within: &str, then: &Map<String, Value>, now: &Map<String, Value>) -> Vec<String> {
    let mut names: Vec<&String> = then.keys().chain(now.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let text = |value: Option<&Value>| value.map_or("not there".into(), Value::to_string);
    let mut found = Vec::new();
    for name in names {
        let path = format!("{within}{name}");
        match (then.get(name), now.get(name)) {
            (Some(Value::Object(then)), Some(Value::Object(now))) => {
                found.extend(differences(&format!("{path}."), then, now));
            }
            (then, now) if then != now => {
                found.push(format!("{path} = {} then, {} now", text(then), text(now)));
            }
            _ => {}
        }
    }
    found
}
