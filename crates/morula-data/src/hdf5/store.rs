//! Finding one's way in an HDF5 file that is open for reading.

use super::{Array, Attr, guard};
use crate::{DataError, Result};
use hdf5_pure::{AttrValue, File};
use std::collections::HashMap;
use std::path::Path;

/// An HDF5 file, read on demand: no part is held in memory unless asked for.
pub(crate) struct Store {
    file: File,
    bytes: u64,
}

/// Groups may nest this deep; a damaged file could hold a loop.
const MAX_DEPTH: usize = 32;

/// What a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Group,
    Array,
}

impl Store {
    pub fn open(path: &Path) -> Result<Self> {
        let bytes = std::fs::metadata(path).map_err(DataError::io("read"))?.len();
        let file = guard("header", || File::open_streaming(path))?;
        let end = file.superblock().eof_address;
        if end > bytes {
            let what = format!("the file has {bytes} of the {end} bytes it says it has");
            return Err(DataError::damaged(what));
        }
        Ok(Self { file, bytes })
    }

    /// What stands at a path, or `None` where nothing does.
    pub fn kind(&self, at: &str) -> Option<Kind> {
        if guard(at, || self.file.dataset(at).map(drop)).is_ok() {
            Some(Kind::Array)
        } else if guard(at, || self.file.group(at).map(drop)).is_ok() {
            Some(Kind::Group)
        } else {
            None
        }
    }

    /// Names in a group, arrays and groups alike; none where there is no such group.
    pub fn members(&self, group: &str) -> Result<Vec<String>> {
        if self.kind(group) != Some(Kind::Group) {
            return Ok(Vec::new());
        }
        guard(group, || {
            let group = self.file.group(group)?;
            let mut names = group.datasets()?;
            names.extend(group.groups()?);
            names.sort();
            Ok(names)
        })
    }

    /// The array at a path.
    pub fn array(&self, at: &str) -> Result<Array> {
        Array::new(guard(at, || self.file.dataset(at))?, at, self.bytes)
    }

    /// Checks that no array at or below a path claims more than the file can hold.
    pub fn check_sizes(&self, at: &str) -> Result<()> {
        self.check_below(at, MAX_DEPTH)
    }

    fn check_below(&self, at: &str, depth: usize) -> Result<()> {
        match self.kind(at) {
            Some(Kind::Array) => self.array(at).map(drop),
            Some(Kind::Group) if depth > 0 => {
                let members = self.members(at)?;
                let below = members.iter().map(|name| format!("{at}/{name}"));
                below.into_iter().try_for_each(|at| self.check_below(&at, depth - 1))
            }
            Some(Kind::Group) => Err(DataError::damaged(format!("{at} nests too deeply"))),
            None => Ok(()),
        }
    }

    fn attrs(&self, at: &str) -> Result<HashMap<String, AttrValue>> {
        guard(at, || match self.file.dataset(at) {
            Ok(set) => set.attrs(),
            Err(_) => self.file.group(at)?.attrs(),
        })
    }

    /// An attribute of the object at a path, if it is there and of a kind known here.
    pub fn attr(&self, at: &str, name: &str) -> Option<Attr> {
        let value = self.attrs(at).ok()?.remove(name)?;
        if let Some(text) = value.as_str() {
            return Some(Attr::Text(text.to_string()));
        }
        if let Some(texts) = value.as_strings() {
            return Some(Attr::Texts(texts.to_vec()));
        }
        if let Some(int) = value.as_i64() {
            return Some(Attr::Int(int));
        }
        value.to_i64s().map(Attr::Ints)
    }

    /// A text attribute.
    pub fn text_attr(&self, at: &str, name: &str) -> Option<String> {
        match self.attr(at, name)? {
            Attr::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The anndata encoding of an object; empty for one that states none.
    pub fn encoding(&self, at: &str) -> String {
        self.text_attr(at, "encoding-type").unwrap_or_default()
    }
}
