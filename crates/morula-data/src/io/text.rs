//! Text files: unpacked if gzipped, in any usual encoding, and read line by line.

use super::budget::Budget;
use crate::{DataError, Result, atomic_file};
use flate2::read::MultiGzDecoder;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

/// First bytes of a gzip stream.
pub(super) const GZIP: &[u8] = b"\x1f\x8b";

/// Longest line that is read; a row of a table with a million genes is shorter.
const MAX_LINE: usize = 1 << 25;

/// Most fields of a line; each needs memory of its own.
const MAX_FIELDS: usize = 1 << 22;

/// Most lines that are passed over, comments and empty ones, and their bytes: a packed file of a few
/// KB could hold them for hours.
pub(super) const MAX_SKIPPED: u64 = 1 << 20;
pub(super) const MAX_SKIPPED_BYTES: usize = 1 << 26;

/// What is said about more of them.
pub(super) fn only_skipped() -> String {
    "more than a million lines, or 64 MB, of comments and empty lines; remove them".into()
}

/// The content of a file as UTF-8, without a byte order mark. UTF-16 is known by its mark. Bytes
/// that are no UTF-8 are left to [`decode`].
pub(super) fn open(path: &Path) -> Result<Box<dyn Read>> {
    atomic_file::regular(path)?;
    let mut magic = Vec::new();
    let open = || File::open(path).map_err(DataError::io("open"));
    open()?.take(2).read_to_end(&mut magic).map_err(DataError::io("read"))?;
    let file = BufReader::with_capacity(1 << 16, open()?);
    let mut plain: Box<dyn Read> =
        if magic == GZIP { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
    let mut start = Vec::new();
    (&mut plain).take(3).read_to_end(&mut start).map_err(|e| DataError::damaged(e.to_string()))?;
    Ok(match start.as_slice() {
        [0xEF, 0xBB, 0xBF] => plain,
        [0xFF, 0xFE, rest @ ..] => utf_16(rest, plain, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => utf_16(rest, plain, u16::from_be_bytes),
        _ => Box::new(io::Cursor::new(start).chain(plain)),
    })
}

fn utf_16(rest: &[u8], plain: Box<dyn Read>, unit: fn([u8; 2]) -> u16) -> Box<dyn Read> {
    let inner = BufReader::new(io::Cursor::new(rest.to_vec()).chain(plain));
    Box::new(Utf16 { inner, unit, pending: Vec::new(), high: None })
}

/// UTF-16 as UTF-8.
struct Utf16<R> {
    inner: R,
    unit: fn([u8; 2]) -> u16,
    pending: Vec<u8>,
    high: Option<u16>,
}

impl<R: Read> Read for Utf16<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.pending.is_empty() {
            let mut block = Vec::new();
            (&mut self.inner).take(1 << 12).read_to_end(&mut block)?;
            if block.is_empty() {
                return Ok(0);
            }
            let units = block.chunks_exact(2).map(|pair| (self.unit)([pair[0], pair[1]]));
            let mut units: Vec<u16> = self.high.take().into_iter().chain(units).collect();
            // A pair of surrogates may lie across two blocks.
            self.high = units.pop_if(|last| (0xD800..0xDC00).contains(last));
            let text: String = char::decode_utf16(units)
                .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
                .collect();
            self.pending = text.into_bytes();
        }
        let n = out.len().min(self.pending.len());
        out[..n].copy_from_slice(&self.pending[..n]);
        self.pending.drain(..n);
        Ok(n)
    }
}

/// Bytes as text: UTF-8, or else Windows-1252, which spreadsheets write and which contains Latin-1.
pub(super) fn decode(bytes: &[u8]) -> String {
    const HIGH: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž',
        '\u{8f}', '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}',
        'ž', 'Ÿ',
    ];
    let letter = |&byte: &u8| match byte {
        0x80..=0x9F => HIGH[usize::from(byte) - 0x80],
        other => char::from(other),
    };
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_string(),
        Err(_) => bytes.iter().map(letter).collect(),
    }
}

/// A reader in which no line is longer, and none has more separators, than a table can have.
pub(super) struct Limited<R> {
    inner: R,
    separator: u8,
    length: usize,
    fields: usize,
    empty: u64,
}

impl<R> Limited<R> {
    pub fn new(inner: R, separator: u8) -> Self {
        Self { inner, separator, length: 0, fields: 0, empty: 0 }
    }
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(out)?;
        for &byte in &out[..n] {
            self.length += 1;
            self.fields += usize::from(byte == self.separator);
            if byte == b'\n' {
                self.empty += u64::from(self.length <= 2);
                if self.empty > MAX_SKIPPED {
                    return Err(io::Error::new(io::ErrorKind::InvalidData, only_skipped()));
                }
                (self.length, self.fields) = (0, 0);
            }
            if self.length > MAX_LINE || self.fields > MAX_FIELDS {
                let what = format!("a line has more than {MAX_LINE} bytes or {MAX_FIELDS} fields");
                return Err(io::Error::new(io::ErrorKind::InvalidData, what));
            }
        }
        Ok(n)
    }
}

/// The lines of a file, one at a time.
pub(super) struct Lines {
    inner: BufReader<Box<dyn Read>>,
    bytes: Vec<u8>,
    line: String,
    number: u64,
    /// Lines passed over, and their bytes.
    skipped: (u64, usize),
}

impl Lines {
    pub fn open(path: &Path) -> Result<Self> {
        let inner = BufReader::with_capacity(1 << 16, open(path)?);
        Ok(Self { inner, bytes: Vec::new(), line: String::new(), number: 0, skipped: (0, 0) })
    }

