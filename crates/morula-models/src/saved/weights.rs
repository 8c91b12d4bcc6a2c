//! Parameters of modules in files, which hold numbers only and no code.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use burn::module::Module;
use burn::optim::ModuleOptimizer;
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

/// Reads the state of an optimizer into a fresh one. Burn panics on a record whose tensors have lost
/// their parameters; that is an error here.
pub(crate) fn load_optimizer(optimizer: ModuleOptimizer, path: &Path) -> Result<ModuleOptimizer> {
    let fail = |why: String| ModelError::Saved { path: path.into(), why };
    match catch_unwind(AssertUnwindSafe(|| optimizer.load(path))) {
        Ok(loaded) => loaded.map_err(|e| fail(e.to_string())),
        Err(_) => Err(fail("it is no record of an optimizer".into())),
    }
}

/// Refuses layers, inputs and outputs of each, that the file of their weights cannot hold, before
/// memory is taken for them.
pub(crate) fn check_sizes(path: &Path, layers: impl IntoIterator<Item = [usize; 2]>) -> Result<()> {
    let io = |source| ModelError::Io { path: path.into(), source };
    let bytes = std::fs::metadata(path).map_err(io)?.len() as f64;
    let weights: f64 = layers.into_iter().map(|[a, b]| a as f64 * b as f64).sum();
    // Four bytes a weight, and a header.
    match weights * 4.0 <= bytes {
        true => Ok(()),
        false => Err(ModelError::Saved {
            path: path.into(),
            why: format!("it has {bytes} bytes, too few for {weights} weights"),
        }),
    }
}

/// Inputs and outputs of the layers that lead from each width to the next.
pub(crate) fn layers(widths: &[usize]) -> impl Iterator<Item = [usize; 2]> {
    widths.windows(2).map(|pair| [pair[0], pair[1]])
}

fn write<M: Module>(module: &M, mut store: impl ModuleStore, path: &Path) -> Result<()> {
    module.save_into(&mut store).map_err(|e| not_written(path, e))
}

/// The error of a file that could not be written.
pub(crate) fn not_written(path: &Path, why: impl std::fmt::Display) -> ModelError {
    ModelError::Io { path: path.into(), source: std::io::Error::other(why.to_string()) }
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
