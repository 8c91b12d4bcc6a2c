//! Finds groups and arrays in an HDF5 file that is open for reading.

use super::{Array, Attr, guard};
use crate::{DataError, Result};
use hdf5_pure::{Dataset, File, Group};
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::rc::Rc;

/// An HDF5 file, read on demand: an array is loaded only when it is needed.
///
/// Each group is listed once. A lookup in the library walks through the whole group, and a table
/// with thousands of columns would need thousands of lookups.
pub(crate) struct Store {
    file: File,
    bytes: u64,
    listings: RefCell<HashMap<String, Listing>>,
}

/// The members of a group by name.
type Listing = Rc<BTreeMap<String, Object>>;

/// A member of a group.
#[derive(Clone)]
enum Object {
    Array(Dataset),
    Group(Group),
}

/// Deepest nesting of groups; a damaged file could hold a loop.
const MAX_DEPTH: usize = 32;

/// Kind of the object at a path.
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
        Ok(Self { file, bytes, listings: RefCell::default() })
    }

    fn find(&self, at: &str) -> Option<Object> {
        let at = at.trim_matches('/');
        if at.is_empty() {
            return Some(Object::Group(self.file.root()));
        }
        let (group, name) = at.rsplit_once('/').unwrap_or(("", at));
        self.list(group).ok()?.get(name).cloned()
    }

    fn list(&self, group: &str) -> Result<Listing> {
        let group = group.trim_matches('/');
        if let Some(listing) = self.listings.borrow().get(group) {
            return Ok(listing.clone());
        }
        let listing = match self.find(group) {
            Some(Object::Group(handle)) => guard(group, || {
                let arrays = handle.iter_datasets()?.map(|(name, set)| (name, Object::Array(set)));
                let groups = handle.iter_groups()?.map(|(name, sub)| (name, Object::Group(sub)));
                Ok(arrays.chain(groups).collect())
            })?,
            _ => BTreeMap::new(),
        };
        let listing = Rc::new(listing);
        self.listings.borrow_mut().insert(group.into(), listing.clone());
        Ok(listing)
    }

    /// The kind of the object at a path, or `None` if there is none.
    pub fn kind(&self, at: &str) -> Option<Kind> {
        match self.find(at)? {
            Object::Array(_) => Some(Kind::Array),
            Object::Group(_) => Some(Kind::Group),
        }
    }

    /// Names in a group, of arrays and groups; empty if there is no such group.
    pub fn members(&self, group: &str) -> Result<Vec<String>> {
        Ok(self.list(group)?.keys().cloned().collect())
    }

    /// The array at a path.
    pub fn array(&self, at: &str) -> Result<Array> {
        match self.find(at) {
            Some(Object::Array(set)) => Array::new(set, at, self.bytes),
            _ => Err(DataError::damaged(format!("the array {at} is not there"))),
        }
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

    /// An attribute of the object at a path, if it exists and its type is supported.
    pub fn attr(&self, at: &str, name: &str) -> Option<Attr> {
        let object = self.find(at)?;
        let attrs = guard(at, || match &object {
            Object::Array(set) => set.attrs(),
            Object::Group(group) => group.attrs(),
        });
        let value = attrs.ok()?.remove(name)?;
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

    /// The anndata encoding of an object; empty if it has none.
    pub fn encoding(&self, at: &str) -> String {
        self.text_attr(at, "encoding-type").unwrap_or_default()
    }
}
