//! Checksums of the files of a saved model or checkpoint.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;

use crc32fast::Hasher;
use serde::{Deserialize, Serialize};

use super::json::{open, read_json, write_json};
use crate::{ModelError, Result};

/// The file that holds them.
pub(crate) const CHECKSUMS: &str = "checksums.json";

/// Bytes read at once.
const CHUNK: usize = 1 << 16;

/// CRC-32 of every file of a folder by name, and of this list itself. They guard against damage and
/// against files of another folder, not against forgery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Checksums {
    files: BTreeMap<String, u32>,
    /// Of the names and checksums above.
    all: u32,
}

impl Checksums {
    /// Writes the checksums of the files of a folder into it.
    pub fn write(folder: &Path) -> Result<()> {
        let io = |source| ModelError::Io { path: folder.into(), source };
        let mut files = BTreeMap::new();
        for entry in fs::read_dir(folder).map_err(io)? {
            let name = entry.map_err(io)?.file_name().to_string_lossy().into_owned();
            if name != CHECKSUMS {
                files.insert(name.clone(), of_file(&folder.join(name))?);
            }
        }
        let all = of_list(&files);
        write_json(&folder.join(CHECKSUMS), &Self { files, all })
    }

    /// Reads the checksums of a folder; `None` from a version that wrote none.
    ///
    /// # Errors
    /// [`ModelError::Saved`] when the list is damaged; [`ModelError::Io`].
    pub fn read(folder: &Path) -> Result<Option<Self>> {
        let path = folder.join(CHECKSUMS);
        if fs::symlink_metadata(&path).is_err() {
            return Ok(None);
        }
        let list: Self = read_json(&path)?;
        match list.all == of_list(&list.files) {
            true => Ok(Some(list)),
            false => Err(changed(&path)),
        }
    }

    /// The files of the list.
    pub fn names(&self) -> impl Iterator<Item = &String> {
        self.files.keys()
    }

    /// Whether a file of that name is listed.
    pub fn has(&self, name: &str) -> bool {
        self.files.contains_key(name)
    }

    /// Checks one file of the folder.
    ///
    /// # Errors
    /// [`ModelError::Saved`] for a file that has changed or is not in the list;
    /// [`ModelError::Io`] for one that cannot be read.
    pub fn check(&self, folder: &Path, name: &str) -> Result<()> {
        // A name only: nothing outside the folder is looked at.
        let path = folder.join(Path::new(name).file_name().unwrap_or_default());
        match self.files.get(name) {
            Some(&expected) if expected == of_file(&path)? => Ok(()),
            _ => Err(changed(&path)),
        }
    }

    /// Checks every file of the list.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub fn check_all(&self, folder: &Path) -> Result<()> {
        self.files.keys().try_for_each(|name| self.check(folder, name))
    }
}

fn changed(path: &Path) -> ModelError {
    let why = "its checksum is wrong: it has changed, or belongs to another folder".into();
    ModelError::Saved { path: path.into(), why }
}

fn of_file(path: &Path) -> Result<u32> {
    let io = |source| ModelError::Io { path: path.into(), source };
    let mut file = BufReader::with_capacity(CHUNK, open(path)?);
    let mut hasher = Hasher::new();
    loop {
        let bytes = file.fill_buf().map_err(io)?;
        if bytes.is_empty() {
            return Ok(hasher.finalize());
        }
        hasher.update(bytes);
        let read = bytes.len();
        file.consume(read);
    }
}

fn of_list(files: &BTreeMap<String, u32>) -> u32 {
    let mut hasher = Hasher::new();
    for (name, checksum) in files {
        hasher.update(name.as_bytes());
        // Never a byte of UTF-8, so names do not run into checksums.
        hasher.update(&[0xff]);
        hasher.update(&checksum.to_le_bytes());
    }
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a"), [7; 3 * CHUNK + 5]).unwrap();
        fs::write(folder.path().join("b"), "text").unwrap();
        Checksums::write(folder.path()).unwrap();
        folder
    }

    fn check(folder: &Path) -> Result<()> {
        Checksums::read(folder)?.expect("a list").check_all(folder)
    }

    #[test]
    fn any_bit_of_any_file_counts() {
        let folder = folder();
        check(folder.path()).unwrap();
        for name in ["a", "b", CHECKSUMS] {
            let path = folder.path().join(name);
            let whole = fs::read(&path).unwrap();
            for bit in 0..8 * whole.len().min(120) {
                let mut flipped = whole.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                fs::write(&path, &flipped).unwrap();
                let error = check(folder.path()).expect_err("damage is refused").to_string();
                assert!(error.contains(path.to_str().unwrap()), "{error}");
            }
            fs::write(&path, whole).unwrap();
        }
        check(folder.path()).unwrap();
    }

    #[test]
    fn lists_of_other_files_and_none() {
        let folder = folder();
        fs::write(folder.path().join("notes of the user"), "mine").unwrap();
        check(folder.path()).unwrap();
        let list = Checksums::read(folder.path()).unwrap().unwrap();
        assert!(list.check(folder.path(), "notes of the user").is_err());
        assert!(list.check(folder.path(), "../b").is_err());
        fs::remove_file(folder.path().join("a")).unwrap();
        assert!(check(folder.path()).is_err());
        let empty = tempfile::tempdir().unwrap();
        assert_eq!(Checksums::read(empty.path()).unwrap(), None);
    }
}
