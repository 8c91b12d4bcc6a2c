//! The structure of an HDF5 file: headers of objects, and the links of groups.
//!
//! The HDF5 library reads and writes values, but it shows only hard links, without the address of
//! their object, edits no group that has many links or soft links, and writes no boolean
//! attributes. This module does that, for files with addresses of 8 bytes, as all programs write
//! them. The format is that of the
//! [HDF5 File Format Specification, version 3.0](https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html).
//!
//! Everything here returns `None` for what is damaged or unknown; the library then says what is
//! wrong. Each byte that is read costs fuel, so that loops end.

mod attributes;
mod boolean;
mod checksum;
mod compact;
mod heap;
mod links;
mod symbols;

pub(super) use boolean::STAND_IN;

use std::cell::Cell;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};

/// An address that leads nowhere.
pub(super) const UNDEFINED: u64 = u64::MAX;

/// Types of messages in the header of an object.
const NIL: u16 = 0x00;
const LINK_INFO: u16 = 0x02;
const LINK: u16 = 0x06;
const GROUP_INFO: u16 = 0x0A;
const ATTRIBUTE: u16 = 0x0C;
const CONTINUATION: u16 = 0x10;
const SYMBOL_TABLE: u16 = 0x11;
const ATTRIBUTE_INFO: u16 = 0x15;
const REFERENCES: u16 = 0x16;

/// An open file.
pub(super) struct Raw {
    file: File,
    len: u64,
    fuel: Cell<u64>,
    superblock: Superblock,
}

#[derive(Debug, Clone, Copy)]
struct Superblock {
    version: u8,
    eof: u64,
    root: u64,
}

/// A message of a header, and where it lies in the file.
#[derive(Debug, Clone)]
struct Message {
    kind: u16,
    flags: u8,
    /// Creation order of an attribute, where the header tracks it.
    order: [u8; 2],
    body: Vec<u8>,
    at: u64,
    /// The chunk of the header that holds it: its start and its end, before the checksum.
    chunk: (u64, u64),
}

/// The header of an object.
#[derive(Debug, Clone)]
struct Header {
    version: u8,
    flags: u8,
    /// Where the messages of the first chunk begin, and their size.
    body: (u64, u64),
    references: u32,
    messages: Vec<Message>,
}

impl Raw {
    pub fn open(mut file: File) -> Option<Self> {
        let len = file.seek(SeekFrom::End(0)).ok()?;
        let fuel = Cell::new(len.saturating_mul(64).saturating_add(1 << 26));
        let superblock = Superblock { version: 0, eof: 0, root: 0 };
        let mut raw = Self { file, len, fuel, superblock };
        let start = raw.read(0, 12)?;
        if !start.starts_with(b"\x89HDF\r\n\x1a\n") {
            return None;
        }
        raw.superblock = match start[8] {
            version @ (0 | 1) => {
                let rest = raw.read(0, 28 + 72)?;
                let at = if version == 0 { 24 } else { 28 };
                let word = |i: usize| u64_at(&rest, at + 8 * i);
                if rest[13..15] != [8, 8] || word(0)? != 0 {
                    return None;
                }
                Superblock { version, eof: word(2)?, root: word(5)? }
            }
            version @ (2 | 3) => {
                let rest = raw.read(0, 48)?;
                if rest[9..11] != [8, 8] || u64_at(&rest, 12)? != 0 {
                    return None;
                }
                Superblock { version, eof: u64_at(&rest, 28)?, root: u64_at(&rest, 36)? }
            }
            _ => return None,
        };
        Some(raw)
    }

    pub fn root(&self) -> u64 {
        self.superblock.root
    }

    /// Bytes of the file, if there are so many.
    fn read(&self, at: u64, len: u64) -> Option<Vec<u8>> {
        let end = at.checked_add(len)?;
        self.fuel.set(self.fuel.get().checked_sub(len + 64)?);
        if end > self.len {
            return None;
        }
        let mut bytes = vec![0; usize::try_from(len).ok()?];
        let mut file = &self.file;
        file.seek(SeekFrom::Start(at)).ok()?;
        file.read_exact(&mut bytes).ok()?;
        Some(bytes)
    }

