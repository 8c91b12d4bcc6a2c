//! Arrays of records: named fields of equal length, like numpy's structured arrays.

use crate::{DataError, Result};
use std::collections::HashSet;

/// Named fields of equal length. `uns["rank_genes_groups"]["scores"]` has a field per group.
#[derive(Debug, Clone, PartialEq)]
pub struct Records {
    fields: Vec<(String, Field)>,
}

/// The values of one field.
#[derive(Debug, Clone, PartialEq)]
pub enum Field {
    /// Real numbers, stored in single precision.
    Single(Vec<f32>),
    /// Real numbers.
    Double(Vec<f64>),
    /// ASCII texts, stored with the width of the longest.
    Text(Vec<String>),
}

impl Field {
    /// Number of values.
    pub fn len(&self) -> usize {
        match self {
            Self::Single(v) => v.len(),
            Self::Double(v) => v.len(),
            Self::Text(v) => v.len(),
        }
    }

    /// Whether the field has no values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Records {
    /// Checks and keeps the fields.
    ///
    /// # Errors
    /// [`DataError::Shape`] when there is no field or their lengths differ; [`DataError::BadName`]
    /// for a name that is empty, repeated or contains a NUL, and for a text that is not ASCII or
    /// contains a NUL. Python reads other texts within records only at variable length, and the
    /// HDF5 library cannot write those.
    pub fn new(fields: Vec<(String, Field)>) -> Result<Self> {
        let Some((_, first)) = fields.first() else {
            let (what, found) = ("an array of records".into(), "no field".into());
            return Err(DataError::Shape { what, found, expected: "at least one".into() });
        };
        let n = first.len();
        let mut names = HashSet::new();
        for (name, field) in &fields {
            if field.len() != n {
                return Err(DataError::Shape {
                    what: format!("field {name}"),
                    found: format!("{} values", field.len()),
                    expected: format!("{n} records"),
                });
            }
            let refuse = |what, name: &str, why| {
                Err(DataError::BadName { what, name: name.to_string(), why })
            };
            if name.is_empty() || name.contains('\0') {
                return refuse("a field", name, "a name is not empty and holds no NUL");
            }
            if !names.insert(name) {
                return refuse("a field", name, "there is another of that name");
            }
            if let Field::Text(texts) = field
                && let Some(text) = texts.iter().find(|t| !t.is_ascii() || t.contains('\0'))
            {
                return refuse("an entry of records", text, "only ASCII can be written there");
            }
        }
        Ok(Self { fields })
    }

    /// The fields with their names, in order.
    pub fn fields(&self) -> impl ExactSizeIterator<Item = (&str, &Field)> {
        self.fields.iter().map(|(name, field)| (name.as_str(), field))
    }

    /// The field of that name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|f| f.0 == name).map(|f| &f.1)
    }

    /// Number of records.
    pub fn len(&self) -> usize {
        self.fields.first().map_or(0, |f| f.1.len())
    }

    /// Whether there are no records.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_must_fit_together() {
        let single = |n| Field::Single(vec![0.0; n]);
        let text = |t: &str| Field::Text(vec![t.into()]);
        let new = |fields: Vec<(&str, Field)>| {
            Records::new(fields.into_iter().map(|(name, f)| (name.to_string(), f)).collect())
        };
        assert_eq!(new(vec![("a", single(2)), ("b/é", single(2))]).unwrap().len(), 2);
        assert!(new(vec![]).is_err());
        assert!(new(vec![("a", single(2)), ("b", single(1))]).is_err());
        assert!(new(vec![("a", single(1)), ("a", single(1))]).is_err());
        assert!(new(vec![("", single(1))]).is_err());
        assert!(new(vec![("a", text("HLA-A"))]).is_ok());
        assert!(new(vec![("a", text("β-actin"))]).is_err());
    }
}
