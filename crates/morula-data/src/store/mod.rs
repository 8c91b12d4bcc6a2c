//! What HDF5 files and zarr stores have in common: groups, arrays and attributes.
//!
//! AnnData's encoding is the same in both, so that it is decoded and encoded once
//! ([`io::h5ad`](crate::io)). Reading goes through [`Store`] and [`Array`], and writing through a
//! tree of [`Node`]s.

mod array;
mod tree;

pub(crate) use array::{Array, Element, Inexact, Rows, half};
pub(crate) use tree::{Attr, Data, Edit, Group, Leaf, Node};

use crate::io::budget::Budget;
use crate::{DataError, Result, hdf5};
use std::path::Path;

/// Kind of the object at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Group,
    Array,
}

/// Deepest nesting of groups; a damaged file could hold a loop.
pub(crate) const MAX_DEPTH: usize = 32;

/// Groups and arrays of a file or folder that is open for reading.
pub(crate) trait Store {
    /// Size of everything that is stored.
    fn bytes(&self) -> u64;

    /// What may still be taken.
    fn budget(&self) -> &Budget;

    /// The kind of the object at a path, or `None` if there is none.
    fn kind(&self, at: &str) -> Option<Kind>;

    /// Names in a group, of arrays and groups; empty if there is no such group.
    fn members(&self, group: &str) -> Result<Vec<String>>;

    /// The array at a path.
    fn array(&self, at: &str) -> Result<Array>;

    /// An attribute of the object at a path, if it exists and its type is supported.
    fn attr(&self, at: &str, name: &str) -> Option<Attr>;

    /// Checks that what lies at these paths can be added or removed.
    fn check_edits(&self, paths: &[String]) -> Result<()>;

    /// Copies `input`, which is this store, to `output`, which is there and empty, and applies edits
    /// to the copy. Everything that no edit names stays as it is.
    fn copy_with(&self, input: &Path, output: &Path, edits: &[Edit<'_>]) -> Result<()>;

    /// Something that two paths to one object share, if it is known.
    fn address(&self, _at: &str) -> Option<u64> {
        None
    }

    /// Descriptions of the links in a group that lead to a path: they are not followed.
    fn links(&self, _group: &str) -> Vec<String> {
        Vec::new()
    }

    /// Whether there is such a link at a path, or on the way to it.
    fn is_link(&self, _at: &str) -> bool {
        false
    }

    /// The error for a path at which nothing is that can be read.
    fn not_there(&self, at: &str) -> DataError {
        DataError::damaged(format!("{at} is not there"))
    }

    /// A text attribute.
    fn text_attr(&self, at: &str, name: &str) -> Option<String> {
        match self.attr(at, name)? {
            Attr::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The anndata encoding of an object; empty if it has none.
    fn encoding(&self, at: &str) -> String {
        self.text_attr(at, "encoding-type").unwrap_or_default()
    }
}

/// Opens an HDF5 file or a zarr store for reading.
pub(crate) fn open(path: &Path) -> Result<Box<dyn Store>> {
    #[cfg(feature = "zarr")]
    if crate::zarr::is_store(path) {
        return Ok(Box::new(crate::zarr::Store::open(path)?));
    }
    Ok(Box::new(hdf5::Store::open(path)?))
}
