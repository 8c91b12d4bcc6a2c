//! Folders written completely or not at all.

use std::fs;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::{ModelError, Result};

/// Ends of the names that folders have while they are not complete, and while they are replaced.
const NEW: &str = ".morula-new";
const OLD: &str = ".morula-old";

/// Fills a fresh folder next to `target` and then puts it in `target`'s place. An interruption at
/// any moment leaves the old folder or the new one, never a mixture, and beside it at most two
/// hidden folders, which the next call removes.
pub(crate) fn replace(target: &Path, fill: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let io = |path: &Path| {
        let path = path.to_path_buf();
        move |source| ModelError::Io { path, source }
    };
    let (fresh, backup) = (sibling(target, NEW), sibling(target, OLD));
    remove(&fresh).map_err(io(&fresh))?;
    fs::create_dir_all(&fresh).map_err(io(&fresh))?;
    if let Err(error) = fill(&fresh) {
        let _ = remove(&fresh);
        return Err(error);
    }
    sync(&fresh).map_err(io(&fresh))?;
    // Without `target` the backup is all there is, and stays until the last rename.
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
        return Err(io(target)(error));
    }
    // What is left of it does no harm: it is read only where `target` is missing.
    let _ = remove(&backup);
    Ok(())
}

/// The folder to read: `target`, or its backup if a [`replace`] was cut off between its renames.
pub(crate) fn existing(target: &Path) -> Option<PathBuf> {
    [target.to_path_buf(), sibling(target, OLD)].into_iter().find(|p| p.is_dir())
}

/// Sees the files of a folder on the disk before a rename is: the other way round, a power cut could
/// leave the new name with half of them.
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

/// Writes a value as JSON.
pub(crate) fn write_json(path: &Path, value: &impl Serialize) -> Result<()> {
    let damaged =
        |e: serde_json::Error| ModelError::Saved { path: path.into(), why: e.to_string() };
    let text = serde_json::to_vec(value).map_err(damaged)?;
    fs::write(path, text).map_err(|source| ModelError::Io { path: path.into(), source })
}

/// Reads a value from JSON.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let text = fs::read(path).map_err(|source| ModelError::Io { path: path.into(), source })?;
    serde_json::from_slice(&text)
        .map_err(|e| ModelError::Saved { path: path.into(), why: e.to_string() })
}

/// What every `model.json` begins with.
#[derive(Deserialize)]
struct Head {
    format: u32,
    model: String,
    version: String,
}

/// Reads the manifest of a saved model, which must be of the given kind and format.
pub(crate) fn read_manifest<T: DeserializeOwned>(
    path: &Path,
    model: &str,
    format: u32,
) -> Result<T> {
    let head: Head = read_json(path)?;
    if head.format != format || head.model != model {
        let why = format!(
            "it holds {} in format {}, but {model} in format {format} is needed; \
             use the version of Morula that wrote it ({})",
            head.model, head.format, head.version
        );
        return Err(ModelError::Saved { path: path.into(), why });
    }
    read_json(path)
}

/// Name of the model that a folder holds.
pub(crate) fn model_name(target: &Path) -> Result<String> {
    let home = existing(target).unwrap_or_else(|| target.into());
    Ok(read_json::<Head>(&home.join("model.json"))?.model)
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

    #[test]
    fn a_failed_fill_leaves_the_old_folder() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("model");
        replace(&target, |f| write_json(&f.join("a.json"), &1)).unwrap();
        let failed = replace(&target, |_| {
            Err(ModelError::Saved { path: "x".into(), why: "on purpose".into() })
        });
        assert!(failed.is_err());
        assert_eq!(read_json::<i32>(&target.join("a.json")).unwrap(), 1);
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_second_fill_replaces_the_first() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("model");
        replace(&target, |f| write_json(&f.join("a.json"), &1)).unwrap();
        replace(&target, |f| write_json(&f.join("b.json"), &2)).unwrap();
        assert!(!target.join("a.json").exists());
        assert_eq!(read_json::<i32>(&target.join("b.json")).unwrap(), 2);
    }

    #[test]
    fn a_cut_at_any_step_is_survived() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("model");
        let (new, old) = (sibling(&target, NEW), sibling(&target, OLD));
        let write = |folder: &Path, value: i32| {
            fs::create_dir_all(folder).unwrap();
            write_json(&folder.join("a.json"), &value).unwrap();
        };
        let seen = || read_json::<i32>(&existing(&target).unwrap().join("a.json")).ok();
        // While filling; between the renames; after them, before the backup is removed.
        write(&target, 1);
        fs::create_dir(&new).unwrap();
        fs::write(new.join("a.json"), "[half").unwrap();
        assert_eq!(seen(), Some(1));
        fs::rename(&target, &old).unwrap();
        write(&new, 2);
        assert_eq!(seen(), Some(1));
        replace(&target, |folder| write_json(&folder.join("b.json"), &3)).unwrap();
        assert!(!target.join("a.json").exists(), "a leftover is not taken up");
        write(&old, 4);
        fs::remove_file(old.join("a.json")).unwrap();
        replace(&target, |folder| write_json(&folder.join("a.json"), &5)).unwrap();
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
            replace(&target, |folder| write_json(&folder.join("a.json"), &value)).unwrap();
        }
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 4);
    }
}
