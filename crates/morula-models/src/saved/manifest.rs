//! The manifest of a saved model, `model.json`.

use std::fs;
use std::io::Read;
use std::path::Path;

use morula_data::atomic_dir;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::checksums::{self, Checksums};
use super::folder::Folder;
use crate::{ModelError, Result};

/// The description of a saved model.
pub(crate) const MODEL: &str = "model.json";

/// Bytes of a description at most: far more than any model or checkpoint needs.
const LONGEST: u64 = 1 << 30;

/// Writes a value as JSON.
pub(crate) fn write_json(path: &Path, value: &impl Serialize) -> Result<()> {
    let damaged =
        |e: serde_json::Error| ModelError::Saved { path: path.into(), why: e.to_string() };
    let text = serde_json::to_vec(value).map_err(damaged)?;
    fs::write(path, text).map_err(|source| ModelError::Io { path: path.into(), source })
}

/// Reads a value from JSON in a regular file.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let mut text = Vec::new();
    let mut file = checksums::open(path)?.take(LONGEST);
    file.read_to_end(&mut text).map_err(|source| ModelError::Io { path: path.into(), source })?;
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
    folder: &Folder,
    model: &str,
    format: u32,
) -> Result<T> {
    let path = folder.file(MODEL)?;
    let header: Header = read_json(&path)?;
    if header.format != format || header.model != model {
        let why = format!(
            "it holds {} in format {}, but {model} in format {format} is needed; \
             use the version of Morula that wrote it ({})",
            header.model, header.format, header.version
        );
        return Err(ModelError::Saved { path, why });
    }
    folder.require_checksums()?;
    read_json(&path)
}

/// Name of the model in a folder.
pub(crate) fn model_name(target: &Path) -> Result<String> {
    let home = atomic_dir::existing(target).unwrap_or_else(|| target.into());
    if let Some(list) = Checksums::read(&home)? {
        list.check(&home, MODEL)?;
    }
    Ok(read_json::<Header>(&home.join(MODEL))?.model)
}
