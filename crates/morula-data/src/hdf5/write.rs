//! Writes trees: as a new file, or into an existing file.

use super::raw::{Raw, STAND_IN};
use super::{Store, guard_write};
use crate::store::{Attr, Data, Edit, Group, Leaf, Node};
use crate::{DataError, Result};
use hdf5_pure::{
    AttrValue, DatasetBuilder, Datatype, EnumTypeBuilder, File, FileBuilder, GroupBuilder,
    RepackOptions, StagedGroup, make_i8_type,
};
use std::collections::BTreeSet;
use std::path::Path;

/// Arrays with fewer elements are stored plain, because chunks and filters cost more than they
/// save.
const COMPRESS_FROM: usize = 2048;

/// Elements per chunk. No side of a chunk may exceed 65535: HDF5 2.x rejects such files.
const CHUNK: u64 = 1 << 15;

/// Compression level: most of the gain for a little of the time.
const LEVEL: u32 = 4;

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
    guard_write(|| file.write(path))?;
    let mut booleans = Vec::new();
    collect("", &Node::Group(root.clone()), &mut booleans);
    set_booleans(path, &booleans)
}

/// Truth values among the attributes of a node and of all below it.
fn collect(at: &str, node: &Node<'_>, found: &mut Vec<(String, &'static str, bool)>) {
    let (attrs, children) = match node {
        Node::Group(group) => (&group.attrs, &group.children[..]),
        Node::Leaf(leaf) => (&leaf.attrs, &[][..]),
    };
    found.extend(attrs.iter().filter_map(|(name, value)| match value {
        Attr::Bool(value) => Some((at.to_string(), *name, *value)),
        _ => None,
    }));
    for (name, child) in children {
        let at = if at.is_empty() { name.clone() } else { format!("{at}/{name}") };
        collect(&at, child, found);
    }
}

/// Makes the attributes truth values, which the library wrote as texts.
fn set_booleans(path: &Path, booleans: &[(String, &'static str, bool)]) -> Result<()> {
    if booleans.is_empty() {
        return Ok(());
    }
    let done = open_raw(path)?.and_then(|mut raw| raw.set_booleans(booleans));
    done.ok_or_else(|| DataError::unsupported("cannot write the attributes of a column"))
}

fn open_raw(path: &Path) -> Result<Option<Raw>> {
    let file = std::fs::File::options().read(true).write(true).open(path);
    Ok(Raw::open(file.map_err(DataError::io("write"))?))
}

/// The groups in which edits add or remove members, and those that hold them.
fn edited<'a>(paths: impl Iterator<Item = &'a str>) -> BTreeSet<&'a str> {
    let parents = |path: &'a str| path.match_indices('/').map(move |(i, _)| &path[..i]);
    paths.flat_map(parents).chain([""]).collect()
}

/// Checks that the library can add and remove what lies at these paths.
pub(crate) fn check_edits(store: &Store, paths: &[String]) -> Result<()> {
    let Some(raw) = store.raw() else {
        // Files with a user block or unusual addresses. The library may be able to edit them.
        return Ok(());
    };
    let groups = edited(paths.iter().map(String::as_str));
    groups.iter().try_for_each(|at| raw.has_one_link(at))?;
    let to_compact = raw.to_compact(groups.into_iter());
    to_compact.iter().try_for_each(|(&at, name)| raw.can_compact(at, name))
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
    let mut booleans = Vec::new();
    let paths = edits.iter().map(|edit| match edit {
        Edit::Delete(at) | Edit::Attr(at, ..) => at.as_str(),
        Edit::Put(at, node) => {
            collect(at, node, &mut booleans);
            at
        }
    });
    let groups = edited(paths);
    if let Some(mut raw) = open_raw(path)? {
        for (at, name) in raw.to_compact(groups.into_iter()) {
            raw.compact(at, &name)?;
        }
    }
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
    })?;
    set_booleans(path, &booleans)
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
pub(super) fn boolean() -> Result<Datatype> {
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
        // A text until it is replaced; the library cannot write truth values.
        Attr::Bool(_) => match AttrValue::ascii_string_sized("", STAND_IN) {
            Ok(stand_in) => stand_in,
            Err(_) => AttrValue::AsciiString(String::new()),
        },
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
