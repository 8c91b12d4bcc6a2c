//! A folder that appears complete or not at all.

use std::fs;
use std::io;
use std::path::{Path, PathBuf, absolute};

use crate::figures::NAMES;
use crate::{ReportError, Result};

/// The page's file.
pub(crate) const PAGE: &str = "report.html";

pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> ReportError {
    let path = path.to_path_buf();
    move |source| ReportError::Io { action, path, source }
}

/// Whether a report may be written there: into a folder that is not there yet, is empty, or holds
/// nothing but a report.
///
/// # Errors
/// [`ReportError::Occupied`]; [`ReportError::Io`] when the folder cannot be read.
pub fn check_folder(folder: &Path) -> Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(io("read the folder", folder))?,
    };
    for entry in entries {
        let entry = entry.map_err(io("read the folder", folder))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !is_ours(&name) || entry.path().is_dir() {
            return Err(ReportError::Occupied { folder: folder.into(), found: name });
        }
    }
    Ok(())
}

fn is_ours(name: &str) -> bool {
    let figure = name.strip_suffix(".png").or(name.strip_suffix(".svg"));
    name == PAGE || figure.is_some_and(|figure| NAMES.contains(&figure))
}

/// Lets `write` fill a new folder, which then takes the place of `folder`.
pub(crate) fn replace(folder: &Path, write: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    check_folder(folder)?;
    let folder = absolute(folder).map_err(io("find", folder))?;
    let home = folder.parent().unwrap_or(&folder).to_path_buf();
    fs::create_dir_all(&home).map_err(io("make the folder", &home))?;
    // Dropped with all that is left in it, the old report included. Its name is always the same, so
    // that what a killed run has left is found, and goes first.
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let name = format!(".{name}.morula-report");
    let _ = fs::remove_dir_all(home.join(&name));
    let beside = tempfile::Builder::new().prefix(&name).rand_bytes(0).tempdir_in(&home);
    let beside = beside.map_err(io("write into", &home))?;
    let (new, old): (PathBuf, PathBuf) = (beside.path().join("new"), beside.path().join("old"));
    fs::create_dir(&new).map_err(io("make the folder", &new))?;
    write(&new)?;
    let replaces = folder.exists();
    if replaces {
        fs::rename(&folder, &old).map_err(io("replace", &folder))?;
    }
    fs::rename(&new, &folder).map_err(|error| {
        if replaces {
            let _ = fs::rename(&old, &folder);
        }
        io("write", &folder)(error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(folder: &Path) -> Result<()> {
        fs::write(folder.join(PAGE), "new").map_err(io("write", folder))
    }

    #[test]
    fn a_report_is_replaced_and_nothing_else_is() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("a/report");
        replace(&folder, fill).unwrap();
        fs::write(folder.join(PAGE), "old").unwrap();
        fs::write(folder.join("umap_batch.svg"), "old").unwrap();
        replace(&folder, fill).unwrap();
        assert_eq!(fs::read_to_string(folder.join(PAGE)).unwrap(), "new");
        assert!(!folder.join("umap_batch.svg").exists());

        let failed = replace(&folder, |_| Err(ReportError::NoCells));
        assert!(matches!(failed, Err(ReportError::NoCells)));
        assert_eq!(fs::read_to_string(folder.join(PAGE)).unwrap(), "new");

        fs::write(folder.join("thesis.txt"), "").unwrap();
        let refused = replace(&folder, fill).unwrap_err().to_string();
        assert!(refused.contains("thesis.txt"), "{refused}");
        assert!(check_folder(&folder.join(PAGE)).is_err());
        // What a killed run has left.
        fs::create_dir_all(home.path().join("a/.report.morula-report/new")).unwrap();
        fs::remove_file(folder.join("thesis.txt")).unwrap();
        replace(&folder, fill).unwrap();
        let left: Vec<_> = fs::read_dir(home.path().join("a")).unwrap().collect();
        assert_eq!(left.len(), 1);
    }
}
