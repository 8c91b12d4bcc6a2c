//! Arrays and groups as files.

use super::metadata::Version;
use super::{ARRAY_V2, ATTRS_V2, GROUP_V2, V3, unsupported};
use crate::hdf5::{FieldType, fields};
use crate::store::{Attr, Data, Group, Leaf, Node};
use crate::{DataError, Result};
use flate2::{Compression, write::GzEncoder};
use serde_json::{Map, Value, json};
use std::fs;
use std::io::Write;
use std::path::Path;

/// Elements per chunk, which is a file of its own.
const CHUNK: u64 = 1 << 20;

/// Compression level: most of the gain for a little of the time.
const LEVEL: u32 = 4;

/// Writes a node as a folder that is not there yet, or as the root, which is there and empty.
pub(super) fn node(folder: &Path, node: &Node<'_>, version: Version) -> Result<()> {
    fs::create_dir_all(folder).map_err(DataError::io("write"))?;
    match node {
        Node::Group(group) => self::group(folder, group, version),
        Node::Leaf(leaf) => array(folder, leaf, version),
    }
}

/// Writes a group and all below it.
pub(super) fn group(folder: &Path, group: &Group<'_>, version: Version) -> Result<()> {
    let attrs = attributes(&group.attrs);
    match version {
        Version::V2 => {
            json(&folder.join(GROUP_V2), &json!({"zarr_format": 2}))?;
            json(&folder.join(ATTRS_V2), &attrs.into())?;
        }
        Version::V3 => {
            let of = json!({"zarr_format": 3, "node_type": "group", "attributes": attrs});
            json(&folder.join(V3), &of)?;
        }
    }
    group.children.iter().try_for_each(|(name, child)| node(&folder.join(name), child, version))
}

