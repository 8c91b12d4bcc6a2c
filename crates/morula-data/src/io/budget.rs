//! How much memory the content of a file may take.

use crate::{DataError, Result};
use std::cell::Cell;
use std::path::Path;
use std::rc::Rc;

/// Taken whatever the size of the file is.
const BASE: u64 = 1 << 27;

/// Bytes in memory per byte of the file. Count matrices that are packed well take less.
const PER_BYTE: u64 = 128;

/// Bytes that are unpacked whatever the size of the file is.
const WORK_BASE: u64 = 1 << 30;

/// Bytes that are unpacked per byte of the file: every byte twice, at the limit of deflate.
const WORK_PER_BYTE: u64 = 2200;

/// Memory of a name beside its letters.
const PER_TEXT: u64 = 40;

/// What a file may still take. A few kilobytes can claim any size, since packed zeros take nothing;
/// an honest file stays far below.
#[derive(Debug, Clone)]
pub(crate) struct Budget {
    left: Rc<Cell<u64>>,
    work: Rc<Cell<u64>>,
    total: u64,
}

impl Budget {
    pub fn new(file_bytes: u64) -> Self {
        let total = file_bytes.saturating_mul(PER_BYTE).saturating_add(BASE);
        let work = file_bytes.saturating_mul(WORK_PER_BYTE).saturating_add(WORK_BASE);
        Self { left: Rc::new(Cell::new(total)), work: Rc::new(Cell::new(work)), total }
    }

    pub fn of_file(path: &Path) -> Result<Self> {
        Ok(Self::new(std::fs::metadata(path).map_err(DataError::io("read"))?.len()))
    }

    /// The most that may ever be taken.
    #[cfg(feature = "zarr")]
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Takes `n` values of `size` bytes.
    pub fn take(&self, n: u64, size: usize) -> Result<()> {
        let bytes = n.saturating_mul(size as u64);
        match self.left.get().checked_sub(bytes) {
            Some(left) => {
                self.left.set(left);
                Ok(())
            }
            None => Err(self.exceeded()),
        }
    }

    /// Counts bytes that are about to be unpacked. Links can lead to one array many times.
    pub fn unpack(&self, n: u64, size: u64) -> Result<()> {
        match self.work.get().checked_sub(n.saturating_mul(size)) {
            Some(left) => {
                self.work.set(left);
                Ok(())
            }
            None => Err(DataError::damaged(
                "the content unpacks to more than a file of this size holds",
            )),
        }
    }

    /// Takes the memory of texts.
    pub fn take_texts<S: AsRef<str>>(&self, texts: &[S]) -> Result<()> {
        let letters: u64 = texts.iter().map(|t| t.as_ref().len() as u64).sum();
        self.take(letters.saturating_add(PER_TEXT * texts.len() as u64), 1)
    }

    /// Checks, without taking it, that so many texts of so many letters fit.
    pub fn check_texts(&self, n: u64, letters: u64) -> Result<()> {
        let bytes = n.saturating_mul(PER_TEXT).saturating_add(letters);
        if bytes > self.left.get() { Err(self.exceeded()) } else { Ok(()) }
    }

    fn exceeded(&self) -> DataError {
        DataError::damaged(format!(
            "the content would take more than {} MB of memory, more than a file of this size holds",
            self.total >> 20
        ))
    }
}
