//! Unstructured annotations: parameters, losses, notes.

use crate::{DataFrame, DenseMatrix, Records};
use std::collections::BTreeMap;

/// A tree of settings and results, as in `adata.uns`.
#[derive(Debug, Clone, PartialEq)]
pub enum UnsValue {
    /// Named values.
    Map(BTreeMap<String, UnsValue>),
    /// A text.
    Text(String),
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A real number.
    Float(f64),
    /// Several texts.
    Texts(Vec<String>),
    /// Several whole numbers.
    Ints(Vec<i64>),
    /// Several real numbers.
    Floats(Vec<f64>),
    /// A dense matrix, in single precision.
    Matrix(DenseMatrix),
    /// A table.
    Frame(DataFrame),
    /// An array of records.
    Records(Records),
}

impl UnsValue {
    /// An empty map.
    pub fn map() -> Self {
        Self::Map(BTreeMap::new())
    }

    /// Adds an entry to this map. Any other value becomes a map first.
    pub fn with(self, name: impl Into<String>, value: impl Into<UnsValue>) -> Self {
        let mut map = match self {
            Self::Map(map) => map,
            _ => BTreeMap::new(),
        };
        map.insert(name.into(), value.into());
        Self::Map(map)
    }

    /// Rejects names that cannot be stored, at all levels.
    pub(crate) fn check(&self, name: &str) -> crate::Result<()> {
        crate::names::check("an entry of uns", name)?;
        match self {
            Self::Map(map) => map.iter().try_for_each(|(name, value)| value.check(name)),
            Self::Frame(frame) => {
                let columns: Vec<&str> = frame.columns().map(|(name, _)| name).collect();
                crate::names::check_column_paths(&columns)
            }
            _ => Ok(()),
        }
    }

    /// The entry of that name, if this is a map that contains it.
    pub fn get(&self, name: &str) -> Option<&UnsValue> {
        match self {
            Self::Map(map) => map.get(name),
            _ => None,
        }
    }
}

macro_rules! from {
    ($($kind:ident: $from:ty),*) => {$(
        impl From<$from> for UnsValue {
            fn from(value: $from) -> Self {
                Self::$kind(value)
            }
        }
    )*};
}
from!(Text: String, Bool: bool, Int: i64, Float: f64, Texts: Vec<String>, Ints: Vec<i64>,
    Floats: Vec<f64>, Matrix: DenseMatrix, Frame: DataFrame, Records: Records,
    Map: BTreeMap<String, UnsValue>);

impl From<i32> for UnsValue {
    fn from(value: i32) -> Self {
        Self::Int(value.into())
    }
}

impl From<&str> for UnsValue {
    fn from(value: &str) -> Self {
        Self::Text(value.into())
    }
}

/// Converts any JSON value. Mixed and nested lists have no counterpart in HDF5 and become text in
/// JSON. Nulls are left out.
impl From<&serde_json::Value> for UnsValue {
    fn from(value: &serde_json::Value) -> Self {
        use serde_json::Value as Json;
        let all = |items: &[Json], is: fn(&Json) -> bool| items.iter().all(is);
        match value {
            Json::Null => Self::map(),
            Json::Bool(b) => Self::Bool(*b),
            Json::Number(n) => match (n.as_i64(), n.as_f64()) {
                (Some(int), _) => Self::Int(int),
                (None, float) => Self::Float(float.unwrap_or(f64::NAN)),
            },
            Json::String(text) => Self::Text(text.clone()),
            Json::Array(items) if all(items, Json::is_i64) => {
                Self::Ints(items.iter().filter_map(Json::as_i64).collect())
            }
            Json::Array(items) if all(items, Json::is_number) => {
                Self::Floats(items.iter().filter_map(Json::as_f64).collect())
            }
            Json::Array(items) if all(items, Json::is_string) => {
                Self::Texts(items.iter().filter_map(Json::as_str).map(str::to_string).collect())
            }
            Json::Array(_) => Self::Text(value.to_string()),
            Json::Object(map) => Self::Map(
                map.iter()
                    .filter(|(_, v)| !v.is_null())
                    .map(|(k, v)| (k.replace('/', "_"), v.into()))
                    .collect(),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_becomes_a_tree() {
        let json = serde_json::json!({
            "seed": 0, "lr": 0.5, "name": "x", "loss": [1.5, 2], "k": [1, 2], "none": null,
            "on": true, "mixed": [1, "a"], "inner": {"labels": ["a", "b"]}
        });
        let tree = UnsValue::from(&json);
        assert_eq!(tree.get("seed"), Some(&UnsValue::Int(0)));
        assert_eq!(tree.get("loss"), Some(&UnsValue::Floats(vec![1.5, 2.0])));
        assert_eq!(tree.get("k"), Some(&UnsValue::Ints(vec![1, 2])));
        assert_eq!(tree.get("none"), None);
        assert_eq!(tree.get("mixed"), Some(&UnsValue::Text("[1,\"a\"]".into())));
        let labels = UnsValue::Texts(vec!["a".into(), "b".into()]);
        assert_eq!(tree.get("inner").and_then(|i| i.get("labels")), Some(&labels));
    }
}
