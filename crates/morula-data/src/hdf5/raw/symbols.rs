//! Groups of old files: a tree of symbol tables, and a heap of names.

use super::links::{Link, Target, body};
use super::{Raw, u16_at, u32_at, u64_at};

impl Raw {
    /// The links of an old group.
    pub(super) fn symbols(&self, tree: u64, heap: u64) -> Option<Vec<Link>> {
        let head = self.read(heap, 32)?;
        if !head.starts_with(b"HEAP") {
            return None;
        }
        let names = self.read(u64_at(&head, 24)?, u64_at(&head, 8)?)?;
        let name = |at: u64| -> Option<&[u8]> {
            let rest = names.get(usize::try_from(at).ok()?..)?;
            rest.split(|&b| b == 0).next()
        };
        let mut links = Vec::new();
        let mut nodes = vec![tree];
        while let Some(node) = nodes.pop() {
            let head = self.read(node, 24)?;
            match &head[..4] {
                b"TREE" => {
                    let n = usize::from(u16_at(&head, 6)?);
                    let entries = self.read(node + 24, 16 * n as u64 + 8)?;
                    // In reverse, so that they come off in order.
                    for i in (0..n).rev() {
                        nodes.push(u64_at(&entries, 16 * i + 8)?);
                    }
                }
                b"SNOD" => {
                    let n = usize::from(u16_at(&head, 6)?);
                    let entries = self.read(node + 8, 40 * n as u64)?;
                    for i in 0..n {
                        let entry = &entries[40 * i..40 * (i + 1)];
                        let name = name(u64_at(entry, 0)?)?;
                        let place = node + 8 + 40 * i as u64 + 8;
                        // A soft link keeps the offset of its path where others keep a cache.
                        let (target, body) = match u32_at(entry, 16)? {
                            2 => {
                                let path = self::path(&names, u32_at(entry, 24)?)?;
                                (Target::Other, body(name, None, path)?)
                            }
                            _ => {
                                let at = u64_at(entry, 8)?;
                                (Target::Hard(at), body(name, Some(at), &[])?)
                            }
                        };
                        let name = String::from_utf8_lossy(name).into_owned();
                        links.push(Link { name, target, body, place: Some(place) });
                    }
                }
                _ => return None,
            }
        }
        Some(links)
    }
}

fn path(names: &[u8], at: u32) -> Option<&[u8]> {
    names.get(at as usize..)?.split(|&b| b == 0).next()
}