    /// The next line, without its end.
    pub fn next(&mut self) -> Result<Option<&str>> {
        self.bytes.clear();
        self.number += 1;
        let mut limited = (&mut self.inner).take(MAX_LINE as u64);
        match limited.read_until(b'\n', &mut self.bytes) {
            Ok(0) => Ok(None),
            Ok(MAX_LINE) => {
                self.bytes.truncate(100);
                self.line = decode(&self.bytes);
                Err(self.error("the line does not end"))
            }
            Ok(_) => {
                while self.bytes.pop_if(|b| matches!(b, b'\n' | b'\r')).is_some() {}
                match std::str::from_utf8(&self.bytes) {
                    Ok(text) => {
                        self.line.clear();
                        self.line.push_str(text);
                    }
                    Err(_) => self.line = decode(&self.bytes),
                }
                Ok(Some(&self.line))
            }
            Err(e) => Err(DataError::damaged(format!("line {}: {e}", self.number))),
        }
    }

    /// Passes over the line read last.
    ///
    /// # Errors
    /// [`DataError::Line`] after too many.
    pub fn skip(&mut self) -> Result<()> {
        let (lines, bytes) = &mut self.skipped;
        *lines += 1;
        *bytes += self.line.len();
        match *lines > MAX_SKIPPED || *bytes > MAX_SKIPPED_BYTES {
            true => Err(DataError::Line { line: self.number, what: only_skipped() }),
            false => Ok(()),
        }
    }

    /// An error about the line read last.
    pub fn error(&self, what: &str) -> DataError {
        let shown: String = self.line.trim_end().chars().take(60).collect();
        DataError::Line { line: self.number, what: format!("{what}, found {shown:?}") }
    }
}

/// Fields between tabs, without the quotes that some programs put around them.
pub(super) fn fields(line: &str) -> Vec<String> {
    let mut fields: Vec<String> = Vec::new();
    let mut open = false;
    for part in line.split('\t') {
        match fields.last_mut().filter(|_| open) {
            // A tab within quotes is part of the name.
            Some(field) => {
                field.push('\t');
                field.push_str(part);
            }
            None => fields.push(part.to_string()),
        }
        let field = fields.last().map_or("", |f| f.trim());
        open = field.starts_with('"') && (field.len() == 1 || !field.ends_with('"'));
    }
    // A quote that nothing closes is a letter.
    if open {
        fields = line.split('\t').map(str::to_string).collect();
    }
    fields.iter().map(|field| unquoted(field.trim()).trim().to_string()).collect()
}

/// A field without quotes around it, of either kind; two quotes within are one.
fn unquoted(field: &str) -> String {
    if let Some(inner) = field.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        return inner.into();
    }
    match field.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(inner) => inner.replace("\"\"", "\""),
        None => field.to_string(),
    }
}

/// Tab-separated rows of at least one field. Blank lines are passed over only at the end.
pub(super) fn rows(path: &Path) -> Result<Vec<Vec<String>>> {
    let read = || {
        let mut lines = Lines::open(path)?;
        let budget = Budget::of_file(path)?;
        let mut rows = Vec::new();
        let mut blank = None;
        while let Some(line) = lines.next()? {
            let row = fields(line);
            if row.iter().all(String::is_empty) {
                blank.get_or_insert_with(|| lines.error("a name was expected"));
                lines.skip()?;
                continue;
            }
            if let Some(error) = blank.take() {
                return Err(error);
            }
            budget.take_texts(&row)?;
            rows.push(row);
        }
        Ok(rows)
    };
    read().map_err(|e: DataError| e.in_file(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_around_fields_are_taken_off() {
        for (line, expected) in [
            ("a\tb", vec!["a", "b"]),
            ("\"a\"\t \"b \" ", vec!["a", "b"]),
            ("\"a\tb\"\tc", vec!["a\tb", "c"]),
            ("\"say \"\"hi\"\"\"", vec!["say \"hi\""]),
            ("\"open\tb", vec!["\"open", "b"]),
            ("5'-\"x\"\tb", vec!["5'-\"x\"", "b"]),
            ("\"\"\tb", vec!["", "b"]),
            ("'ENSG1'\t'MT-CO1'\t'Gene Expression'", vec!["ENSG1", "MT-CO1", "Gene Expression"]),
            ("3'\t'", vec!["3'", "'"]),
            ("\"", vec!["\""]),
        ] {
            assert_eq!(fields(line), expected, "{line}");
        }
    }

    #[test]
    fn other_encodings_are_decoded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t");
        let text = "näme\tβ€😀\n";
        let units: Vec<u16> = text.encode_utf16().collect();
        let joined = |bytes: [u8; 2], of: fn(u16) -> [u8; 2]| -> Vec<u8> {
            bytes.into_iter().chain(units.iter().flat_map(|&u| of(u))).collect()
        };
        for bytes in [
            text.as_bytes().to_vec(),
            [b"\xEF\xBB\xBF", text.as_bytes()].concat(),
            joined([0xFF, 0xFE], u16::to_le_bytes),
            joined([0xFE, 0xFF], u16::to_be_bytes),
        ] {
            std::fs::write(&path, bytes).unwrap();
            assert_eq!(rows(&path).unwrap(), [["näme", "β€😀"]]);
        }
        std::fs::write(&path, b"n\xe4me\t5\x80\n").unwrap();
        assert_eq!(rows(&path).unwrap(), [["näme", "5€"]]);
    }
}
