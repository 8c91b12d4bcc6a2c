//! The files that an input consists of.

use super::{sniff, tenx_mtx};
use crate::Format;
use std::path::{Path, PathBuf};

/// The files that are read for an input: those of a matrix in the MatrixMarket format, or the file
/// itself. Nothing where they cannot be found out.
pub fn parts(input: impl AsRef<Path>) -> Vec<PathBuf> {
    let input = input.as_ref();
    match sniff(input) {
        Ok(Format::TenxMtx) => tenx_mtx::parts(input).map(Vec::from).unwrap_or_default(),
        Ok(_) => vec![input.into()],
        Err(_) => Vec::new(),
    }
}
