//! Files that appear complete or not at all.

use crate::DataError;
use std::fs::{self, File};
use std::path::Path;

/// Lets `write` fill a temporary file beside `path`, then renames it to `path`. An interruption
/// leaves the old file or the new one. Temporary files for `path` that a killed run has left are
/// removed first.
///
/// # Errors
/// That of `write`; [`DataError::Unsupported`] where `path` is a folder; [`DataError::Io`] when the
/// file cannot be written or renamed.
pub fn replace<E: From<DataError>>(
    path: &Path,
    write: impl FnOnce(&Path) -> Result<(), E>,
) -> Result<(), E> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    if path.is_dir() {
        let what = "this is a folder; give the name of a file to write";
        return Err(DataError::unsupported(what).into());
    }
    let prefix = prefix(path);
    remove_leftovers(folder, &prefix);
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix).suffix(SUFFIX);
    // Like any new file, and not the private one a temporary is by default.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let action = "write into the output folder (it must exist and be writable)";
    let temporary = builder.tempfile_in(folder).map_err(DataError::io(action))?;
    write(temporary.path())?;
    // Flushed before the rename: a power cut could leave half a file under the name otherwise.
    temporary.as_file().sync_all().map_err(DataError::io("flush the finished file"))?;
    temporary.persist(path).map_err(|e| DataError::io("rename the finished file")(e.error))?;
    Ok(())
}

const SUFFIX: &str = ".tmp";

/// Start of the names of temporary files for `path`: hidden, and no longer than names may be.
fn prefix(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name: String = name.chars().take(40).collect();
    format!(".{name}.morula-")
}

/// Removes files that no living process writes: writers of HDF5 lock their file. Errors are
/// ignored, since nothing depends on it.
fn remove_leftovers(folder: &Path, prefix: &str) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let ours = name.starts_with(prefix) && name.ends_with(SUFFIX);
        if ours && File::open(entry.path()).is_ok_and(|file| file.try_lock().is_ok()) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leftovers_go_and_files_being_written_stay() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("out.h5ad");
        let names = [".out.h5ad.morula-dead.tmp", ".out.h5ad.morula-alive.tmp", ".other.tmp"];
        names.iter().for_each(|name| fs::write(home.path().join(name), "half").unwrap());
        let alive = File::open(home.path().join(names[1])).unwrap();
        alive.try_lock().unwrap();
        let write =
            |temporary: &Path| fs::write(temporary, "whole").map_err(DataError::io("write"));
        replace(&path, write).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "whole");
        let there = names.map(|name| home.path().join(name).exists());
        assert_eq!(there, [false, true, true]);
    }

    #[test]
    fn a_failed_write_leaves_what_was_there() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join(format!("{}.h5ad", "\u{e9}".repeat(120)));
        fs::write(&path, "old").unwrap();
        let failed = replace(&path, |temporary| {
            fs::write(temporary, "half").unwrap();
            Err(DataError::unsupported("on purpose"))
        });
        assert!(failed.is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
    }
}
