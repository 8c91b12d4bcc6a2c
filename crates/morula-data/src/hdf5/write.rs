//! Writes trees: as a new file, or into an existing file.

use super::{Attr, Data, Group, Leaf, Node, guard_write};
use crate::{DataError, Result};
use hdf5_pure::{
    AttrValue, DatasetBuilder, Datatype, EnumTypeBuilder, File, FileBuilder, GroupBuilder,
    RepackOptions, StagedGroup, make_i8_type,
};
use std::path::Path;

/// Arrays with fewer elements are stored plain, because chunks and filters cost more than they
/// save.
const COMPRESS_FROM: usize = 2048;

/// Elements per chunk. No side of a chunk may exceed 65535: HDF5 2.x rejects such files.
const CHUNK: u64 = 1 << 15;

/// Compression level: most of the gain for a little of the time.
const LEVEL: u32 = 4;

/// A change to a file.
#[derive(Debug)]
pub(crate) enum Edit<'a> {
    /// Remove the object at a path.
    Delete(String),
    /// Put a node at a path that is free, or that an earlier edit deleted.
    Put(String, Node<'a>),
    /// Set an attribute of the group at a path.
    Attr(String, &'static str, Attr),
}

/// Writes a new file at `path` and replaces an existing one.
pub(crate) fn create(path: &Path, root: &Group<'_>) -> Result<()> {
    let boolean = boolean()?;
    let mut file = FileBuilder::new();
    for (name, value) in &root.attrs {
        file.set_attr(name, attr(value));
    }
    for (name, node) in &root.children {
        match node {
            Node::Leaf(leaf) => fill(file.create_dataset(name), leaf, &boolean),
            Node::Group(group) => {
                let mut sub = file.create_group(name);
                build(&mut sub, group, &boolean);
                file.add_group(sub.finish());
            }
        }
    }
    guard_write(|| file.write(path))
}

fn build(into: &mut GroupBuilder, group: &Group<'_>, boolean: &Datatype) {
    for (name, value) in &group.attrs {
        into.set_attr(name, attr(value));
    }
    for (name, node) in &group.children {
        match node {
            Node::Leaf(leaf) => fill(into.create_dataset(name), leaf, boolean),
            Node::Group(group) => {
                let mut sub = into.create_group(name);
                build(&mut sub, group, boolean);
                into.add_group(sub.finish());
            }
        }
    }
}

/// Applies edits to the file at `path`. After an error the file keeps its old content.
///
/// Everything that no edit names stays byte for byte in its place.
pub(crate) fn edit(path: &Path, edits: &[Edit<'_>]) -> Result<()> {
    let boolean = boolean()?;
    guard_write(|| {
        let file = File::open_rw(path)?;
        let root = file.root();
        for edit in edits {
            match edit {
                Edit::Delete(at) => root.delete(at)?,
                Edit::Attr(at, name, value) => file.group(at)?.set_attr(name, attr(value))?,
                Edit::Put(at, Node::Leaf(leaf)) => {
                    root.create_dataset(at, |set| fill(set, leaf, &boolean))?;
                }
                Edit::Put(at, Node::Group(group)) => {
                    root.create_group_with(at, |sub| stage(sub, group, &boolean))?;
                }
            }
        }
        file.commit()?;
        drop(root);
        file.close()
    })
}

fn stage(into: &mut StagedGroup<'_>, group: &Group<'_>, boolean: &Datatype) {
    for (name, value) in &group.attrs {
        into.set_attr(name, attr(value));
    }
    for (name, node) in &group.children {
        match node {
            Node::Leaf(leaf) => {
                into.create_dataset(name, |set| fill(set, leaf, boolean));
            }
            Node::Group(group) => {
                into.create_group_with(name, |sub| stage(sub, group, boolean));
            }
        }
    }
}

/// Writes all objects of `from`, unchanged, to a new file at `to`.
pub(crate) fn repack(from: &Path, to: &Path) -> Result<()> {
    guard_write(|| hdf5_pure::repack(from, to, &RepackOptions::new()))
}

/// The type that h5py uses for truth values.
fn boolean() -> Result<Datatype> {
    let members = EnumTypeBuilder::with_base(make_i8_type()).value("FALSE", 0).value("TRUE", 1);
    members.build().map_err(|e| DataError::unsupported(e.to_string()))
}

fn fill(set: &mut DatasetBuilder, leaf: &Leaf<'_>, boolean: &Datatype) {
    match &leaf.data {
        Data::F32(v) => set.with_f32_data(v),
        Data::F64(v) => set.with_f64_data(v),
        Data::I8(v) => set.with_i8_data(v),
        Data::I32(v) => set.with_i32_data(v),
        Data::I64(v) => set.with_i64_data(v),
        Data::Bool(v) => {
            let bytes = v.iter().map(|&b| u8::from(b)).collect();
            set.with_raw_data(boolean.clone(), bytes, v.len() as u64)
        }
        Data::Raw(of, bytes) => {
            set.with_raw_data(of.clone(), bytes.clone(), leaf.data.len() as u64)
        }
        Data::Text(v) => {
            let texts: Vec<&str> = v.iter().map(AsRef::as_ref).collect();
            set.with_vlen_strings(&texts)
        }
    };
    set.with_shape(&leaf.shape);
    if leaf.data.len() >= COMPRESS_FROM && !matches!(leaf.data, Data::Text(_)) {
        set.with_chunks(&chunks(&leaf.shape)).with_shuffle().with_deflate(LEVEL);
    }
    for (name, value) in &leaf.attrs {
        set.set_attr(name, attr(value));
    }
}

/// Chunks of about [`CHUNK`] elements: whole rows if rows are short, else parts of a row.
fn chunks(shape: &[u64]) -> Vec<u64> {
    let mut room = CHUNK;
    let mut out: Vec<u64> = shape
        .iter()
        .rev()
        .map(|&d| {
            let side = d.clamp(1, room);
            room = (room / side).max(1);
            side
        })
        .collect();
    out.reverse();
    out
}

fn attr(value: &Attr) -> AttrValue {
    match value {
        Attr::Text(text) => AttrValue::VarLenString(text.clone()),
        Attr::Texts(texts) => AttrValue::VarLenStringArray(texts.clone()),
        Attr::Int(int) => AttrValue::I64(*int),
        Attr::Bool(truth) => AttrValue::U8((*truth).into()),
        Attr::Ints(ints) => AttrValue::I64Array(ints.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::chunks;

    #[test]
    fn chunk_dimensions_stay_within_what_hdf5_2_opens() {
        for shape in [vec![10_000_000], vec![100_000, 3], vec![3, 500_000], vec![70_000, 70_000]] {
            let chunk = chunks(&shape);
            assert!(chunk.iter().all(|&d| (1..=65535).contains(&d)), "{shape:?} {chunk:?}");
            assert!(chunk.iter().product::<u64>() <= super::CHUNK);
        }
        assert_eq!(chunks(&[5000, 50]), [655, 50]);
    }
}
