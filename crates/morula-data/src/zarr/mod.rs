//! Zarr stores of both versions (<https://zarr-specs.readthedocs.io>): folders, and zip files of
//! such folders.
//!
//! The crate `zarrs` reads them as well. It is not used because it needs a C and a C++ compiler for
//! its codecs, compiles for minutes, and unpacks a chunk to whatever size the chunk claims. Here
//! every chunk has a bound before it is unpacked, and the codecs are Rust.
//!
//! Read are the types and codecs that AnnData's stores use, sharded arrays among them. Others are
//! named in an error.

mod array;
mod blosc;
mod codec;
mod dtype;
mod encode;
mod files;
mod grid;
mod layout;
mod metadata;
mod shard;
mod store;
mod write;

pub(crate) use store::Store;
pub(crate) use write::create;

use crate::{DataError, Result};
use files::Files;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// First bytes of a zip file, or of an empty one.
const ZIP: [&[u8]; 2] = [b"PK\x03\x04", b"PK\x05\x06"];

/// Whether these are the first bytes of a zip file.
pub(crate) fn is_zip(head: &[u8]) -> bool {
    ZIP.iter().any(|magic| head.starts_with(magic))
}

/// Whether a folder or zip file is a zarr store: a group of either version.
pub(crate) fn is_store(path: &Path) -> bool {
    holds(path, &[]).is_some()
}

/// Whether a store has groups or arrays of all these names; `None` where this is no store. The store is
/// not searched, which takes long where it has very many files.
pub(crate) fn holds(path: &Path, names: &[&str]) -> Option<bool> {
    let mut head = [0; 4];
    let mut zip = || File::open(path).and_then(|mut file| file.read_exact(&mut head));
    if !(path.is_dir() || path.is_file() && zip().is_ok() && is_zip(&head)) {
        return None;
    }
    let files = Files::open(path).ok()?;
    let version = metadata::version(&files)?;
    // Metadata that cannot be read are there; reading them says why.
    let there = |at: &&str| {
        !files.is_link(at) && !matches!(metadata::Node::read(&files, version, at), Ok(None))
    };
    Some(names.iter().all(there))
}

/// Names of files that say what a folder is.
const V3: &str = "zarr.json";
const GROUP_V2: &str = ".zgroup";
const ARRAY_V2: &str = ".zarray";
const ATTRS_V2: &str = ".zattrs";
/// Copies of all metadata in one file.
const CONSOLIDATED_V2: &str = ".zmetadata";

/// The error for an array or group that claims more than the store can hold, or nonsense.
fn damaged(at: &str, what: impl std::fmt::Display) -> DataError {
    DataError::damaged(format!("zarr {at}: {what}"))
}

/// The error for something that is not read here.
fn unsupported<T>(at: &str, what: impl std::fmt::Display) -> Result<T> {
    Err(DataError::unsupported(format!(
        "zarr {at}: {what}, which is not read here; write the data anew, in Python: \
         adata.write_h5ad(path)"
    )))
}
