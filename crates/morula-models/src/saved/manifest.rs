//! The manifest of a saved model, `model.json`.

use std::path::Path;

use morula_data::atomic_dir;
use morula_data::checksums::Checksums;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::folder::{Folder, unusable};
use super::json::read_json;
use crate::{ModelError, Result};

/// The description of a saved model.
pub(crate) const MODEL: &str = "model.json";

/// The keys of every `model.json`.
#[derive(Serialize, Deserialize)]
pub(crate) struct Header {
    format: u32,
    model: String,
    version: String,
}

impl Header {
    /// Of a model that this version writes in that format.
    pub fn new(model: &str, format: u32) -> Self {
        Self { format, model: model.into(), version: env!("CARGO_PKG_VERSION").into() }
    }
}

/// The error of a manifest whose parts are out of range or do not fit each other.
pub(crate) fn refused(folder: &Folder, why: impl ToString) -> ModelError {
    ModelError::Saved { path: folder.home.join(MODEL), why: why.to_string() }
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
    if let Some(list) = Checksums::read(&home).map_err(unusable)? {
        list.check(&home, MODEL).map_err(unusable)?;
    }
    Ok(read_json::<Header>(&home.join(MODEL))?.model)
}
