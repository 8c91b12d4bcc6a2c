//! Whether a file or folder can be written, and files that appear complete or not at all.

use std::fs;
use std::path::{Path, absolute};

use anyhow::{Context, Result, bail};
use morula::data::{atomic_file, checksums};
use morula::models::check_replaceable;

use crate::failure::usage;
use crate::places::{folder_of, target};

/// Refuses a file that cannot be written. The check leaves nothing behind.
pub fn check_file(path: &Path) -> Result<()> {
    let file = target(path);
    if file.is_dir() {
        return Err(usage(format!("{}: this is a folder; give a file to write", path.display())));
    }
    if file.is_symlink() {
        let path = path.display();
        return Err(usage(format!("{path}: this link leads in a circle; give a file to write")));
    }
    if file.exists() && !file.is_file() {
        return Err(usage(format!(
            "{}: this is a device, a pipe or a socket, no regular file; give a file to write",
            path.display()
        )));
    }
    if fs::metadata(&file).is_ok_and(|found| found.permissions().readonly()) {
        return Err(usage(format!(
            "{}: this file is write-protected; give another name, or allow writing",
            path.display()
        )));
    }
    let folder = folder_of(&file);
    if !folder.is_dir() {
        bail!("{}: the folder {} does not exist; make it first", path.display(), folder.display());
    }
    check_writable(folder).with_context(|| format!("cannot write {}", path.display()))
}

/// Refuses a folder that cannot be made or written in.
pub fn check_folder(path: &Path) -> Result<()> {
    let path = absolute(path).with_context(|| path.display().to_string())?;
    let there = path.ancestors().find(|p| p.exists()).unwrap_or(Path::new("/"));
    if !there.is_dir() {
        bail!("{}: {} is a file, not a folder", path.display(), there.display());
    }
    check_writable(there).with_context(|| format!("cannot write into {}", path.display()))
}

/// Refuses a folder for a model or checkpoint that holds anything else: writing replaces it.
pub fn check_model_folder(folder: &Path) -> Result<()> {
    check_replaceable(folder).map_err(|error| usage(error.to_string()))
}

/// Refuses a folder that holds anything but what Morula wrote there, as its list of checksums says.
pub fn check_listed_folder(folder: &Path) -> Result<()> {
    check_folder(folder)?;
    checksums::check_replaceable(folder).map_err(|error| usage(error.to_string()))
}

/// Writes a file, which appears complete or not at all.
pub fn write_file(path: &Path, content: &[u8]) -> Result<()> {
    let write = |temporary: &Path| -> Result<()> { Ok(fs::write(temporary, content)?) };
    atomic_file::replace(path, write).with_context(|| format!("cannot write {}", path.display()))
}

fn check_writable(folder: &Path) -> Result<()> {
    let probe = tempfile::Builder::new().prefix(".morula-").tempfile_in(folder);
    probe.map(drop).with_context(|| format!("the folder {} is not writable", folder.display()))
}
