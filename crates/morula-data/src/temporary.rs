//! Folders in which a run writes what it later renames.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::atomic_file::parent;

/// A hidden folder beside a target, of a name that no other run can have. Its drop removes it.
///
/// The folder is locked while it lives, so that no other run takes it for a leftover. The lock is
/// on the folder, because writers of HDF5 lock their file themselves.
pub(crate) struct TempFolder {
    path: PathBuf,
    _lock: Option<File>,
    kept: bool,
}

impl TempFolder {
    /// Makes a folder for `target`, after the folders that killed runs have left for it are
    /// removed. With `shared`, it has the permissions of the umask, else it is private.
    pub fn beside(target: &Path, end: &str, shared: bool) -> io::Result<Self> {
        let (folder, prefix) = (parent(target), prefix(target));
        remove_leftovers(folder, &prefix, end);
        loop {
            let mut builder = tempfile::Builder::new();
            builder.prefix(&prefix).suffix(end).rand_bytes(12);
            #[cfg(unix)]
            if shared {
                builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o777));
            }
            let path = builder.tempdir_in(folder)?.keep();
            // Where locks do not exist, nothing is removed either.
            let lock = File::open(&path).ok().filter(lock);
            // Between its creation and the lock, another run could have taken it for a leftover.
            if path.exists() {
                return Ok(Self { path, _lock: lock, kept: false });
            }
            let _ = shared;
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Leaves the folder where it is, for a rename.
    pub fn keep(mut self) -> PathBuf {
        self.kept = true;
        self.path.clone()
    }
}

impl Drop for TempFolder {
    fn drop(&mut self) {
        if !self.kept {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// Locks a folder for this run; false where another run has it or there are no locks.
fn lock(folder: &File) -> bool {
    cfg!(unix) && folder.try_lock().is_ok()
}

/// Start of the names of folders for `target`: hidden, and no longer than names may be.
fn prefix(target: &Path) -> String {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let name: String = name.chars().take(40).collect();
    format!(".{name}.morula-")
}

/// Removes folders that no living run has locked. Errors are ignored, since nothing depends on it.
fn remove_leftovers(folder: &Path, prefix: &str, end: &str) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let ours = name.starts_with(prefix) && name.ends_with(end);
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if ours && is_folder && File::open(entry.path()).is_ok_and(|folder| lock(&folder)) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
