//! The manifest of a saved model, `model.json`.

use std::fs;
use std::path::Path;

use morula_data::atomic_dir;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::{ModelError, Result};

/// Writes a value as JSON.
pub(crate) fn write_json(path: &Path, value: &impl Serialize) -> Result<()> {
    let damaged =
        |e: serde_json::Error| ModelError::Saved { path: path.into(), why: e.to_string() };
    let text = serde_json::to_vec(value).map_err(damaged)?;
    fs::write(path, text).map_err(|source| ModelError::Io { path: path.into(), source })
}

/// Reads a value from JSON.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let text = fs::read(path).map_err(|source| ModelError::Io { path: path.into(), source })?;
    serde_json::from_slice(&text)
        .map_err(|e| ModelError::Saved { path: path.into(), why: e.to_string() })
}

/// The keys of every `model.json`.
#[derive(Deserialize)]
struct Header {
    format: u32,
    model: String,
    version: String,
}

/// Reads the manifest of a saved model, which must be of the given kind and format.
pub(crate) fn read_manifest<T: DeserializeOwned>(
    path: &Path,
    model: &str,
    format: u32,
) -> Result<T> {
    let header: Header = read_json(path)?;
    if header.format != format || header.model != model {
        let why = format!(
            "it holds {} in format {}, but {model} in format {format} is needed; \
             use the version of Morula that wrote it ({})",
            header.model, header.format, header.version
        );
        return Err(ModelError::Saved { path: path.into(), why });
    }
    read_json(path)
}

/// The files of a saved model in a folder, `model.json` last: all that [`atomic_dir::replace`] may
/// remove there. None where `model.json` is not of a model of ours.
pub(crate) fn files(folder: &Path) -> Vec<String> {
    let path = folder.join("model.json");
    let regular = fs::symlink_metadata(&path).is_ok_and(|found| found.is_file());
    if !regular || read_json::<Header>(&path).is_err() {
        return Vec::new();
    }
    FILES.iter().map(ToString::to_string).collect()
}

/// Files that models write, the manifest last.
const FILES: [&str; 5] = [
    "encoder.safetensors",
    "network.safetensors",
    "reference.safetensors",
    "voters.safetensors",
    "model.json",
];

/// Name of the model in a folder.
pub(crate) fn model_name(target: &Path) -> Result<String> {
    let home = atomic_dir::existing(target).unwrap_or_else(|| target.into());
    Ok(read_json::<Header>(&home.join("model.json"))?.model)
}
