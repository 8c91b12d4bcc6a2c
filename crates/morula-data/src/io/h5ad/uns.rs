//! Unstructured annotations in h5ad.

use super::decode::keep;
use super::frame::read_frame;
use crate::hdf5::compound;
use crate::store::{Attr, Data, Element, Group, Kind, Leaf, Node, Store};
use crate::{DataError, DenseMatrix, Result, UnsValue};
use std::collections::{BTreeMap, HashSet};

/// Deepest nesting of groups; a damaged file could hold a loop.
const MAX_DEPTH: usize = 32;

/// Reads `uns`. Entries of unsupported types are listed in `not_loaded`.
pub(super) fn read_uns(
    store: &dyn Store,
    not_loaded: &mut Vec<String>,
) -> Result<BTreeMap<String, UnsValue>> {
    read_map(store, "uns", 0, &mut HashSet::new(), not_loaded)
}

fn read_map(
    store: &dyn Store,
    group: &str,
    depth: usize,
    seen: &mut HashSet<u64>,
    not_loaded: &mut Vec<String>,
) -> Result<BTreeMap<String, UnsValue>> {
    let mut map = BTreeMap::new();
    // Links can lead to a group twice, and in a circle.
    if store.address(group).is_some_and(|at| !seen.insert(at)) {
        return Err(DataError::unsupported(format!("{group} is a group that was read before")));
    }
    not_loaded.extend(store.links(group));
    for name in store.members(group)? {
        let at = format!("{group}/{name}");
        let value = match (store.kind(&at), store.encoding(&at).as_str()) {
            (Some(Kind::Group), "" | "dict") if depth < MAX_DEPTH => {
                read_map(store, &at, depth + 1, seen, not_loaded).map(UnsValue::Map)
            }
            (Some(Kind::Group), "dataframe") => {
                read_frame(store, &at, not_loaded).map(UnsValue::Frame)
            }
            (Some(Kind::Array), _) => read_value(store, &at),
            _ => Err(DataError::unsupported("")),
        };
        keep(&at, value, not_loaded, |value| map.insert(name, value));
    }
    Ok(map)
}

fn read_value(store: &dyn Store, at: &str) -> Result<UnsValue> {
    let array = store.array(at)?;
    let unsupported = || DataError::unsupported(at);
    match (array.element(), array.shape().len()) {
        (Element::Text, 0) => array.texts()?.pop().map(UnsValue::Text),
        (Element::Text, 1) => Some(UnsValue::Texts(array.texts()?)),
        (Element::Bool, 0) => array.ints(|v| Some(v != 0))?.pop().map(UnsValue::Bool),
        (Element::Int | Element::Uint, 0) => array.ints(Some)?.pop().map(UnsValue::Int),
        (Element::Int | Element::Uint, 1) => Some(UnsValue::Ints(array.ints(Some)?)),
        (Element::Float | Element::Half, 0) => array.f64s()?.pop().map(UnsValue::Float),
        (Element::Float | Element::Half, 1) => Some(UnsValue::Floats(array.f64s()?)),
        (Element::Float | Element::Half, 2) => {
            let (rows, cols) = (array.shape()[0], array.shape()[1]);
            Some(UnsValue::Matrix(DenseMatrix::new(rows, cols, array.f32s()?)?))
        }
        (Element::Record, 1) => Some(UnsValue::Records(array.record()?.records()?)),
        _ => None,
    }
    .ok_or_else(unsupported)
}

/// The tree of a value.
pub(super) fn encode(value: &UnsValue) -> Result<Node<'_>> {
    let plain = |data, kind| leaf(Leaf::scalar(data), kind);
    let list = |data, kind| leaf(Leaf::vector(data), kind);
    Ok(match value {
        UnsValue::Map(map) => encode_map(map)?.into(),
        UnsValue::Text(text) => plain(Data::Text(vec![text.into()]), "string"),
        UnsValue::Bool(b) => plain(Data::Bool(vec![*b].into()), "numeric-scalar"),
        UnsValue::Int(i) => plain(Data::I64(vec![*i].into()), "numeric-scalar"),
        UnsValue::Float(x) => plain(Data::F64(vec![*x].into()), "numeric-scalar"),
        UnsValue::Texts(texts) => {
            list(Data::Text(texts.iter().map(Into::into).collect()), "string-array")
        }
        UnsValue::Ints(ints) => list(Data::I64(ints.into()), "array"),
        UnsValue::Floats(floats) => list(Data::F64(floats.into()), "array"),
        UnsValue::Matrix(matrix) => super::encode::dense(matrix).into(),
        UnsValue::Frame(frame) => super::encode::table(frame).into(),
        UnsValue::Records(records) => leaf(compound(records)?, "rec-array"),
    })
}

/// The tree of a map.
pub(super) fn encode_map(map: &BTreeMap<String, UnsValue>) -> Result<Group<'_>> {
    let group = super::encode::encoded(Group::default(), "dict", "0.1.0");
    map.iter().try_fold(group, |group, (name, value)| Ok(group.child(name, encode(value)?)))
}

fn leaf<'a>(leaf: Leaf<'a>, kind: &str) -> Node<'a> {
    let leaf = leaf.attr("encoding-type", Attr::Text(kind.into()));
    leaf.attr("encoding-version", Attr::Text("0.2.0".into())).into()
}
