//! The only code that uses the HDF5 library.
//!
//! Reading goes through [`Store`](crate::store::Store), and writing through a tree of
//! [`Node`](crate::store::Node)s. Nothing outside this folder knows the library, so another can
//! replace it.

mod array;
mod compound;
#[cfg(feature = "zarr")]
mod packed;
mod patched;
mod raw;
mod record;
mod store;
mod write;

pub(crate) use compound::compound;
#[cfg(feature = "zarr")]
pub(crate) use packed::{FieldType, fields, packed};
pub(crate) use record::{FieldValues, Record};
pub(crate) use store::Store;
pub(crate) use write::create;

use crate::{DataError, Result};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Calls the library and converts its errors.
///
/// A file is untrusted input. The library returns an error for damaged files, but it is large. If
/// one of its parsers panics nevertheless, this function turns the panic into an error. It is the
/// last resort, and the only place in the crate that catches a panic.
fn guard<T>(what: &str, call: impl FnOnce() -> Result<T, hdf5_pure::Error>) -> Result<T> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(hdf5_pure::Error::Io(source))) => Err(DataError::io("read or write")(source)),
        Ok(Err(hdf5_pure::Error::FileMarkedInUse { .. })) => {
            let what = "the file is open for writing in another program; close it there first";
            Err(DataError::unsupported(what))
        }
        Ok(Err(error)) => Err(DataError::damaged(format!("HDF5 {what}: {error}"))),
        Err(_) => Err(DataError::damaged(format!("HDF5 {what} cannot be decoded"))),
    }
}

/// Like [`guard`], for calls that write: the input is not what fails there.
fn guard_write<T>(call: impl FnOnce() -> Result<T, hdf5_pure::Error>) -> Result<T> {
    guard("output", call).map_err(|e| match e {
        DataError::Damaged { what } => DataError::unsupported(format!("cannot write {what}")),
        other => other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_of_the_library_ends_as_an_error() {
        let error = guard::<()>("X/data", || panic!("this panic is part of a test")).unwrap_err();
        assert!(
            error.to_string().starts_with("HDF5 X/data cannot be decoded. The file is damaged")
        );
    }
}
