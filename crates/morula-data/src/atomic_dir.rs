//! Folders that appear complete or not at all.

use std::fs;
use std::path::{Path, PathBuf, absolute};

use crate::DataError;

/// Ends of the names of a folder that is not complete, and of one that is being replaced.
const NEW: &str = ".morula-new";
const OLD: &str = ".morula-old";

/// Fills a fresh folder next to `target` and then puts it in `target`'s place. An interruption at
/// any moment leaves the old folder or the new one, never a mixture, and beside it at most two
/// hidden folders, which the next call removes.
///
/// # Errors
/// That of `fill`; [`DataError::Io`] within [`DataError::File`] when a folder cannot be made,
/// renamed or removed.
pub fn replace<E: From<DataError>>(
    target: &Path,
    fill: impl FnOnce(&Path) -> Result<(), E>,
) -> Result<(), E> {
    let io = |path: &Path| {
        let path = path.to_path_buf();
        move |source| DataError::io("replace the folder")(source).in_file(&path)
    };
    let target = &absolute(target).map_err(io(target))?;
    let (fresh, backup) = (sibling(target, NEW), sibling(target, OLD));
    remove(&fresh).map_err(io(&fresh))?;
    fs::create_dir_all(&fresh).map_err(io(&fresh))?;
    if let Err(error) = fill(&fresh) {
        let _ = remove(&fresh);
        return Err(error);
    }
    sync(&fresh).map_err(io(&fresh))?;
    // The backup stays until the last rename: without `target` it is the only copy.
    let replaced = target.exists();
    if replaced {
        remove(&backup).map_err(io(&backup))?;
        fs::rename(target, &backup).map_err(io(target))?;
    }
    if let Err(error) = fs::rename(&fresh, target) {
        if replaced {
            let _ = fs::rename(&backup, target);
        }
        let _ = remove(&fresh);
        return Err(io(target)(error).into());
    }
    // A remainder does no harm: the backup is read only where `target` is missing.
    let _ = remove(&backup);
    Ok(())
}

/// The folder to read: `target`, or its backup if a [`replace`] was cut off between its renames.
pub fn existing(target: &Path) -> Option<PathBuf> {
    [target.to_path_buf(), sibling(target, OLD)].into_iter().find(|p| p.is_dir())
}

/// Flushes the files of a folder to the disk before a rename: a power cut could leave the new name
/// with half of them otherwise.
fn sync(folder: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_file() {
            fs::OpenOptions::new().write(true).open(path)?.sync_all()?;
        }
    }
    Ok(())
}

fn remove(folder: &Path) -> std::io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

/// `.name.suffix` beside `target`: hidden, and never a folder of the user's.
fn sibling(target: &Path, suffix: &str) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(suffix);
    target.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path, value: i32) -> Result<(), DataError> {
        fs::write(path, value.to_string()).map_err(DataError::io("write"))
    }

    fn read(path: &Path) -> Option<i32> {
        fs::read_to_string(path).ok()?.parse().ok()
    }

    #[test]
    fn a_failed_fill_leaves_the_old_folder() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("model");
        replace(&target, |f| write(&f.join("a.json"), 1)).unwrap();
        let failed = replace(&target, |_| Err(DataError::unsupported("on purpose")));
        assert!(failed.is_err());
        assert_eq!(read(&target.join("a.json")), Some(1));
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_second_fill_replaces_the_first() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("model");
        replace(&target, |f| write(&f.join("a.json"), 1)).unwrap();
        replace(&target, |f| write(&f.join("b.json"), 2)).unwrap();
        assert!(!target.join("a.json").exists());
        assert_eq!(read(&target.join("b.json")), Some(2));
    }

    #[test]
    fn a_cut_at_any_step_is_survived() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("model");
        let (new, old) = (sibling(&target, NEW), sibling(&target, OLD));
        let fill = |folder: &Path, value: i32| {
            fs::create_dir_all(folder).unwrap();
            write(&folder.join("a.json"), value).unwrap();
        };
        let seen = || read(&existing(&target).unwrap().join("a.json"));
        // While filling; between the renames; after them, before the backup is removed.
        fill(&target, 1);
        fs::create_dir(&new).unwrap();
        fs::write(new.join("a.json"), "[half").unwrap();
        assert_eq!(seen(), Some(1));
        fs::rename(&target, &old).unwrap();
        fill(&new, 2);
        assert_eq!(seen(), Some(1));
        replace(&target, |folder| write(&folder.join("b.json"), 3)).unwrap();
        assert!(!target.join("a.json").exists(), "a leftover is not taken up");
        fill(&old, 4);
        fs::remove_file(old.join("a.json")).unwrap();
        replace(&target, |folder| write(&folder.join("a.json"), 5)).unwrap();
        assert_eq!(seen(), Some(5));
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
    }

    #[test]
    fn folders_of_the_user_are_left_alone() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("model");
        for name in ["model.old", "model.new", ".old"] {
            fs::create_dir(home.path().join(name)).unwrap();
        }
        for value in 0..3 {
            replace(&target, |folder| write(&folder.join("a.json"), value)).unwrap();
        }
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 4);
    }
}
