//! The folder of a saved model or checkpoint: its parts, with their checksums.

use std::path::{Path, PathBuf};

use morula_data::checksums::{CHECKSUMS, Checksums};
use morula_data::{DataError, atomic_dir};

use super::run_identity::STATE;
use crate::{ModelError, Result};

/// Fills a folder and adds the checksums of its files; replaces an older folder only when complete.
/// Only files in the older folder's list of checksums are ever removed.
pub(crate) fn write(target: &Path, fill: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    atomic_dir::replace(target, written, |folder| {
        fill(folder)?;
        Ok(Checksums::write(folder)?)
    })
}

/// Checks that a model or checkpoint may replace what is at `target`: nothing, an empty folder, or
/// an older model or checkpoint with no other file in it. A program calls it before a long fit;
/// saving calls it again.
///
/// # Errors
/// [`ModelError::Data`] naming the first file that Morula did not write; [`ModelError::Saved`]
/// where the list of checksums of a checkpoint is damaged or missing.
pub fn check_replaceable(target: &Path) -> Result<()> {
    let home = atomic_dir::existing(target).unwrap_or_else(|| target.into());
    let lost = match Checksums::read(&home) {
        Ok(None) if home.join(STATE).is_file() => Some("the file is missing".to_string()),
        Err(error) => Some(error.cause().to_string()),
        Ok(_) => None,
    };
    if let Some(why) = lost {
        let why = format!(
            "{why}; nothing else shows which files of the folder Morula wrote, so nothing is read or \
             replaced: restore the file, remove the folder, or give another one"
        );
        return Err(ModelError::Saved { path: home.join(CHECKSUMS), why });
    }
    Ok(atomic_dir::check(target, written)?)
}

/// The files of a folder that its list of checksums names, the list last.
fn written(folder: &Path) -> Vec<String> {
    match Checksums::read(folder) {
        Ok(Some(list)) => list.names().cloned().chain([CHECKSUMS.to_string()]).collect(),
        _ => Vec::new(),
    }
}

/// The error of a folder whose list of checksums is damaged or does not fit its files.
pub(super) fn unusable(error: DataError) -> ModelError {
    match error {
        DataError::File { path, source } => match *source {
            DataError::Io { source, .. } => ModelError::Io { path, source },
            other => ModelError::Saved { path, why: other.to_string() },
        },
        other => other.into(),
    }
}

/// A folder whose files are those that were written.
pub(crate) struct Folder {
    pub home: PathBuf,
    list: Option<Checksums>,
}

impl Folder {
    /// The folder at `target`, or its backup, with the checksums of its files checked. A folder of
    /// a version without checksums passes; its description says which one.
    ///
    /// # Errors
    /// [`ModelError::Saved`] naming the file that has changed; [`ModelError::Io`].
    pub fn open(target: &Path) -> Result<Self> {
        let home = atomic_dir::existing(target).unwrap_or_else(|| target.into());
        let list = Checksums::read(&home).map_err(unusable)?;
        if let Some(list) = &list {
            list.check_all(&home).map_err(unusable)?;
        }
        Ok(Self { home, list })
    }

    /// A file of the folder, which must be one of those that were checked.
    ///
    /// # Errors
    /// [`ModelError::Saved`] for a file that is not in the list.
    pub fn file(&self, name: &str) -> Result<PathBuf> {
        let path = self.home.join(name);
        match self.list.as_ref().is_none_or(|list| list.has(name)) {
            true => Ok(path),
            false => {
                Err(ModelError::Saved { path, why: format!("it is not listed in {CHECKSUMS}") })
            }
        }
    }

    /// To be called when the description of the folder is of this version, which writes checksums.
    ///
    /// # Errors
    /// [`ModelError::Saved`] where the checksums are missing.
    pub fn require_checksums(&self) -> Result<()> {
        match self.list {
            Some(_) => Ok(()),
            None => Err(ModelError::Saved {
                path: self.home.join(CHECKSUMS),
                why: "the file is missing, so nothing shows that the others are whole".into(),
            }),
        }
    }
}
