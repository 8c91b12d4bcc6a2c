//! JSON in regular files.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{ModelError, Result};

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
    let mut file = open(path)?.take(LONGEST);
    file.read_to_end(&mut text).map_err(|source| ModelError::Io { path: path.into(), source })?;
    serde_json::from_slice(&text)
        .map_err(|e| ModelError::Saved { path: path.into(), why: e.to_string() })
}

/// Refuses what is no regular file, such as a pipe, which would never end.
pub(super) fn open(path: &Path) -> Result<File> {
    let io = |source| ModelError::Io { path: path.into(), source };
    if !fs::metadata(path).map_err(io)?.is_file() {
        let why = "this is no regular file".into();
        return Err(ModelError::Saved { path: path.into(), why });
    }
    File::open(path).map_err(io)
}
