//! How much the attributes of an object claim.

use super::heap::Index;
use super::{ATTRIBUTE, ATTRIBUTE_INFO, Raw, UNDEFINED, u16_at, u32_at, u64_at};

/// The class of types of variable length.
const VARIABLE: u8 = 9;

impl Raw {
    /// Whether the texts in the attributes of the object at an address are larger than the file,
    /// which they are only where many of them share their place.
    pub fn attributes_are_too_large(&self, at: u64) -> bool {
        let bodies = || {
            let mut bodies = Vec::new();
            for message in self.header(at)?.messages {
                match message.kind {
                    ATTRIBUTE => bodies.push(message.body),
                    ATTRIBUTE_INFO => {
                        let info = &message.body;
                        let at = if info.get(1)? & 1 == 0 { 2 } else { 4 };
                        let (heap, index) = (u64_at(info, at)?, u64_at(info, at + 8)?);
                        if heap != UNDEFINED {
                            bodies.extend(self.dense(heap, index, Index::Attributes)?);
                        }
                    }
                    _ => {}
                }
            }
            Some(bodies)
        };
        let bodies = bodies().unwrap_or_default();
        let sizes = bodies.iter().filter_map(|body| claimed(body));
        sizes.fold(0, u64::saturating_add) > self.len
    }
}

/// Bytes that the values of an attribute claim outside of it.
fn claimed(body: &[u8]) -> Option<u64> {
    let version = *body.first()?;
    let sizes = [u16_at(body, 2)?, u16_at(body, 4)?, u16_at(body, 6)?].map(usize::from);
    let padded = sizes.map(|n| if version == 1 { n.next_multiple_of(8) } else { n });
    let start = if version == 3 { 9 } else { 8 };
    let of = *body.get(start + padded[0])?;
    if of & 15 != VARIABLE {
        return Some(0);
    }
    let values = body.get(start + padded.iter().sum::<usize>()..)?;
    // A length, an address and a number each.
    let lengths = values.chunks_exact(16).filter_map(|value| u32_at(value, 0));
    Some(lengths.map(u64::from).sum())
}
