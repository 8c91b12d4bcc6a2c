//! A file as the HDF5 library shall see it.

use hdf5_pure::{FormatError, Source};
use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
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
    /// Addresses of the global heaps whose tails are patched.
    heaps: Mutex<HashSet<u64>>,
}

impl Patched {
    pub fn new(file: File, len: u64, patches: Patches) -> Self {
        Self { file: Mutex::new(file), len, patches, heaps: Mutex::default() }
    }

    /// Patches the tail of a global heap that is too short for a further object. The format gives it
    /// no meaning and programs leave in it what was there, but the library takes it for an object.
    /// `head` is the start of the heap.
    fn end_heap(&self, file: &mut File, at: u64, head: &[u8]) -> std::io::Result<()> {
        let mut heaps = self.heaps.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(end) = at.checked_add(number(&head[8..16])).filter(|&end| end <= self.len) else {
            return Ok(());
        };
        if !heaps.insert(at) {
            return Ok(());
        }
        // Objects of 16 bytes and their content, until free space, which is object 0.
        file.seek(SeekFrom::Start(at + 16))?;
        let mut objects = BufReader::with_capacity(1 << 13, file);
        let (mut place, mut object) = (at + 16, [0; 16]);
        while end.saturating_sub(place) >= 16 {
            objects.read_exact(&mut object)?;
            let size = number(&object[8..]).checked_next_multiple_of(8);
            let next = size.and_then(|size| place.checked_add(16)?.checked_add(size));
            let Some(next) = next.filter(|&next| next <= end && object[..2] != [0; 2]) else {
                return Ok(());
            };
            objects.seek_relative((next - place - 16) as i64)?;
            place = next;
        }
        if end.checked_sub(place) == Some(8) {
            self.patches.insert(place, 0);
        }
        Ok(())
    }
}

/// 8 bytes as a number.
fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |n, &b| n << 8 | u64::from(b))
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
        if buf.len() >= 16 && buf.starts_with(b"GCOL") {
            let end = self.end_heap(&mut file, offset, buf);
            end.map_err(|e| FormatError::Source(e.to_string()))?;
        }
        self.patches.apply(offset, buf);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_of_a_heap_is_no_object() {
        let object = |index: u8, text: &[u8; 8]| {
            let mut bytes = vec![0; 16];
            (bytes[0], bytes[8]) = (index, 5);
            [bytes.as_slice(), text].concat()
        };
        let head = |size: u8| [b"GCOL\x01\0\0\0".as_slice(), &[size, 0, 0, 0, 0, 0, 0, 0]].concat();
        let objects = [object(1, b"Malat1..").as_slice(), &object(2, b"Gapdh...")].concat();
        for (tail, seen) in [(b"\x03.......".as_slice(), 0), (b"", 99)] {
            let size = 16 + objects.len() + tail.len();
            let all = [&head(size as u8), objects.as_slice(), tail, b"cccccccc"].concat();
            let file = tempfile::tempfile().unwrap();
            std::io::Write::write_all(&mut &file, &all).unwrap();
            let patched = Patched::new(file, all.len() as u64, Patches::default());
            let mut bytes = [0; 16];
            patched.read_at(0, &mut bytes).unwrap();
            let mut found = [0; 2];
            patched.read_at(16 + objects.len() as u64, &mut found).unwrap();
            assert_eq!(found, [seen, seen]);
            patched.read_at(16, &mut bytes).unwrap();
            assert_eq!(bytes[0], 1);
        }
    }
}
