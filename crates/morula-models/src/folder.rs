//! Folders written completely or not at all.

use std::fs;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::{ModelError, Result};

/// Fills a fresh folder next to `target` and then puts it in `target`'s place. An interruption
/// leaves either the old folder or the new one, never a mixture.
pub(crate) fn replace(target: &Path, fill: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let io = |path: &Path| {
        let path = path.to_path_buf();
        move |source| ModelError::Io { path, source }
    };
    let parent = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    fs::create_dir_all(parent).map_err(io(parent))?;
    let fresh =
        tempfile::Builder::new().prefix(".morula-").tempdir_in(parent).map_err(io(parent))?;
    fill(fresh.path())?;
    let backup = sibling(target, ".old");
    let replaced = target.exists();
    if replaced {
        let _ = fs::remove_dir_all(&backup);
        fs::rename(target, &backup).map_err(io(target))?;
    }
    let fresh = fresh.keep();
    if let Err(error) = fs::rename(&fresh, target) {
        if replaced {
            let _ = fs::rename(&backup, target);
        }
        let _ = fs::remove_dir_all(&fresh);
        return Err(io(target)(error));
    }
    let _ = fs::remove_dir_all(&backup);
    Ok(())
}

/// The folder to read: `target`, or its backup if a [`replace`] was cut off between its renames.
pub(crate) fn existing(target: &Path) -> Option<PathBuf> {
    [target.to_path_buf(), sibling(target, ".old")].into_iter().find(|p| p.is_dir())
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

fn sibling(target: &Path, suffix: &str) -> PathBuf {
    let mut name = target.file_name().unwrap_or_default().to_os_string();
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
    fn a_cut_between_the_renames_is_survived() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("model");
        fs::create_dir(home.path().join("model.old")).unwrap();
        assert_eq!(existing(&target), Some(home.path().join("model.old")));
    }
}
