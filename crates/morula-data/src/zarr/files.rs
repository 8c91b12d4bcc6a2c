//! The files of a store: in a folder, or in a zip file.

use crate::store::MAX_DEPTH;
use crate::{DataError, Result, atomic_file};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Component, Path, PathBuf};
use zip::{CompressionMethod, ZipArchive};

/// Where the files are. Paths are relative, with slashes; none leads out of the store.
pub(super) enum Files {
    Folder(PathBuf),
    Zip(Box<Zip>),
}

/// A zip file that is open, and what its entries are called.
pub(super) struct Zip {
    archive: RefCell<ZipArchive<File>>,
    bytes: u64,
    /// Index and size of each file.
    entries: HashMap<String, (usize, u64)>,
    /// Names of the folders in each folder.
    folders: BTreeMap<String, BTreeSet<String>>,
}

impl Files {
    pub fn open(path: &Path) -> Result<Self> {
        atomic_file::regular(path)?;
        match path.is_dir() {
            true => Ok(Self::Folder(path.into())),
            false => Ok(Self::Zip(Box::new(Zip::open(path)?))),
        }
    }

    /// Size of everything that is stored.
    pub fn bytes(&self) -> Result<u64> {
        match self {
            // Chunks may lie in a folder per dimension below their array.
            Self::Folder(root) => folder_bytes(root, 2 * MAX_DEPTH),
            Self::Zip(zip) => Ok(zip.bytes),
        }
    }

    /// Names of the folders in a folder, and of links to folders, which are not followed.
    pub fn folders(&self, at: &str) -> Result<(Vec<String>, Vec<String>)> {
        match self {
            Self::Zip(zip) => {
                let found = zip.folders.get(at).into_iter().flatten().cloned();
                Ok((found.collect(), Vec::new()))
            }
            Self::Folder(root) => {
                let Some(path) = within(root, at) else { return Ok(Default::default()) };
                let (mut folders, mut links) = (Vec::new(), Vec::new());
                for entry in fs::read_dir(path).map_err(DataError::io("list the store"))? {
                    let entry = entry.map_err(DataError::io("list the store"))?;
                    let kind = entry.file_type().map_err(DataError::io("list the store"))?;
                    // A name that is no UTF-8 is none of AnnData's.
                    let Ok(name) = entry.file_name().into_string() else { continue };
                    match kind.is_symlink() {
                        false if kind.is_dir() => folders.push(name),
                        true if entry.path().is_dir() => links.push(name),
                        _ => {}
                    }
                }
                folders.sort();
                links.sort();
                Ok((folders, links))
            }
        }
    }

    /// Names of the files in a folder.
    pub fn files(&self, at: &str) -> Result<Vec<String>> {
        let root = match self {
            Self::Folder(root) => root,
            Self::Zip(zip) => return Ok(zip.files(at)),
        };
        let Some(path) = within(root, at) else { return Ok(Vec::new()) };
        let mut names = Vec::new();
        for entry in fs::read_dir(path).map_err(DataError::io("list the store"))? {
            let entry = entry.map_err(DataError::io("list the store"))?;
            if entry.path().is_dir() {
                continue;
            }
            match entry.file_name().into_string() {
                Ok(name) => names.push(name),
                Err(name) => {
                    let what = format!("the name of the file {} is no UTF-8", name.display());
                    return Err(DataError::unsupported(what));
                }
            }
        }
        Ok(names)
    }

    /// Copies the content of a file, but not its permissions: a read-only store must not make a
    /// copy read-only.
    pub fn copy(&self, at: &str, to: &Path) -> Result<()> {
        let mut target = File::create_new(to).map_err(DataError::io("write"))?;
        let Self::Folder(root) = self else {
            let content = self.part(at, 0, self.size(at).unwrap_or_default())?;
            return target.write_all(&content).map_err(DataError::io("write"));
        };
        let path = within(root, at).unwrap_or_default();
        atomic_file::regular(&path)?;
        let mut source = File::open(path).map_err(DataError::io("read the input"))?;
        io::copy(&mut source, &mut target).map_err(DataError::io("write"))?;
        Ok(())
    }

    /// Whether a path is a link to a folder.
    pub fn is_link(&self, at: &str) -> bool {
        let Self::Folder(root) = self else { return false };
        let path = within(root, at).filter(|path| path != root);
        path.is_some_and(|path| path.is_symlink() && path.is_dir())
    }

    /// Size of a file, if it is there.
    pub fn size(&self, at: &str) -> Option<u64> {
        match self {
            Self::Folder(root) => {
                let found = fs::metadata(within(root, at)?).ok()?;
                // A pipe would never end.
                found.is_file().then_some(found.len())
            }
            Self::Zip(zip) => zip.entries.get(at).map(|entry| entry.1),
        }
    }

