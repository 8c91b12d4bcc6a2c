//! AnnData container, sparse count matrices and single-cell file formats.
//!
//! - [`read`] reads any supported format ([`Format`]), detected by content, into an [`AnnData`];
//!   [`read_counts`] and [`read_obs`] read only what clustering and evaluation need.
//! - [`CountMatrix`] is a matrix in which every value is a raw count. It is the only input that a
//!   model accepts.
//! - [`write_h5ad`] writes an [`AnnData`]; [`write_h5ad_with`] writes a copy of a file with
//!   [`Additions`], and keeps everything in an h5ad input. [`write()`] and [`write_from`] write zarr
//!   stores as well, by the name of the output.
//!
//! Every error names the file and says what to do ([`DataError`]). Damaged and hostile files give
//! an error: sizes are checked against the size of the file before memory is allocated.
//!
//! ```
//! use morula_data::{Additions, AnnData, Column, CsrMatrix};
//! use morula_data::{read_counts, read_obs, write_h5ad, write_h5ad_with};
//!
//! let folder = tempfile::tempdir()?;
//! let (input, output) = (folder.path().join("cells.h5ad"), folder.path().join("out.h5ad"));
//!
//! let x = CsrMatrix::from_dense(2, 3, &[4.0, 0.0, 1.0, 0.0, 2.0, 0.0])?;
//! let names = |names: &[&str]| names.iter().map(|n| n.to_string()).collect();
//! let data = AnnData::new(x, names(&["cell1", "cell2"]), names(&["CD3E", "CD4", "MS4A1"]))?;
//! write_h5ad(&input, &data)?;
//!
//! let counts = read_counts(&input, None)?;
//! assert_eq!((counts.n_obs(), counts.n_vars()), (2, 3));
//!
//! let labels = Column::categorical([Some("T cell"), None]);
//! write_h5ad_with(&input, &output, &Additions::new().obs("label", labels))?;
//! let labels = read_obs(&output)?.column("label")?.labels();
//! assert_eq!(labels, [Some("T cell".to_string()), None]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod additions;
mod anndata;
pub mod atomic_dir;
pub mod atomic_file;
pub mod checksums;
#[cfg(any(feature = "sprs", feature = "nalgebra-sparse"))]
mod convert;
mod counts;
mod csr;
mod dense;
mod error;
mod frame;
mod hdf5;
mod io;
mod look;
mod names;
mod orientation;
mod records;
mod small;
mod store;
mod temporary;
pub mod text;
mod uns;
#[cfg(feature = "zarr")]
mod zarr;

pub use additions::Additions;
pub use anndata::{AnnData, Raw};
pub use counts::CountMatrix;
pub use csr::CsrMatrix;
pub use dense::DenseMatrix;
pub use error::{DataError, Result};
pub use frame::{Categorical, Column, DataFrame};
pub use io::{
    FEATURE_TYPES, Format, OutputPlan, ReadOptions, check_output, output_format, parts, read,
    read_counts, read_counts_with, read_obs, read_uns, read_with, sniff, write, write_from,
    write_h5ad, write_h5ad_from, write_h5ad_with, write_zarr,
};
pub use names::make_unique;
pub use records::{Field, Records};
pub use small::read_small;
pub use uns::UnsValue;

/// The crate's page, whose example is tested.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
