//! Links in dense storage: objects in a fractal heap, which a tree of the second version indexes.

use super::{Raw, UNDEFINED, le, u16_at, u32_at, u64_at};

/// Deepest nesting of blocks and of nodes; each level holds many.
const MAX_DEPTH: u32 = 8;

/// A fractal heap whose objects are not packed.
struct Heap {
    id_len: usize,
    /// Bytes of an offset and of a length.
    offset_width: usize,
    length_width: usize,
    width: u64,
    start: u64,
    max_direct: u64,
    max_bits: u32,
    root: u64,
    /// The tree of the large objects.
    large: u64,
    /// Rows of the root, 0 where it is a direct block.
    rows: u64,
}

/// What a tree indexes: its type, and where its records hold the identifier of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Index {
    Links,
    Attributes,
}

impl Raw {
    /// The objects of a heap, in the order of its index.
    pub(super) fn dense(&self, heap: u64, index: u64, of: Index) -> Option<Vec<Vec<u8>>> {
        let heap = self.heap(heap)?;
        let id = heap.id_len;
        let (kind, len, at) = match of {
            Index::Links => (5, 4 + id, 4),
            Index::Attributes => (8, id + 9, 0),
        };
        let records = self.records(index, kind, len)?;
        records.iter().map(|record| self.object(&heap, &record[at..at + id])).collect()
    }

    /// The records of a tree of this type, in order.
    fn records(&self, index: u64, kind: u8, record: usize) -> Option<Vec<Vec<u8>>> {
        let head = self.read(index, 38)?;
        if !head.starts_with(b"BTHD") || head[5] != kind {
            return None;
        }
        let node_size = u64::from(u32_at(&head, 6)?);
        let depth = u32::from(u16_at(&head, 12)?);
        let (root, n) = (u64_at(&head, 16)?, usize::from(u16_at(&head, 24)?));
        let total = u64_at(&head, 26)?;
        if record != usize::from(u16_at(&head, 10)?) || depth > MAX_DEPTH || total > self.len {
            return None;
        }
        let mut records = Vec::new();
        if root != UNDEFINED {
            self.node(&Tree { node_size, record, total }, (root, n), depth, &mut records)?;
        }
        (records.len() as u64 == total).then_some(records)
    }

    fn heap(&self, at: u64) -> Option<Heap> {
        let head = self.read(at, 146)?;
        let filters = u16_at(&head, 7)?;
        if !head.starts_with(b"FRHP") || filters != 0 {
            return None;
        }
        let max_bits = u32::from(u16_at(&head, 128)?);
        let (width, max_object) = (u64::from(u16_at(&head, 110)?), u32_at(&head, 10)?);
        let (start, max_direct) = (u64_at(&head, 112)?, u64_at(&head, 120)?);
        if width == 0 || start == 0 || max_direct < start || max_bits > 64 {
            return None;
        }
        let bytes_for = |max: u64| (64 - max.leading_zeros()).div_ceil(8).max(1) as usize;
        Some(Heap {
            id_len: usize::from(u16_at(&head, 5)?),
            offset_width: max_bits.div_ceil(8) as usize,
            length_width: bytes_for(max_direct.min(max_object.into())),
            width,
            start,
            max_direct,
            max_bits,
            root: u64_at(&head, 132)?,
            large: u64_at(&head, 22)?,
            rows: u16_at(&head, 140)?.into(),
        })
    }

    fn node(
        &self,
        tree: &Tree,
        (at, n): (u64, usize),
        depth: u32,
        records: &mut Vec<Vec<u8>>,
    ) -> Option<()> {
        let node = self.read(at, tree.node_size)?;
        let sign: &[u8] = if depth == 0 { b"BTLF" } else { b"BTIN" };
        if !node.starts_with(sign) {
            return None;
        }
        let record = |i: usize| node.get(6 + i * tree.record..6 + (i + 1) * tree.record);
        // Children follow the records: an address, and how many records are in and below it.
        let (n_width, total_width) = tree.widths(depth);
        let step = 8 + n_width + if depth > 1 { total_width } else { 0 };
        let children = 6 + n * tree.record;
        for i in 0..=n {
            if depth > 0 {
                let child = node.get(children + i * step..children + (i + 1) * step)?;
                let n = usize::try_from(le(&child[8..8 + n_width])).ok()?;
                self.node(tree, (u64_at(child, 0)?, n), depth - 1, records)?;
            }
            if i < n {
                records.push(record(i)?.to_vec());
                if records.len() as u64 > tree.total {
                    return None;
                }
            }
        }
        Some(())
    }

