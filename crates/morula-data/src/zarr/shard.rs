//! Shards: files that hold many chunks, and an index of their places.

use super::damaged;
use super::files::Files;
use super::layout::{Layout, Shards};
use crate::Result;

/// Bytes of the place of a chunk.
const ENTRY: u64 = 16;

/// Largest index that is read.
const MAX_INDEX: u64 = 1 << 26;

/// A chunk that is not stored.
const ABSENT: u64 = u64::MAX;

/// The places of the chunks of one file.
pub(super) struct Index {
    /// Path of the file.
    pub file: String,
    /// Start and size of each chunk.
    places: Vec<(u64, u64)>,
}

impl Index {
    /// Reads the index of a file; `None` where there is no such file.
    pub fn read(
        files: &Files,
        file: String,
        layout: &Layout,
        shards: &Shards,
    ) -> Result<Option<Self>> {
        let Some(size) = files.size(&file) else { return Ok(None) };
        let sides = layout.grid.iter().zip(&layout.chunk).map(|(&grid, &chunk)| grid / chunk);
        let bytes = sides.fold(ENTRY, u64::saturating_mul);
        let stored = bytes.saturating_add(4 * shards.index_codecs.len() as u64);
        let Some(rest) = size.checked_sub(stored).filter(|_| stored <= MAX_INDEX) else {
            let what = format!("a file of {size} bytes for an index of {stored} bytes");
            return Err(damaged(&file, what));
        };
        let start = if shards.index_at_start { 0 } else { rest };
        let mut index = files.part(&file, start, stored)?;
        for codec in shards.index_codecs.iter().rev() {
            index = codec.decode(&file, index, stored)?;
        }
        if index.len() as u64 != bytes {
            return Err(damaged(&file, "the index of a shard has another size"));
        }
        let (places, _) = index.as_chunks::<8>();
        let number = |at: usize| u64::from_le_bytes(places[at]);
        let places = (0..places.len() / 2).map(|i| (number(2 * i), number(2 * i + 1)));
        Ok(Some(Self { places: places.collect(), file }))
    }

    /// The content of a chunk by its number in the shard; `None` where it is not stored.
    pub fn chunk(&self, files: &Files, number: usize, limit: u64) -> Result<Option<Vec<u8>>> {
        match self.places.get(number) {
            None | Some(&(ABSENT, ABSENT)) => Ok(None),
            Some(&(_, n)) if n > limit => {
                Err(damaged(&self.file, format_args!("a chunk of {n} bytes, more than {limit}")))
            }
            Some(&(start, n)) => files.part(&self.file, start, n).map(Some),
        }
    }
}
