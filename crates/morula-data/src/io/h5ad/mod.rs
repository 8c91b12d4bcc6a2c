//! AnnData in HDF5, the h5ad format, and in zarr, as anndata's documentation of its on-disk format
//! specifies it (encoding versions up to 0.2.0), and as older versions of anndata wrote it.
//!
//! Its files call each other because the format nests: `uns` may hold tables, a table holds columns,
//! and columns of older versions are found beside their table.

mod decode;
mod encode;
mod frame;
mod legacy;
mod matrix;
mod uns;
mod update;

pub(super) use decode::{read, read_all_uns, read_counts, read_obs};
pub(super) use encode::tree;
pub(super) use frame::read_vector;
pub(super) use matrix::{read_compressed, read_matrix};
pub(super) use update::{check as check_plan, update};
