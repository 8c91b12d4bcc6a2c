//! The links of a group, in each of the three ways in which files keep them.

use super::heap::Index;
use super::{LINK, LINK_INFO, Raw, SYMBOL_TABLE, UNDEFINED, le, u16_at, u64_at};

/// A link of a group.
#[derive(Debug, Clone)]
pub(in crate::hdf5) struct Link {
    pub name: String,
    pub target: Target,
    /// The link as the body of a message.
    pub(super) body: Vec<u8>,
    /// Where an old group keeps the address of the object.
    pub place: Option<u64>,
}

/// What a link leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::hdf5) enum Target {
    /// The object at an address.
    Hard(u64),
    /// A path, in this file or another one.
    Other,
}

impl Link {
    pub fn address(&self) -> Option<u64> {
        match self.target {
            Target::Hard(at) => Some(at),
            Target::Other => None,
        }
    }
}

/// How a group keeps its links.
pub(super) enum Storage {
    /// In its header.
    Compact,
    /// In a heap, with an index: its addresses.
    Dense { heap: u64, index: u64 },
    /// In a tree of symbol tables, with a heap of names: its addresses.
    Symbols { tree: u64, heap: u64 },
}

/// What the header of a group says of its links.
pub(super) struct Group {
    pub storage: Storage,
    /// The number of the next link, where the group tracks the order of creation.
    pub next: Option<u64>,
}

impl Raw {
    pub(super) fn group(&self, header: &super::Header) -> Option<Group> {
        for message in &header.messages {
            let body = &message.body;
            match message.kind {
                SYMBOL_TABLE => {
                    let storage =
                        Storage::Symbols { tree: u64_at(body, 0)?, heap: u64_at(body, 8)? };
                    return Some(Group { storage, next: None });
                }
                LINK_INFO => {
                    let tracked = body.get(1)? & 1 != 0;
                    let next = if tracked { Some(u64_at(body, 2)?) } else { None };
                    let at = if tracked { 10 } else { 2 };
                    let (heap, index) = (u64_at(body, at)?, u64_at(body, at + 8)?);
                    let storage = match heap {
                        UNDEFINED => Storage::Compact,
                        heap => Storage::Dense { heap, index },
                    };
                    return Some(Group { storage, next });
                }
                _ => {}
            }
        }
        None
    }

    /// All links of the group at an address; `None` where that is no group.
    pub fn links(&self, at: u64) -> Option<Vec<Link>> {
        let header = self.header(at)?;
        match self.group(&header)?.storage {
            Storage::Compact => {
                let links = header.messages.into_iter().filter(|m| m.kind == LINK);
                links.map(|m| parse(m.body)).collect()
            }
            Storage::Dense { heap, index } => {
                self.dense(heap, index, Index::Links)?.into_iter().map(parse).collect()
            }
            Storage::Symbols { tree, heap } => self.symbols(tree, heap),
        }
    }
}

/// Reads a link from the body of its message.
pub(super) fn parse(body: Vec<u8>) -> Option<Link> {
    let flags = *body.get(1)?;
    let mut at = 2;
    let kind = if flags & 8 == 0 { 0 } else { *body.get(at)? };
    at += usize::from(flags & 8 != 0) + if flags & 4 == 0 { 0 } else { 8 };
    at += usize::from(flags & 16 != 0);
    let width = 1usize << (flags & 3);
    let len = usize::try_from(le(body.get(at..at + width)?)).ok()?;
    at += width;
    let name = body.get(at..at.checked_add(len)?)?;
    let name = String::from_utf8_lossy(name).into_owned();
    let target = match kind {
        0 => Target::Hard(u64_at(&body, at + len)?),
        _ => Target::Other,
    };
    // A link may be cut short only where something follows that is not read here.
    u16_at(&body, 0)?;
    Some(Link { name, target, body, place: None })
}

/// The body of the message of a link.
pub(super) fn body(name: &[u8], address: Option<u64>, path: &[u8]) -> Option<Vec<u8>> {
    let utf8 = !name.is_ascii();
    let len = u16::try_from(name.len()).ok()?;
    let soft = u8::from(address.is_none());
    let mut body = vec![1, 1 | (soft << 3) | (u8::from(utf8) << 4)];
    body.extend((soft == 1).then_some(1));
    body.extend(utf8.then_some(1));
    body.extend(len.to_le_bytes());
    body.extend(name);
    match address {
        Some(address) => body.extend(address.to_le_bytes()),
        None => {
            body.extend(u16::try_from(path.len()).ok()?.to_le_bytes());
            body.extend(path);
        }
    }
    Some(body)
}
