//! AnnData container, sparse count matrices and single-cell file formats.

mod counts;
mod csr;
mod error;

pub use counts::CountMatrix;
pub use csr::CsrMatrix;
pub use error::{DataError, Result};
