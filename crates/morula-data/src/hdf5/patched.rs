//! A file as the HDF5 library shall see it.

use hdf5_pure::{FormatError, Source};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::sync::{Arc, Mutex, PoisonError};

/// Addresses, of 8 bytes, that the library sees in place of those in the file.
#[derive(Debug, Clone, Default)]
pub(super) struct Patches(Arc<Mutex<BTreeMap<u64, [u8; 8]>>>);

impl Patches {
    pub fn insert(&self, place: u64, address: u64) {
        let mut patches = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        patches.insert(place, address.to_le_bytes());
    }

    fn apply(&self, start: u64, bytes: &mut [u8]) {
        let patches = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let end = start.saturating_add(bytes.len() as u64);
        for (&place, patch) in patches.range(start.saturating_sub(7)..end) {
            for (at, byte) in (place..).zip(patch) {
                if let Some(i) = at.checked_sub(start).filter(|&i| i < bytes.len() as u64) {
                    bytes[i as usize] = *byte;
                }
            }
        }
    }
}

/// A file that is read piece by piece, with patches.
pub(super) struct Patched {
    file: Mutex<File>,
    len: u64,
    patches: Patches,
}

impl Patched {
    pub fn new(file: File, len: u64, patches: Patches) -> Self {
        Self { file: Mutex::new(file), len, patches }
    }
}

impl Source for Patched {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<(), FormatError> {
        let n = buf.len() as u64;
        let end = offset.checked_add(n).ok_or(FormatError::OffsetOverflow { offset, length: n })?;
        if end > self.len {
            let (expected, available) = (end as usize, self.len as usize);
            return Err(FormatError::UnexpectedEof { expected, available });
        }
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let read = file.seek(SeekFrom::Start(offset)).and_then(|_| file.read_exact(buf));
        read.map_err(|e| FormatError::Source(e.to_string()))?;
        self.patches.apply(offset, buf);
        Ok(())
    }
}
