//! AnnData container, sparse count matrices and single-cell file formats.

mod additions;
mod anndata;
mod counts;
mod csr;
mod dense;
mod error;
mod frame;
mod hdf5;
mod io;
mod names;
mod uns;

pub use additions::Additions;
pub use anndata::{AnnData, Raw};
pub use counts::CountMatrix;
pub use csr::CsrMatrix;
pub use dense::DenseMatrix;
pub use error::{DataError, Result};
pub use frame::{Categorical, Column, DataFrame};
pub use io::{Format, read, read_counts, read_obs, sniff, write_h5ad, write_h5ad_with};
pub use names::make_unique;
pub use uns::UnsValue;
