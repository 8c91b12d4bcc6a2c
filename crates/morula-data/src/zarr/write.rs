//! Writes stores: new ones, and copies with changes.

use super::encode::{attribute, group, json, node};
use super::files::{Files, within};
use super::metadata::Version;
use super::{ARRAY_V2, ATTRS_V2, CONSOLIDATED_V2, GROUP_V2, V3, damaged};
use crate::store::{Edit, Group, MAX_DEPTH};
use crate::{DataError, Result};
use serde_json::{Map, Value};
use std::fs;
use std::path::Path;

/// Writes a new store of version 3 into a folder that is there and empty.
pub(crate) fn create(folder: &Path, root: &Group<'_>) -> Result<()> {
    group(folder, root, Version::V3)
}

/// Checks that folders of these paths can be in a store.
pub(super) fn check_paths(paths: &[String]) -> Result<()> {
    let taken = [V3, ARRAY_V2, GROUP_V2, ATTRS_V2, CONSOLIDATED_V2];
    let bad = |name: &&str| {
        // Some systems take these for parts of a path.
        taken.contains(name) || name.contains(['\\', ':']) || name.starts_with("__")
    };
    match paths.iter().flat_map(|path| path.split('/')).find(bad) {
        None => Ok(()),
        Some(name) => Err(DataError::BadName {
            what: "a part",
            name: name.into(),
            why: "a folder of this name cannot be in a zarr store",
        }),
    }
}

/// Copies a store to `output`, a folder that is there and empty, and changes the copy.
///
/// Copies of the metadata in one file are left out, since they would describe the store as it was.
pub(super) fn copy_with(
    files: &Files,
    version: Version,
    output: &Path,
    edits: &[Edit<'_>],
) -> Result<()> {
    copy(files, "", output, 2 * MAX_DEPTH)?;
    for edit in edits {
        let (Edit::Delete(at) | Edit::Put(at, _) | Edit::Attr(at, ..)) = edit;
        let missing = || DataError::unsupported(format!("cannot write {at}"));
        let folder = within(output, at.trim_matches('/')).ok_or_else(missing)?;
        match edit {
            Edit::Delete(_) => fs::remove_dir_all(&folder).map_err(DataError::io("write"))?,
            Edit::Put(_, new) => node(&folder, new, version)?,
            Edit::Attr(_, name, value) => {
                let (path, version) = match version {
                    Version::V2 => (folder.join(ATTRS_V2), version),
                    Version::V3 => (folder.join(V3), version),
                };
                let mut content = object(&path)?;
                let attrs = match version {
                    Version::V2 => &mut content,
                    Version::V3 => {
                        let attrs =
                            content.entry("attributes").or_insert_with(|| Map::new().into());
                        attrs.as_object_mut().ok_or_else(missing)?
                    }
                };
                attrs.insert(name.to_string(), attribute(value));
                json(&path, &content.into())?;
            }
        }
    }
    Ok(())
}

/// The object in a file of metadata; an empty one where there is no file.
fn object(path: &Path) -> Result<Map<String, Value>> {
    match fs::read(path) {
        Ok(text) => serde_json::from_slice(&text).map_err(|e| damaged("metadata", e)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Map::new()),
        Err(error) => Err(DataError::io("read")(error)),
    }
}

/// Copies a folder of a store and all below it.
fn copy(files: &Files, at: &str, output: &Path, depth: usize) -> Result<()> {
    let path = |name: &str| if at.is_empty() { name.to_string() } else { format!("{at}/{name}") };
    let (folders, links) = files.folders(at)?;
    if let Some(link) = links.first() {
        let link = path(link);
        return Err(DataError::unsupported(format!(
            "{link} is a link to a folder, which a copy would lose; put the folder in its place"
        )));
    }
    for name in files.files(at)? {
        if name == CONSOLIDATED_V2 {
            continue;
        }
        let target = output.join(&name);
        files.copy(&path(&name), &target)?;
        if name == V3 {
            let mut content = object(&target)?;
            if content.remove("consolidated_metadata").is_some() {
                json(&target, &content.into())?;
            }
        }
    }
    let Some(depth) = depth.checked_sub(1) else {
        return Err(DataError::damaged(format!("{at} nests too deeply")));
    };
    for name in folders {
        let below = output.join(&name);
        fs::create_dir(&below).map_err(DataError::io("write"))?;
        copy(files, &path(&name), &below, depth)?;
    }
    Ok(())
}
