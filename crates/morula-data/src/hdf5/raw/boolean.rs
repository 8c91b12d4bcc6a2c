//! Attributes that hold a truth value, as h5py writes them: an enumeration of FALSE and TRUE.
//!
//! The HDF5 library writes no such attribute. It writes a text of the same size instead, which is
//! replaced here.

use super::checksum::checksum;
use super::{ATTRIBUTE, Raw, u16_at};
use std::collections::HashMap;

/// Size of the text in whose place the truth value goes: both attributes have the same size then.
pub(in crate::hdf5) const STAND_IN: u32 = 31;

/// The type: an enumeration of version 1 over integers of one byte.
const TYPE: [u8; 38] = [
    0x18, 2, 0, 0, 1, 0, 0, 0, // enumeration, 2 members, 1 byte
    0x10, 8, 0, 0, 1, 0, 0, 0, 0, 0, 8, 0, // signed integer of 8 bits
    b'F', b'A', b'L', b'S', b'E', 0, 0, 0, b'T', b'R', b'U', b'E', 0, 0, 0, 0, //
    0, 1,
];

impl Raw {
    /// Makes text attributes of objects truth values: path, name and value of each.
    pub fn set_booleans(&mut self, all: &[(String, &str, bool)]) -> Option<()> {
        // Each group is listed once.
        let mut groups: HashMap<&str, HashMap<String, u64>> = HashMap::new();
        for (path, name, value) in all {
            let (group, object) = path.rsplit_once('/').unwrap_or(("", path));
            if !groups.contains_key(group) {
                let links = self.links(self.find(group)?)?.into_iter();
                let links = links.filter_map(|link| Some((link.name.clone(), link.address()?)));
                groups.insert(group, links.collect());
            }
            let at = if object.is_empty() { self.root() } else { *groups[group].get(object)? };
            self.set_boolean(at, name, *value)?;
        }
        Some(())
    }

    fn set_boolean(&mut self, at: u64, name: &str, value: bool) -> Option<()> {
        let header = self.header(at).filter(|header| header.version == 2)?;
        let named = |body: &[u8]| {
            let len = usize::from(u16_at(body, 2)?);
            let start = if body[0] == 3 { 9 } else { 8 };
            Some(body.get(start..start + len)?.strip_suffix(b"\0")? == name.as_bytes())
        };
        let messages = header.messages.iter();
        let mut named = messages.filter(|m| m.kind == ATTRIBUTE && named(&m.body) == Some(true));
        let message = named.next()?;
        let version = message.body[0];
        let mut body = vec![version, 0];
        body.extend((name.len() as u16 + 1).to_le_bytes());
        body.extend((TYPE.len() as u16).to_le_bytes());
        // A scalar; version 3 adds that the name is in ASCII.
        body.extend([4, 0]);
        body.extend((version == 3).then_some(0));
        body.extend(name.as_bytes());
        body.push(0);
        body.extend(TYPE);
        body.extend([2, 0, 0, 0, u8::from(value)]);
        if body.len() != message.body.len() {
            return None;
        }
        let (start, end) = message.chunk;
        let mut chunk = self.read(start, end.checked_sub(start)?)?;
        let place = usize::try_from(message.at.checked_sub(start)?).ok()?;
        chunk.get_mut(place..place + body.len())?.copy_from_slice(&body);
        self.write(message.at, &body).ok()?;
        self.write(end, &checksum(&chunk).to_le_bytes()).ok()
    }
}
