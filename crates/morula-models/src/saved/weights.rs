//! Parameters of modules in files, which hold numbers only and no code.

use std::path::Path;

use burn::module::Module;
use burn::store::{BurnpackStore, ModuleSnapshot, ModuleStore, SafetensorsStore};

use crate::{ModelError, Result};

/// Writes a module's parameters, running statistics included, as safetensors.
pub(crate) fn save<M: Module>(module: &M, path: &Path) -> Result<()> {
    write(module, SafetensorsStore::from_file(path).overwrite(true), path)
}

/// Reads parameters into a module of the same architecture.
pub(crate) fn load<M: Module>(module: &mut M, path: &Path) -> Result<()> {
    read(module, SafetensorsStore::from_file(path), path)
}

/// [`save`] in Burn's own format, which keeps the identity of every parameter. The state of an
/// optimizer refers to identities, not to names.
pub(crate) fn save_in_training<M: Module>(module: &M, path: &Path) -> Result<()> {
    write(module, BurnpackStore::from_file(path).overwrite(true), path)
}

/// Reads what [`save_in_training`] wrote, identities included.
pub(crate) fn load_in_training<M: Module>(module: &mut M, path: &Path) -> Result<()> {
    read(module, BurnpackStore::from_file(path), path)
}

fn write<M: Module>(module: &M, mut store: impl ModuleStore, path: &Path) -> Result<()> {
    module
        .save_into(&mut store)
        .map_err(|e| ModelError::Saved { path: path.into(), why: e.to_string() })
}

fn read<M: Module>(module: &mut M, mut store: impl ModuleStore, path: &Path) -> Result<()> {
    let fail = |why: String| ModelError::Saved { path: path.into(), why };
    if !path.is_file() {
        return Err(fail("the file is missing".into()));
    }
    let result = module.load_from(&mut store).map_err(|e| fail(e.to_string()))?;
    if !result.is_success() || !result.missing.is_empty() {
        return Err(fail(format!("{result}")));
    }
    Ok(())
}
