//! Parameters of modules in safetensors files: numbers only, nothing that runs when loaded.

use std::path::Path;

use burn::module::Module;
use burn::store::{ModuleSnapshot, SafetensorsStore};

use crate::{ModelError, Result};

/// Writes a module's parameters, running statistics included.
pub(crate) fn save<M: Module>(module: &M, path: &Path) -> Result<()> {
    let mut store = SafetensorsStore::from_file(path).overwrite(true);
    module
        .save_into(&mut store)
        .map_err(|e| ModelError::Saved { path: path.into(), why: e.to_string() })
}

/// Reads parameters into a module of the same architecture.
pub(crate) fn load<M: Module>(module: &mut M, path: &Path) -> Result<()> {
    let fail = |why: String| ModelError::Saved { path: path.into(), why };
    if !path.is_file() {
        return Err(fail("the file is missing".into()));
    }
    let mut store = SafetensorsStore::from_file(path);
    let result = module.load_from(&mut store).map_err(|e| fail(e.to_string()))?;
    if !result.is_success() || !result.missing.is_empty() {
        return Err(fail(format!("{result}")));
    }
    Ok(())
}
