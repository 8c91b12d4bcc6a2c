//! A list of the files of a folder with their checksums, which says what Morula wrote there.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::Path;

use crc32fast::Hasher;
use serde::{Deserialize, Serialize};

use crate::{DataError, Result, atomic_dir, read_small};

/// The file that holds the list.
pub const CHECKSUMS: &str = "checksums.json";

/// Bytes read at once.
const CHUNK: usize = 1 << 16;

/// Fills a folder and adds the checksums of its files; replaces an older folder only when complete
/// ([`atomic_dir::replace`]). The older folder may hold nothing but files that its list names with
/// the content that they were written with: a file that was changed since is the user's.
///
/// # Errors
/// Those of [`atomic_dir::replace`] and of `fill`.
pub fn replace<E: From<DataError>>(
    target: &Path,
    fill: impl FnOnce(&Path) -> Result<(), E>,
) -> Result<(), E> {
    atomic_dir::replace(target, unchanged, |folder| {
        fill(folder)?;
        Ok(Checksums::write(folder)?)
    })
}

/// Checks, before any work, that [`replace`] may replace `target`.
///
/// # Errors
/// Those of [`replace`] that are about what is there.
pub fn check_replaceable(target: &Path) -> Result<()> {
    atomic_dir::check(target, unchanged)
}

/// The files of a folder that its list names and that are as they were written, the list last.
fn unchanged(folder: &Path) -> Vec<String> {
    let Ok(Some(list)) = Checksums::read(folder) else { return Vec::new() };
    let whole = list.names().filter(|name| list.check(folder, name).is_ok()).cloned();
    whole.chain([CHECKSUMS.to_string()]).collect()
}

/// CRC-32 of every file of a folder by name, and of this list itself. They guard against damage and
/// against files of another folder, not against forgery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checksums {
    files: BTreeMap<String, u32>,
    /// Of the names and checksums above.
    all: u32,
}

impl Checksums {
    /// Writes the checksums of the files of a folder into it.
    ///
    /// # Errors
    /// [`DataError::Io`] within [`DataError::File`].
    pub fn write(folder: &Path) -> Result<()> {
        let io = |source| DataError::io("list the folder")(source).in_file(folder);
        let mut files = BTreeMap::new();
        for entry in fs::read_dir(folder).map_err(io)? {
            let name = entry.map_err(io)?.file_name().to_string_lossy().into_owned();
            if name != CHECKSUMS {
                files.insert(name.clone(), of_file(&folder.join(name))?);
            }
        }
        let all = of_list(&files);
        let path = folder.join(CHECKSUMS);
        let text = serde_json::to_vec(&Self { files, all });
        let text = text.map_err(|e| DataError::unsupported(e.to_string()).in_file(&path))?;
        fs::write(&path, text).map_err(|e| DataError::io("write")(e).in_file(&path))
    }

    /// Reads the checksums of a folder; `None` where it has none.
    ///
    /// # Errors
    /// [`DataError::Unsupported`] within [`DataError::File`] when the list is damaged;
    /// [`DataError::Io`].
    pub fn read(folder: &Path) -> Result<Option<Self>> {
        let path = folder.join(CHECKSUMS);
        if fs::symlink_metadata(&path).is_err() {
            return Ok(None);
        }
        let text = read_small(&path).map_err(|e| e.in_file(&path))?;
        let list: Self = serde_json::from_slice(&text).map_err(|e| {
            let what = format!("this list of checksums is damaged, {e}");
            DataError::unsupported(what).in_file(&path)
        })?;
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
    /// [`DataError::Unsupported`] within [`DataError::File`] for a file that has changed or is not in
    /// the list; [`DataError::Io`] for one that cannot be read.
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

fn changed(path: &Path) -> DataError {
    let what = "its checksum is wrong: it has changed, or belongs to another folder";
    DataError::unsupported(what).in_file(path)
}

/// Refuses what is no regular file, such as a pipe, which would never end.
fn open(path: &Path) -> Result<File> {
    let io = |e| DataError::io("open")(e).in_file(path);
    if !fs::metadata(path).map_err(io)?.is_file() {
        return Err(DataError::unsupported("this is no regular file").in_file(path));
    }
    File::open(path).map_err(io)
}

fn of_file(path: &Path) -> Result<u32> {
    let io = |e| DataError::io("read")(e).in_file(path);
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

    #[test]
    fn only_files_as_they_were_written_are_replaced() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("report");
        let put = |text: &str| {
            replace(&target, |new| {
                fs::write(new.join("page.html"), text).map_err(DataError::io("write"))
            })
        };
        let text = || fs::read_to_string(target.join("page.html")).unwrap();
        put("one").unwrap();
        put("two").unwrap();
        assert_eq!(text(), "two");
        // The user's own words, of the same length or in a file of a name of ours.
        fs::write(target.join("page.html"), "own").unwrap();
        for error in [put("three"), check_replaceable(&target)] {
            let error = error.unwrap_err().to_string();
            assert!(error.contains("page.html") && error.contains("changed since"), "{error}");
        }
        assert_eq!(text(), "own");
        fs::remove_file(target.join(CHECKSUMS)).unwrap();
        assert!(put("three").is_err());
        assert_eq!((text().as_str(), fs::read_dir(home.path()).unwrap().count()), ("own", 1));
    }
}
