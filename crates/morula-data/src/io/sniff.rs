//! Detects formats by content, never by names or extensions.

use super::tenx_h5;
use super::text::{self, GZIP};
use crate::store::{self, Store};
use crate::{DataError, Result, atomic_file};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// A supported input format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// AnnData in HDF5.
    H5ad,
    /// 10x Genomics feature-barcode matrix in HDF5, Cell Ranger 2 or 3 and later.
    TenxH5,
    /// A MatrixMarket file with barcodes and features beside it; plain or gzipped.
    TenxMtx,
    /// AnnData in a zarr store of version 2 or 3: a folder, or a zip file of one. Read with the feature
    /// `zarr`.
    Zarr,
    /// HDF5 with a matrix `X` (cells x genes) and labels `Y`.
    XyH5,
    /// CSV or TSV; plain or gzipped.
    Table,
}

impl Format {
    /// Whether it holds all parts of AnnData: h5ad and zarr.
    pub fn is_anndata(self) -> bool {
        matches!(self, Self::H5ad | Self::Zarr)
    }
}

/// Detects the format of a file or folder by its content.
///
/// # Errors
/// An error naming the file: [`DataError::UnknownFormat`] or [`DataError::Io`].
pub fn sniff(path: impl AsRef<Path>) -> Result<Format> {
    let path = path.as_ref();
    format(path).map_err(|e| e.in_file(path))
}

const HDF5: &[u8] = b"\x89HDF\r\n\x1a\n";
const MATRIX_MARKET: &[u8] = b"%%MatrixMarket";

pub(super) fn format(path: &Path) -> Result<Format> {
    let meta = std::fs::metadata(path).map_err(DataError::io("open"))?;
    if let Some(format) = zarr(path)? {
        return Ok(format);
    }
    if meta.is_dir() {
        return Ok(Format::TenxMtx);
    }
    atomic_file::regular(path)?;
    let mut head = head(File::open(path).map_err(DataError::io("open"))?)?;
    if head.starts_with(HDF5) {
        return hdf5(&*store::open(path)?);
    }
    if head.starts_with(GZIP) {
        head = self::head(text::open(path)?)?;
        if head.starts_with(HDF5) {
            let what = "an HDF5 file inside gzip; unpack it first (gunzip)";
            return Err(DataError::unsupported(what));
        }
    }
    // As UTF-8, since some programs write text in UTF-16.
    if !head.is_empty() {
        head = self::head(text::open(path)?)?;
    }
    let unknown = |detail: &str| Err(DataError::UnknownFormat { detail: detail.into() });
    match head.as_slice() {
        [] => unknown(" (the file is empty)"),
        h if h.starts_with(MATRIX_MARKET) => Ok(Format::TenxMtx),
        h if h.starts_with(b"PK") && h.contains(&0) => {
            unknown(" (a zip file that holds no zarr store)")
        }
        h if h.contains(&0) => unknown(" (binary content)"),
        _ => Ok(Format::Table),
    }
}

/// The format of a zarr store; `None` for anything else.
#[cfg(feature = "zarr")]
fn zarr(path: &Path) -> Result<Option<Format>> {
    match crate::zarr::holds(path, &["obs", "var"]) {
        None => return Ok(None),
        Some(true) => return Ok(Some(Format::Zarr)),
        Some(false) => {}
    }
    let members = store::open(path)?.members("/")?.join(", ");
    let detail = format!(" (a zarr store without obs and var, that holds: {members})");
    Err(DataError::UnknownFormat { detail })
}

#[cfg(not(feature = "zarr"))]
fn zarr(path: &Path) -> Result<Option<Format>> {
    match ["zarr.json", ".zgroup"].iter().any(|name| path.join(name).is_file()) {
        false => Ok(None),
        true => Err(DataError::unsupported(
            "this is a zarr store, and this program was built without the feature zarr; write the \
             data as .h5ad, in Python: adata.write_h5ad(path)",
        )),
    }
}

fn hdf5(store: &dyn Store) -> Result<Format> {
    let has = |at: &str| store.kind(at).is_some();
    let members = store.members("/")?;
    if has("obs") && has("var") {
        return Ok(Format::H5ad);
    }
    if has("X") && has("Y") {
        return Ok(Format::XyH5);
    }
    if members.iter().any(|group| tenx_h5::is_matrix(store, group)) {
        return Ok(Format::TenxH5);
    }
    let detail = format!(" (an HDF5 file that holds: {})", members.join(", "));
    Err(DataError::UnknownFormat { detail })
}

/// The first bytes of a stream.
fn head(stream: impl Read) -> Result<Vec<u8>> {
    let mut head = Vec::new();
    stream.take(4096).read_to_end(&mut head).map_err(DataError::io("read"))?;
    Ok(head)
}