    /// The content of a file, which has at most `limit` bytes; `None` where there is no file.
    pub fn read(&self, at: &str, limit: u64) -> Result<Option<Vec<u8>>> {
        let Some(size) = self.size(at) else { return Ok(None) };
        if size > limit {
            return Err(DataError::damaged(format!("{at} has {size} bytes; {limit} are too many")));
        }
        self.part(at, 0, size).map(Some)
    }

    /// `n` bytes of a file from `start` on.
    pub fn part(&self, at: &str, start: u64, n: u64) -> Result<Vec<u8>> {
        let mut content = Vec::new();
        let read = match self {
            Self::Folder(root) => {
                let path = within(root, at).unwrap_or_default();
                File::open(path).and_then(|mut file| {
                    file.seek(SeekFrom::Start(start))?;
                    file.take(n).read_to_end(&mut content)
                })
            }
            Self::Zip(zip) => zip.part(at, start, n, &mut content),
        };
        read.map_err(DataError::io("read the store"))?;
        match content.len() as u64 == n {
            true => Ok(content),
            false => Err(DataError::damaged(format!("{at} ends after {} bytes", content.len()))),
        }
    }
}

/// The place of a relative path in a folder, if it is in it.
pub(super) fn within(root: &Path, at: &str) -> Option<PathBuf> {
    let plain = Path::new(at).components().all(|part| matches!(part, Component::Normal(_)));
    plain.then(|| root.join(at))
}

/// Size of the files in a folder and in the folders below it.
fn folder_bytes(folder: &Path, depth: usize) -> Result<u64> {
    let io = DataError::io;
    let mut sum = 0u64;
    for entry in fs::read_dir(folder).map_err(io("list the store"))? {
        let entry = entry.map_err(io("list the store"))?;
        let kind = entry.file_type().map_err(io("list the store"))?;
        sum = sum.saturating_add(match depth.checked_sub(1) {
            Some(depth) if kind.is_dir() => folder_bytes(&entry.path(), depth)?,
            _ => fs::metadata(entry.path()).map_or(0, |found| found.len()),
        });
    }
    Ok(sum)
}

impl Zip {
    fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(DataError::io("open"))?;
        let bytes = file.metadata().map_err(DataError::io("read"))?.len();
        let bad = |e: zip::result::ZipError| DataError::damaged(format!("zip file: {e}"));
        let mut archive = ZipArchive::new(file).map_err(bad)?;
        let mut names = Vec::new();
        for index in 0..archive.len() {
            let entry = archive.by_index_raw(index).map_err(bad)?;
            let name = entry.name().map_err(bad)?.into_owned();
            // A copy never leads out of its folder.
            let plain = within(Path::new(""), &name).is_some() && !name.contains('\\');
            if entry.is_file() && plain {
                names.push((name, (index, entry.size())));
            }
        }
        // Zipped by hand, a store is in a folder of its own.
        let top = |name: &str| name.split_once('/').map(|(top, _)| format!("{top}/"));
        let root = |(name, _): &(String, _)| super::metadata::ROOTS.contains(&name.as_str());
        let prefix = match names.first().and_then(|first| top(&first.0)) {
            Some(prefix) if !names.iter().any(root) => prefix,
            _ => String::new(),
        };
        let mut entries = HashMap::new();
        let mut folders: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (name, place) in names {
            let Some(name) = name.strip_prefix(&prefix) else { continue };
            let (mut at, mut depth) = (name, 0);
            while let Some((folder, _)) = at.rsplit_once('/').filter(|_| depth < 2 * MAX_DEPTH) {
                let (above, own) = folder.rsplit_once('/').unwrap_or(("", folder));
                // The folders above one that is known are known.
                if !folders.entry(above.into()).or_default().insert(own.into()) {
                    break;
                }
                (at, depth) = (folder, depth + 1);
            }
            entries.insert(name.to_string(), place);
        }
        Ok(Self { archive: RefCell::new(archive), bytes, entries, folders })
    }

    /// Names of the files in a folder.
    fn files(&self, at: &str) -> Vec<String> {
        let prefix = if at.is_empty() { String::new() } else { format!("{at}/") };
        let own = |path: &String| {
            let name = path.strip_prefix(&prefix)?;
            (!name.contains('/')).then(|| name.to_string())
        };
        self.entries.keys().filter_map(own).collect()
    }

    fn part(&self, at: &str, start: u64, n: u64, into: &mut Vec<u8>) -> io::Result<usize> {
        let (index, _) = *self.entries.get(at).ok_or(io::ErrorKind::NotFound)?;
        let mut archive = self.archive.borrow_mut();
        let method = archive.by_index_raw(index).map_err(io::Error::other)?.compression();
        if start > 0 && method == CompressionMethod::Stored {
            let mut entry = archive.by_index_seek(index).map_err(io::Error::other)?;
            entry.seek(SeekFrom::Start(start))?;
            return entry.take(n).read_to_end(into);
        }
        let mut entry = archive.by_index(index).map_err(io::Error::other)?;
        io::copy(&mut (&mut entry).take(start), &mut io::sink())?;
        entry.take(n).read_to_end(into)
    }
}
