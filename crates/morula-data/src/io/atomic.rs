//! Files that appear complete or not at all.

use crate::{DataError, Result};
use std::path::Path;

/// Lets `write` fill a temporary file beside `path`, then renames it to `path`.
pub(super) fn replace(path: &Path, write: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    if path.is_dir() {
        let what = "this is a folder; give the name of a file to write";
        return Err(DataError::unsupported(what));
    }
    let mut builder = tempfile::Builder::new();
    builder.prefix(".morula-").suffix(".h5ad.tmp");
    // Like any new file, and not the private one a temporary is by default.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let action = "write into the output folder (it must exist and be writable)";
    let temporary = builder.tempfile_in(folder).map_err(DataError::io(action))?;
    let temporary = temporary.into_temp_path();
    write(&temporary)?;
    temporary.persist(path).map_err(|e| DataError::io("rename the finished file")(e.error))
}
