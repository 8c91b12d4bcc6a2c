//! Rewrites a group so that its links lie in its header, where the HDF5 library can edit them.
//!
//! The objects stay where they are, and so do their addresses, links of other kinds, attributes
//! and the order of creation. The header of the group stays in its place too: its first chunk only
//! leads to a new one at the end of the file.

use super::checksum::checksum;
use super::links::Storage;
use super::{
    ATTRIBUTE, ATTRIBUTE_INFO, CONTINUATION, GROUP_INFO, Header, LINK_INFO, Message, NIL,
    REFERENCES, Raw, UNDEFINED,
};
use crate::{DataError, Result};
use std::collections::{BTreeMap, HashSet};

/// Most links that a group may keep in its header.
const MAX_LINKS: usize = 65_535;

impl Raw {
    /// The groups that the library cannot edit, or that would lose links, among those at some
    /// paths; and those anywhere at which it fails when it looks for links. Their addresses, with
    /// a name for messages.
    pub fn to_compact<'a>(&self, paths: impl Iterator<Item = &'a str>) -> BTreeMap<u64, String> {
        let found = paths.filter_map(|path| Some((self.find(path)?, format!("the group /{path}"))));
        let edited = found.filter(|(at, _)| self.needs_compact(*at));
        let others = self.with_old_soft_links().into_iter();
        others.map(|at| (at, "a group with links to paths".to_string())).chain(edited).collect()
    }

    fn needs_compact(&self, at: u64) -> bool {
        let needs = || {
            let header = self.header(at)?;
            let group = self.group(&header)?;
            let links = self.links(at)?;
            Some(match group.storage {
                Storage::Dense { .. } => true,
                // The library keeps only links to objects when it converts an old header.
                _ if header.version == 1 => links.iter().any(|link| link.address().is_none()),
                // A tracked group may hold few links in its header, unless it says otherwise.
                _ => group.next.is_some() && !self.allows_many(at),
            })
        };
        needs().unwrap_or(false)
    }

    /// Old groups with soft links, wherever they are.
    fn with_old_soft_links(&self) -> Vec<u64> {
        let mut found = Vec::new();
        if self.superblock.version > 1 {
            return found;
        }
        let (mut seen, mut next) = (HashSet::from([self.root()]), vec![self.root()]);
        while let Some(at) = next.pop() {
            let group = self.header(at).and_then(|header| self.group(&header));
            let (Some(group), Some(links)) = (group, self.links(at)) else { continue };
            let old = matches!(group.storage, Storage::Symbols { .. });
            if old && links.iter().any(|link| link.address().is_none()) {
                found.push(at);
            }
            next.extend(
                links.iter().filter_map(|link| link.address()).filter(|at| seen.insert(*at)),
            );
        }
        found
    }

    fn allows_many(&self, at: u64) -> bool {
        let header = self.header(at);
        let info = header.and_then(|h| h.messages.into_iter().find(|m| m.kind == GROUP_INFO));
        info.is_some_and(|m| {
            m.body.get(1..4).is_some_and(|b| b[0] & 1 != 0 && b[1..] == [255, 255])
        })
    }

    /// Checks that one link alone leads to the group at a path: an edit moves its header.
    pub fn has_one_link(&self, path: &str) -> Result<()> {
        let several = || Some(self.header(self.find(path)?)?.references > 1);
        if several() != Some(true) {
            return Ok(());
        }
        Err(DataError::unsupported(format!(
            "several links of the file lead to the group {path}, which cannot be added to then; \
             write the file anew, in Python: anndata.read_h5ad(path).write_h5ad(other_path)"
        )))
    }

    /// Whether [`compact`](Self::compact) can rewrite the group at an address.
    pub fn can_compact(&self, at: u64, name: &str) -> Result<()> {
        self.plan(at, name).map(drop)
    }

    /// The header of a group, and the messages of its new chunk.
    fn plan(&self, at: u64, name: &str) -> Result<(Header, Vec<Message>)> {
        let plan = || {
            let header = self.header(at)?;
            let group = self.group(&header)?;
            let links = self.links(at)?;
            let message = |kind, body| {
                let (order, chunk) = ([0; 2], (0, 0));
                Message { kind, flags: 0, order, body, at: 0, chunk }
            };
            let mut info = vec![0, u8::from(group.next.is_some())];
            info.extend(group.next.iter().flat_map(|next| next.to_le_bytes()));
            info.extend([UNDEFINED.to_le_bytes(); 2].concat());
            // So many links, and one less to go back.
            let many = [0, 1, 255, 255, 254, 255].to_vec();
            let mut messages = vec![message(LINK_INFO, info), message(GROUP_INFO, many)];
            if header.references > 1 {
                let body = [&[0][..], &header.references.to_le_bytes()].concat();
                messages.push(message(REFERENCES, body));
            }
            // Comments and times of change are kept where the format of headers is the same.
            let kept = |m: &&Message| match m.kind {
                ATTRIBUTE | ATTRIBUTE_INFO => true,
                kind => {
                    header.version == 2
                        && ![NIL, LINK_INFO, GROUP_INFO, REFERENCES, super::LINK].contains(&kind)
                }
            };
            messages.extend(header.messages.iter().filter(kept).cloned());
            messages.extend(links.into_iter().map(|link| message(super::LINK, link.body)));
            Some((header, messages))
        };
        let (header, messages) = plan().ok_or_else(|| {
            DataError::unsupported(format!(
                "{name} keeps its members in a way that cannot be added to here; write \
                 the file anew, in Python: anndata.read_h5ad(path).write_h5ad(other_path)"
            ))
        })?;
        let n_links = messages.iter().filter(|m| m.kind == super::LINK).count();
        let room = if header.version == 2 { header.body.1 } else { header.body.1 + 5 };
        if n_links > MAX_LINKS || room < 22 || messages.iter().any(|m| m.body.len() > 65_535) {
            let what = format!("{name} has {n_links} members, too many to add to here");
            return Err(DataError::unsupported(what));
        }
        Ok((header, messages))
    }

    /// Rewrites the group at an address.
    pub fn compact(&mut self, at: u64, name: &str) -> Result<()> {
        let (header, messages) = self.plan(at, name)?;
        // The order of creation of attributes is tracked in all messages or in none.
        let tracked = header.version == 2 && header.flags & 4 != 0;
        let mut chunk = b"OCHK".to_vec();
        for m in &messages {
            put(&mut chunk, m, tracked);
        }
        chunk.extend(checksum(&chunk).to_le_bytes());
        let start = self.len.max(self.superblock.eof).next_multiple_of(8);
        let io = |e| DataError::io("write")(e);
        self.write(start, &chunk).map_err(io)?;
        let lead = [start.to_le_bytes(), (chunk.len() as u64).to_le_bytes()].concat();
        let (prefix, size) = match header.version {
            2 => {
                let len = header.body.0 - at;
                let prefix = self.read(at, len).ok_or_else(|| DataError::damaged(name))?;
                (prefix, header.body.1)
            }
            // The space of the old header: its prefix of 16 bytes and its messages.
            _ => {
                let size = (header.body.1 + 16 - 7 - 4).min(255);
                ([&b"OHDR"[..], &[2, 0, size as u8]].concat(), size)
            }
        };
        let mut first = prefix;
        let end = first.len() + size as usize;
        let (order, flags) = ([0; 2], 0);
        let message = |kind, body| Message { kind, flags, order, body, at: 0, chunk: (0, 0) };
        put(&mut first, &message(CONTINUATION, lead), tracked);
        let head = if tracked { 6 } else { 4 };
        if let Some(rest) = (end - first.len()).checked_sub(head).filter(|&rest| rest <= 65_535) {
            put(&mut first, &message(NIL, vec![0; rest]), tracked);
        }
        first.resize(end, 0);
        first.extend(checksum(&first).to_le_bytes());
        self.write(at, &first).map_err(io)?;
        let eof = self.len;
        self.set_eof(eof).map_err(io)
    }

    /// States the new end of the file. An old file also caches where the links of the root are.
    fn set_eof(&mut self, eof: u64) -> std::io::Result<()> {
        self.superblock.eof = eof;
        match self.superblock.version {
            version @ (0 | 1) => {
                let at = if version == 0 { 24 } else { 28 };
                self.write(at + 16, &eof.to_le_bytes())?;
                self.write(at + 48, &[0; 24])
            }
            _ => {
                let Some(mut block) = self.read(0, 44) else {
                    return Err(std::io::ErrorKind::UnexpectedEof.into());
                };
                block[28..36].copy_from_slice(&eof.to_le_bytes());
                let sum = checksum(&block);
                self.write(28, &eof.to_le_bytes())?;
                self.write(44, &sum.to_le_bytes())
            }
        }
    }
}

/// Appends a message of a header of version 2.
fn put(chunk: &mut Vec<u8>, message: &Message, tracked: bool) {
    chunk.push(message.kind as u8);
    chunk.extend((message.body.len() as u16).to_le_bytes());
    chunk.push(message.flags);
    if tracked {
        chunk.extend(message.order);
    }
    chunk.extend(&message.body);
}