    /// The object of an identifier.
    fn object(&self, heap: &Heap, id: &[u8]) -> Option<Vec<u8>> {
        match id.first()? >> 4 & 3 {
            0 => {
                let (o, l) = (1 + heap.offset_width, heap.length_width);
                let (offset, len) = (le(id.get(1..o)?), le(id.get(o..o + l)?));
                let (block, start) = self.block(heap, heap.root, heap.rows, 0, offset, 0)?;
                self.read(block.checked_add(offset.checked_sub(start)?)?, len)
            }
            // An object too large for a block lies alone; a tree knows where.
            1 => {
                let number = le(id.get(1..)?.get(..8.min(id.len() - 1))?);
                let records = self.records(heap.large, 1, 24)?;
                let found = records.iter().find(|r| u64_at(r, 16) == Some(number))?;
                self.read(u64_at(found, 0)?, u64_at(found, 8)?)
            }
            // Within the identifier itself.
            2 => {
                let len = usize::from(id[0] & 15) + 1;
                Some(id.get(1..1 + len)?.to_vec())
            }
            _ => None,
        }
    }

    /// The direct block that holds an offset: its address and its own offset.
    fn block(
        &self,
        heap: &Heap,
        at: u64,
        rows: u64,
        start: u64,
        offset: u64,
        depth: u32,
    ) -> Option<(u64, u64)> {
        if rows == 0 {
            return Some((at, start));
        }
        let direct_rows = heap.row_of(heap.max_direct) + 1;
        let mut entry = at + 13 + u64::from(heap.max_bits.div_ceil(8));
        let mut from = start;
        for row in 0..rows {
            let size = heap.row_size(row)?;
            for _ in 0..heap.width {
                let end = from.checked_add(size)?;
                if offset < end {
                    let child = u64_at(&self.read(entry, 8)?, 0)?;
                    if child == UNDEFINED || depth >= MAX_DEPTH {
                        return None;
                    }
                    let rows = if row < direct_rows { 0 } else { heap.rows_of(size)? };
                    return self.block(heap, child, rows, from, offset, depth + 1);
                }
                from = end;
                entry += 8;
            }
        }
        None
    }
}

impl Heap {
    /// Size of the blocks of a row: the first two are alike, and then it doubles.
    fn row_size(&self, row: u64) -> Option<u64> {
        self.start.checked_shl(u32::try_from(row.saturating_sub(1)).ok()?).filter(|&s| s > 0)
    }

    /// The last row of blocks of this size.
    fn row_of(&self, size: u64) -> u64 {
        u64::from((size / self.start).max(1).ilog2()) + 1
    }

    /// Rows of an indirect block that covers this size.
    fn rows_of(&self, size: u64) -> Option<u64> {
        let first_row = self.start.checked_mul(self.width)?;
        Some(u64::from((size / first_row).max(1).ilog2()) + 1)
    }
}

/// What is common to the nodes of a tree.
struct Tree {
    node_size: u64,
    record: usize,
    total: u64,
}

impl Tree {
    /// Bytes of the number of records in a child, and of those in it and below, for a node of some
    /// depth. They follow from how many fit.
    fn widths(&self, depth: u32) -> (usize, usize) {
        let bytes_for = |max: u64| (64 - max.leading_zeros()).div_ceil(8).max(1) as usize;
        let room = self.node_size.saturating_sub(10);
        let record = self.record as u64;
        let leaf = room / record.max(1);
        let n_width = bytes_for(leaf);
        let (mut below, mut total_width) = (leaf, 0);
        for level in 1..depth {
            let pointer = 8 + n_width as u64 + if level > 1 { total_width as u64 } else { 0 };
            let fit = room.saturating_sub(pointer) / (record + pointer);
            below = (fit + 1).saturating_mul(below).saturating_add(fit);
            total_width = bytes_for(below);
        }
        (n_width, total_width)
    }
}