    fn write(&mut self, at: u64, bytes: &[u8]) -> std::io::Result<()> {
        self.file.seek(SeekFrom::Start(at))?;
        self.file.write_all(bytes)?;
        self.len = self.len.max(at + bytes.len() as u64);
        Ok(())
    }

    /// The header at an address, with the messages of all its chunks.
    fn header(&self, at: u64) -> Option<Header> {
        match self.read(at, 4)?.as_slice() {
            b"OHDR" => self.header_2(at),
            _ => self.header_1(at),
        }
    }

    fn header_1(&self, at: u64) -> Option<Header> {
        let prefix = self.read(at, 16)?;
        let size = u64::from(u32_at(&prefix, 8)?);
        if prefix[0] != 1 {
            return None;
        }
        let references = u32_at(&prefix, 4)?;
        let body = (at + 16, size);
        let mut header = Header { version: 1, flags: 0, body, references, messages: Vec::new() };
        let mut chunks = vec![body];
        while let Some((start, size)) = chunks.pop() {
            let bytes = self.read(start, size)?;
            let mut p = 0;
            while p + 8 <= bytes.len() {
                let (kind, len) = (u16_at(&bytes, p)?, usize::from(u16_at(&bytes, p + 2)?));
                let body = bytes.get(p + 8..p + 8 + len)?.to_vec();
                if kind == CONTINUATION {
                    chunks.push((u64_at(&body, 0)?, u64_at(&body, 8)?));
                } else {
                    let at = start + p as u64 + 8;
                    let flags = bytes[p + 4];
                    let chunk = (start, start + size);
                    header.messages.push(Message { kind, flags, order: [0; 2], body, at, chunk });
                }
                p += 8 + len;
            }
        }
        Some(header)
    }

    fn header_2(&self, at: u64) -> Option<Header> {
        let prefix = self.read(at, 6)?;
        let flags = prefix[5];
        if prefix[4] != 2 {
            return None;
        }
        let times = if flags & 0x20 == 0 { 0 } else { 16 };
        let phase = if flags & 0x10 == 0 { 0 } else { 4 };
        let width = 1 << (flags & 3);
        let size_at = at + 6 + times + phase;
        let size = le(&self.read(size_at, width)?);
        let body = (size_at + width, size);
        let mut header = Header { version: 2, flags, body, references: 1, messages: Vec::new() };
        // Where a chunk begins, where its messages begin, and where they end.
        let mut chunks = vec![(at, body.0, body.0.checked_add(size)?)];
        while let Some((chunk, start, end)) = chunks.pop() {
            let bytes = self.read(start, end.checked_sub(start)?)?;
            let head = if flags & 4 == 0 { 4 } else { 6 };
            let mut p = 0;
            while p + head <= bytes.len() {
                let (kind, len) = (u16::from(bytes[p]), usize::from(u16_at(&bytes, p + 1)?));
                let body = bytes.get(p + head..p + head + len)?.to_vec();
                let order = if head == 6 { [bytes[p + 4], bytes[p + 5]] } else { [0; 2] };
                match kind {
                    CONTINUATION => {
                        let (next, size) = (u64_at(&body, 0)?, u64_at(&body, 8)?);
                        if self.read(next, 4)? != b"OCHK" {
                            return None;
                        }
                        let end = next.checked_add(size)?.checked_sub(4)?;
                        chunks.push((next, next + 4, end));
                    }
                    REFERENCES => header.references = u32_at(&body, 1)?,
                    _ => {}
                }
                if kind != CONTINUATION {
                    let at = start + (p + head) as u64;
                    let (flags, chunk) = (bytes[p + 3], (chunk, end));
                    header.messages.push(Message { kind, flags, order, body, at, chunk });
                }
                p += head + len;
            }
        }
        Some(header)
    }

    /// The address of the object at a path. Only hard links lead to one.
    pub fn find(&self, path: &str) -> Option<u64> {
        let names = path.split('/').filter(|name| !name.is_empty());
        names.into_iter().try_fold(self.root(), |at, name| {
            self.links(at)?.into_iter().find(|link| link.name == name)?.address()
        })
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

/// Up to 8 bytes as a number.
fn le(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |n, &b| n << 8 | u64::from(b))
}
