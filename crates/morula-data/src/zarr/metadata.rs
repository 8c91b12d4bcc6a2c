//! What the metadata of groups and arrays say.

use super::files::Files;
use super::layout::Layout;
use super::{ARRAY_V2, ATTRS_V2, GROUP_V2, V3, damaged};
use crate::store::Kind;
use crate::{DataError, Result};
use serde::Deserialize;
use serde_json::{Map, Value};

/// Largest file of metadata that is read.
const MAX_BYTES: u64 = 1 << 26;

/// Files that the folder of a store holds.
pub(super) const ROOTS: [&str; 2] = [V3, GROUP_V2];

/// Version of the format. A store has one for all of its groups and arrays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    V2,
    V3,
}

/// The version of a store, if it is one.
pub(super) fn version(files: &Files) -> Option<Version> {
    match (files.size(V3), files.size(GROUP_V2)) {
        (Some(_), _) => Some(Version::V3),
        (_, Some(_)) => Some(Version::V2),
        _ => None,
    }
}

/// A group or an array.
pub(super) struct Node {
    pub kind: Kind,
    pub attrs: Map<String, Value>,
    /// What is known of an array, or why nothing is.
    array: Option<Metadata>,
}

/// The metadata of an array, of either version.
#[derive(Deserialize)]
pub(super) struct Metadata {
    pub shape: Option<Vec<u64>>,
    pub fill_value: Option<Value>,
    // Version 2.
    pub chunks: Option<Vec<u64>>,
    pub dtype: Option<Value>,
    pub compressor: Option<Value>,
    pub filters: Option<Vec<Value>>,
    pub order: Option<String>,
    pub dimension_separator: Option<String>,
    // Version 3.
    node_type: Option<String>,
    #[serde(default)]
    attributes: Map<String, Value>,
    pub data_type: Option<Value>,
    pub chunk_grid: Option<Value>,
    pub chunk_key_encoding: Option<Value>,
    pub codecs: Option<Vec<Value>>,
}

/// Name and settings of an extension of version 3.
pub(super) fn named(value: &Value) -> (&str, Option<&Value>) {
    match value {
        Value::String(name) => (name, None),
        other => {
            let name = other.get("name").and_then(Value::as_str).unwrap_or_default();
            (name, other.get("configuration"))
        }
    }
}

impl Node {
    /// The group or array at a path, if there is one. Metadata that cannot be read are an error.
    pub fn read(files: &Files, version: Version, at: &str) -> Result<Option<Self>> {
        let path = |name: &str| if at.is_empty() { name.into() } else { format!("{at}/{name}") };
        let parse = |name: &str| {
            let path = path(name);
            let Some(text) = files.read(&path, MAX_BYTES)? else { return Ok(None) };
            serde_json::from_slice(&text).map(Some).map_err(|e| damaged(&path, e))
        };
        match version {
            Version::V3 => {
                let Some(value) = parse(V3)? else { return Ok(None) };
                let mut found = Metadata::of(at, value)?;
                let attrs = std::mem::take(&mut found.attributes);
                Ok(Some(match found.node_type.as_deref() {
                    Some("array") => Self { kind: Kind::Array, attrs, array: Some(found) },
                    _ => Self { kind: Kind::Group, attrs, array: None },
                }))
            }
            Version::V2 => {
                let attrs = || match parse(ATTRS_V2)? {
                    Some(Value::Object(attrs)) => Ok::<_, DataError>(attrs),
                    _ => Ok(Map::new()),
                };
                if let Some(value) = parse(ARRAY_V2)? {
                    let array = Some(Metadata::of(at, value)?);
                    return Ok(Some(Self { kind: Kind::Array, attrs: attrs()?, array }));
                }
                if files.size(&path(GROUP_V2)).is_none() {
                    return Ok(None);
                }
                Ok(Some(Self { kind: Kind::Group, attrs: attrs()?, array: None }))
            }
        }
    }

    /// How an array is stored.
    pub fn layout(&self, at: &str) -> Result<Layout> {
        let array = self.array.as_ref();
        let array = array.ok_or_else(|| DataError::damaged(format!("{at} is no array")))?;
        Layout::of(at, array)
    }
}

impl Metadata {
    fn of(at: &str, value: Value) -> Result<Self> {
        serde_json::from_value(value).map_err(|e| damaged(at, format_args!("metadata: {e}")))
    }
}