fn attributes(attrs: &[(&'static str, Attr)]) -> Map<String, Value> {
    attrs.iter().map(|(name, value)| (name.to_string(), attribute(value))).collect()
}

/// An attribute in JSON.
pub(super) fn attribute(value: &Attr) -> Value {
    match value {
        Attr::Text(text) => text.as_str().into(),
        Attr::Texts(texts) => texts.clone().into(),
        Attr::Int(int) => (*int).into(),
        Attr::Ints(ints) => ints.clone().into(),
        Attr::Bool(value) => (*value).into(),
    }
}

/// Writes a file of metadata.
pub(super) fn json(path: &Path, value: &Value) -> Result<()> {
    let text = serde_json::to_vec_pretty(value);
    let text = text.map_err(|e| DataError::unsupported(e.to_string()))?;
    fs::write(path, text).map_err(DataError::io("write"))
}

/// How a type is called in both versions, its size, and the value of an element that is not stored.
struct Type {
    v2: Value,
    v3: Value,
    size: usize,
    fill: Value,
}

impl Type {
    fn of(data: &Data<'_>, version: Version) -> Result<Self> {
        let number = |v2: &str, v3: &str, size, fill: Value| {
            Ok(Self { v2: v2.into(), v3: v3.into(), size, fill })
        };
        match data {
            Data::F32(_) => number("<f4", "float32", 4, 0.0.into()),
            Data::F64(_) => number("<f8", "float64", 8, 0.0.into()),
            Data::I8(_) => number("|i1", "int8", 1, 0.into()),
            Data::I32(_) => number("<i4", "int32", 4, 0.into()),
            Data::I64(_) => number("<i8", "int64", 8, 0.into()),
            Data::Bool(_) => number("|b1", "bool", 1, false.into()),
            Data::Text(_) => number("|O", "string", 0, "".into()),
            Data::Raw(of, _) => match (FieldType::of(of), fields(of)) {
                (Some(of), _) => {
                    let (v2, v3) = field(of);
                    let fill = match of {
                        FieldType::Bool => false.into(),
                        FieldType::Text(_) => "".into(),
                        _ => 0.into(),
                    };
                    Ok(Self { v2, v3, size: of.size(), fill })
                }
                (None, Some(fields)) => {
                    let size = fields.iter().map(|(_, of)| of.size()).sum();
                    let list = |version: fn((Value, Value)) -> Value| -> Vec<Value> {
                        let one = |(name, of): &(String, _)| json!([name, version(field(*of))]);
                        fields.iter().map(one).collect()
                    };
                    let (v2, v3) = (list(|of| of.0), list(|of| of.1));
                    let v3 = json!({"name": "structured", "configuration": {"fields": v3}});
                    Ok(Self { v2: v2.into(), v3, size, fill: zeros_in_base64(size).into() })
                }
                _ => unsupported(
                    if version == Version::V2 { "v2" } else { "v3" },
                    "the type of a part to write",
                ),
            },
        }
    }
}

/// How the type of a field is called in version 2 and in version 3.
fn field(of: FieldType) -> (Value, Value) {
    let number = |v2: &str, v3: &str, n: usize| {
        let order = if n == 1 { '|' } else { '<' };
        (format!("{order}{v2}{n}").into(), format!("{v3}{}", 8 * n).into())
    };
    match of {
        FieldType::Bool => ("|b1".into(), "bool".into()),
        FieldType::Int(n) => number("i", "int", n),
        FieldType::Uint(n) => number("u", "uint", n),
        FieldType::Float(n) => number("f", "float", n),
        FieldType::Text(n) => {
            let settings = json!({"length_bytes": n});
            let v3 = json!({"name": "null_terminated_bytes", "configuration": settings});
            (format!("|S{n}").into(), v3)
        }
    }
}

fn zeros_in_base64(size: usize) -> String {
    let end = ["", "AA==", "AAA="][size % 3];
    "AAAA".repeat(size / 3) + end
}

fn array(folder: &Path, leaf: &Leaf<'_>, version: Version) -> Result<()> {
    let scalar = leaf.shape.is_empty();
    let text = match &leaf.data {
        Data::Text(texts) if scalar => texts.first(),
        _ => None,
    };
    // As anndata writes a single text with zarr 2, which has no texts of any length of rank 0.
    let wide = text.filter(|_| version == Version::V2).map(|text| wide(text));
    let mut of = Type::of(&leaf.data, version)?;
    if let Some(wide) = &wide {
        (of.v2, of.size) = (format!("<U{}", wide.len() / 4).into(), wide.len());
    }
    let chunk = chunks(&leaf.shape);
    let attrs = attributes(&leaf.attrs);
    let texts = of.size == 0;
    match version {
        Version::V2 => {
            let filters = if texts { json!([{"id": "vlen-utf8"}]) } else { Value::Null };
            let packed = if scalar { Value::Null } else { json!({"id": "gzip", "level": LEVEL}) };
            json(
                &folder.join(ARRAY_V2),
                &json!({
                    "zarr_format": 2, "shape": leaf.shape, "chunks": chunk, "dtype": of.v2,
                    "compressor": packed, "filters": filters, "order": "C",
                    "fill_value": of.fill, "dimension_separator": ".",
                }),
            )?;
            json(&folder.join(ATTRS_V2), &attrs.into())?;
        }
        Version::V3 => {
            let first = match texts {
                true => json!({"name": "vlen-utf8", "configuration": {}}),
                false => json!({"name": "bytes", "configuration": {"endian": "little"}}),
            };
            let gzip = json!({"name": "gzip", "configuration": {"level": LEVEL}});
            let codecs = if scalar { vec![first] } else { vec![first, gzip] };
            json(
                &folder.join(V3),
                &json!({
                    "zarr_format": 3, "node_type": "array", "attributes": attrs,
                    "shape": leaf.shape, "data_type": of.v3, "fill_value": of.fill,
                    "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": chunk}},
                    "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
                    "codecs": codecs,
                }),
            )?;
        }
    }
    // Chunks are whole rows of the array, so that they follow each other in it.
    let (rows, step) = match (leaf.shape.first(), chunk.first()) {
        (Some(&rows), Some(&step)) => (rows, step),
        _ => (1, 1),
    };
    let per_row: u64 = leaf.shape.iter().skip(1).product();
    if per_row == 0 {
        return Ok(());
    }
    for (number, start) in (0..rows).step_by(step as usize).enumerate() {
        let count = (step.min(rows - start) * per_row) as usize;
        let first = (start * per_row) as usize;
        let full = (step * per_row) as usize;
        let bytes = match &wide {
            Some(wide) => wide.clone(),
            None => elements(&leaf.data, first, count, full, of.size),
        };
        let (separator, prefix) = match version {
            Version::V2 => (".", ""),
            Version::V3 => ("/", "c/"),
        };
        let key = match (scalar, version) {
            (true, Version::V2) => "0".to_string(),
            (true, Version::V3) => "c".to_string(),
            (false, _) => {
                let zeros = format!("{separator}0").repeat(leaf.shape.len() - 1);
                format!("{prefix}{number}{zeros}")
            }
        };
        let path = folder.join(key);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(DataError::io("write"))?;
        }
        let bytes = if scalar { bytes } else { gzip(&bytes)? };
        fs::write(path, bytes).map_err(DataError::io("write"))?;
    }
    Ok(())
}

fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::new(LEVEL));
    packed.write_all(bytes).and_then(|()| packed.finish()).map_err(DataError::io("write"))
}

/// A text in letters of 4 bytes; one at least, since an element has a size.
fn wide(text: &str) -> Vec<u8> {
    let letters = text.chars().map(u32::from);
    let letters = letters.chain((text.is_empty()).then_some(0));
    letters.flat_map(u32::to_le_bytes).collect()
}

/// Chunks of about [`CHUNK`] elements, of whole rows.
fn chunks(shape: &[u64]) -> Vec<u64> {
    let per_row: u64 = shape.iter().skip(1).product();
    let rows = (CHUNK / per_row.max(1)).max(1);
    let side = |(d, &n): (usize, &u64)| if d == 0 { n.min(rows).max(1) } else { n.max(1) };
    shape.iter().enumerate().map(side).collect()
}

/// Some elements as they are stored, filled up to a full chunk.
fn elements(data: &Data<'_>, first: usize, n: usize, full: usize, size: usize) -> Vec<u8> {
    fn bytes<T: Copy, const N: usize>(values: &[T], to: impl Fn(T) -> [u8; N]) -> Vec<u8> {
        values.iter().flat_map(|&v| to(v)).collect()
    }
    let part = first..first + n;
    let mut out = match data {
        Data::F32(v) => bytes(&v[part], f32::to_le_bytes),
        Data::F64(v) => bytes(&v[part], f64::to_le_bytes),
        Data::I8(v) => bytes(&v[part], i8::to_le_bytes),
        Data::I32(v) => bytes(&v[part], i32::to_le_bytes),
        Data::I64(v) => bytes(&v[part], i64::to_le_bytes),
        Data::Bool(v) => bytes(&v[part], |v| [v.into()]),
        Data::Raw(_, bytes) => bytes[first * size..(first + n) * size].to_vec(),
        Data::Text(texts) => {
            let mut out = (full as u32).to_le_bytes().to_vec();
            let empty = std::iter::repeat_n("", full - n);
            for text in texts[part].iter().map(AsRef::as_ref).chain(empty) {
                out.extend((text.len() as u32).to_le_bytes());
                out.extend(text.as_bytes());
            }
            out
        }
    };
    if size > 0 {
        out.resize(full * size, 0);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_are_encoded_as_base64_does() {
        // base64.b64encode(bytes(n)) of Python.
        assert_eq!([1, 2, 3, 4].map(zeros_in_base64), ["AA==", "AAA=", "AAAA", "AAAAAA=="]);
    }

    #[test]
    fn chunks_are_whole_rows() {
        assert_eq!(chunks(&[10, 3]), [10, 3]);
        assert_eq!(chunks(&[0]), [1]);
        assert_eq!(chunks(&[1 << 22]), [CHUNK]);
        assert_eq!(chunks(&[100_000, 50]), [20971, 50]);
        assert!(chunks(&[]).is_empty());
    }
}
