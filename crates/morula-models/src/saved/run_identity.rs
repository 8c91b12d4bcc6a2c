//! The run that a checkpoint belongs to, and the checksums of its files.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Fingerprint;
use super::manifest::{read_json, write_json};
use crate::{EpochRecord, ModelError, Result};

/// Version of the checkpoints written.
const FORMAT: u32 = 1;

/// The manifest of a checkpoint; its other files are in the same folder.
const STATE: &str = "state.json";

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
    /// Checksums of the other files.
    files: BTreeMap<String, u32>,
    history: Vec<EpochRecord>,
    state: T,
}

/// The files of a checkpoint in a folder, `state.json` last: all that
/// [`morula_data::atomic_dir::replace`] may remove there. None where `state.json` does not list them.
pub(crate) fn files(home: &Path) -> Vec<String> {
    let path = home.join(STATE);
    let regular = fs::symlink_metadata(&path).is_ok_and(|found| found.is_file());
    match regular.then(|| read_json::<Manifest<serde::de::IgnoredAny>>(&path)) {
        Some(Ok(manifest)) => manifest.files.into_keys().chain([STATE.to_string()]).collect(),
        _ => Vec::new(),
    }
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

    /// Writes `state.json` into a folder that already holds all other files.
    pub fn write(
        &self,
        home: &Path,
        history: &[EpochRecord],
        state: &impl Serialize,
    ) -> Result<()> {
        let io = |source| ModelError::Io { path: home.into(), source };
        let mut files = BTreeMap::new();
        for entry in fs::read_dir(home).map_err(io)? {
            let name = entry.map_err(io)?.file_name().to_string_lossy().into_owned();
            files.insert(name.clone(), checksum(&home.join(name))?);
        }
        let (origin, history) = (self.clone(), history.to_vec());
        write_json(&home.join(STATE), &Manifest { origin, files, history, state })
    }

    /// Reads `state.json` of a checkpoint of this run, with at most `epochs` epochs. The checksums
    /// of the other files are verified first.
    pub fn read<T: DeserializeOwned>(
        &self,
        home: &Path,
        epochs: usize,
    ) -> Result<(Vec<EpochRecord>, T)> {
        #[derive(Deserialize)]
        struct Known {
            origin: Option<Value>,
        }
        let path = home.join(STATE);
        let Some(then) = read_json::<Known>(&path)?.origin else {
            let why = "an older version of Morula wrote it and did not record its data";
            return Err(ModelError::OtherRun { path, differs: why.into() });
        };
        let then: Self = serde_json::from_value(then).map_err(|e| damaged(&path, e))?;
        if let Some(differs) = self.difference(&then) {
            return Err(ModelError::OtherRun { path, differs });
        }
        let manifest: Manifest<T> = read_json(&path)?;
        for (name, &expected) in &manifest.files {
            // A file name only: files outside the folder are never read.
            let file = home.join(Path::new(name).file_name().unwrap_or_default());
            if checksum(&file)? != expected {
                return Err(damaged(&file, "its checksum is wrong"));
            }
        }
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

/// The error for a state that this run cannot have written.
pub(crate) fn damaged(path: &Path, what: impl std::fmt::Display) -> ModelError {
    let why = format!("{what}; remove the checkpoint, or continue without resume");
    ModelError::Saved { path: path.into(), why }
}

fn checksum(path: &Path) -> Result<u32> {
    let bytes = fs::read(path).map_err(|source| ModelError::Io { path: path.into(), source })?;
    Ok(crc32fast::hash(&bytes))
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
