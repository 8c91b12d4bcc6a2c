//! Text files, read line by line and unpacked if gzipped.

use crate::{DataError, Result};
use flate2::read::MultiGzDecoder;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// First bytes of a gzip stream.
pub(super) const GZIP: &[u8] = b"\x1f\x8b";

/// Longest line that is read; a row of a table with a million genes is shorter.
const MAX_LINE: u64 = 1 << 28;

/// The content of a file.
pub(super) fn open(path: &Path) -> Result<Box<dyn Read>> {
    let mut magic = Vec::new();
    let open = || File::open(path).map_err(DataError::io("open"));
    open()?.take(2).read_to_end(&mut magic).map_err(DataError::io("read"))?;
    let file = BufReader::with_capacity(1 << 16, open()?);
    Ok(if magic == GZIP { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) })
}

/// The lines of a file, one at a time.
pub(super) struct Lines {
    inner: BufReader<Box<dyn Read>>,
    line: String,
    number: u64,
}

impl Lines {
    pub fn open(path: &Path) -> Result<Self> {
        let inner = BufReader::with_capacity(1 << 16, open(path)?);
        Ok(Self { inner, line: String::new(), number: 0 })
    }

    /// The next line, without its end.
    pub fn next(&mut self) -> Result<Option<&str>> {
        self.line.clear();
        self.number += 1;
        let mut limited = (&mut self.inner).take(MAX_LINE);
        match limited.read_line(&mut self.line) {
            Ok(0) => Ok(None),
            Ok(n) if n as u64 == MAX_LINE => Err(self.error("the line does not end")),
            Ok(_) => Ok(Some(self.line.trim_end_matches(['\n', '\r']))),
            Err(e) => Err(DataError::damaged(format!("line {}: {e}", self.number))),
        }
    }

    /// An error about the line read last.
    pub fn error(&self, what: &str) -> DataError {
        let shown: String = self.line.trim_end().chars().take(60).collect();
        DataError::Line { line: self.number, what: format!("{what}, found {shown:?}") }
    }
}
