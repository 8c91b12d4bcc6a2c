//! One column of a table.

use crate::{DataError, Result};
use std::collections::BTreeSet;
use std::collections::HashMap;

/// Values of one type, one per row. Every type can represent a missing value.
#[derive(Debug, Clone, PartialEq)]
pub enum Column {
    /// Few distinct labels.
    Categorical(Categorical),
    /// Real numbers; NaN where missing.
    Float(Vec<f64>),
    /// Whole numbers.
    Int(Vec<Option<i64>>),
    /// Truth values.
    Bool(Vec<Option<bool>>),
    /// Text.
    Text(Vec<Option<String>>),
}

impl Column {
    /// Number of values.
    pub fn len(&self) -> usize {
        match self {
            Self::Categorical(c) => c.codes.len(),
            Self::Float(v) => v.len(),
            Self::Int(v) => v.len(),
            Self::Bool(v) => v.len(),
            Self::Text(v) => v.len(),
        }
    }

    /// Whether the column has no values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A categorical column from labels. Categories are sorted; if all are numbers, by value.
    pub fn categorical<S: AsRef<str>>(labels: impl IntoIterator<Item = Option<S>>) -> Self {
        Self::Categorical(Categorical::from_labels(labels))
    }

    /// The values as categories: the column's own, or else its distinct labels, sorted.
    pub fn to_categorical(&self) -> Categorical {
        match self {
            Self::Categorical(c) => c.clone(),
            other => Categorical::from_labels(other.labels()),
        }
    }

    /// Every value as a label, `None` where missing. The spelling is Python's: `1.0`, `True`.
    pub fn labels(&self) -> Vec<Option<String>> {
        match self {
            Self::Categorical(c) => c.labels().map(|l| l.map(str::to_string)).collect(),
            Self::Float(v) => v.iter().map(|x| (!x.is_nan()).then(|| format!("{x:?}"))).collect(),
            Self::Int(v) => v.iter().map(|x| x.map(|x| x.to_string())).collect(),
            Self::Bool(v) => {
                v.iter().map(|x| x.map(|x| if x { "True" } else { "False" }.into())).collect()
            }
            Self::Text(v) => v.clone(),
        }
    }
}

/// Labels, stored as positions in a list of categories.
#[derive(Debug, Clone, PartialEq)]
pub struct Categorical {
    codes: Vec<i32>,
    categories: Vec<String>,
    ordered: bool,
}

impl Categorical {
    /// Checks and keeps the parts. `codes` holds a category per row, -1 where missing.
    ///
    /// # Errors
    /// [`DataError::Shape`] when a code is out of range.
    pub fn new(codes: Vec<i32>, categories: Vec<String>, ordered: bool) -> Result<Self> {
        let beyond = |&&c: &&i32| c < -1 || c as i64 >= categories.len() as i64;
        match codes.iter().find(beyond) {
            None => Ok(Self { codes, categories, ordered }),
            Some(code) => Err(DataError::Shape {
                what: "a categorical column".into(),
                found: format!("code {code}"),
                expected: format!("{} categories", categories.len()),
            }),
        }
    }

    /// Collects the distinct labels as sorted categories; if all are numbers, sorted by value.
    pub fn from_labels<S: AsRef<str>>(labels: impl IntoIterator<Item = Option<S>>) -> Self {
        let labels: Vec<Option<S>> = labels.into_iter().collect();
        let distinct: BTreeSet<&str> = labels.iter().flatten().map(AsRef::as_ref).collect();
        let mut categories: Vec<&str> = distinct.into_iter().collect();
        if categories.iter().all(|c| c.parse::<i64>().is_ok()) {
            categories.sort_by_key(|c| c.parse::<i64>().unwrap_or(0));
        }
        let code: HashMap<&str, i32> = categories.iter().copied().zip(0..).collect();
        let codes = labels.iter().map(|l| l.as_ref().map_or(-1, |l| code[l.as_ref()])).collect();
        let categories = categories.into_iter().map(str::to_string).collect();
        Self { codes, categories, ordered: false }
    }

    /// Category of every row, -1 where missing.
    pub fn codes(&self) -> &[i32] {
        &self.codes
    }

    /// The categories.
    pub fn categories(&self) -> &[String] {
        &self.categories
    }

    /// Selects rows by position; the categories stay.
    pub(crate) fn select(&self, rows: &[usize]) -> Self {
        let codes = rows.iter().map(|&i| self.codes[i]).collect();
        Self { codes, categories: self.categories.clone(), ordered: self.ordered }
    }

    /// Whether the order of the categories is meaningful.
    pub fn ordered(&self) -> bool {
        self.ordered
    }

    /// Label of every row.
    pub fn labels(&self) -> impl ExactSizeIterator<Item = Option<&str>> {
        self.codes.iter().map(|&c| self.categories.get(c as usize).map(String::as_str))
    }

    /// CRC-32 of the labels of all rows. It shows whether a result was made from these labels.
    pub fn checksum(&self) -> u32 {
        let mut hasher = crc32fast::Hasher::new();
        for label in self.labels() {
            hasher.update(label.unwrap_or_default().as_bytes());
            // Never bytes of UTF-8, so labels do not run into each other.
            hasher.update(&[if label.is_some() { 0xff } else { 0xfe }]);
        }
        hasher.finalize()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn categories_sort_numbers_by_value() {
        let c = Categorical::from_labels(["10", "9", "10"].map(Some));
        assert_eq!((c.categories(), c.codes()), (&["9".into(), "10".into()][..], &[1, 0, 1][..]));
        let c = Categorical::from_labels([Some("b"), None, Some("10"), Some("9")]);
        assert_eq!(c.categories(), ["10", "9", "b"]);
        assert_eq!(c.codes(), [2, -1, 0, 1]);
    }

    #[test]
    fn labels_have_a_checksum_and_codes_have_none() {
        let of =
            |labels: &[Option<&str>]| Categorical::from_labels(labels.iter().copied()).checksum();
        let swapped = Categorical::new(vec![1, 0], vec!["b".into(), "a".into()], false).unwrap();
        assert_eq!(of(&[Some("a"), Some("b")]), swapped.checksum());
        for other in [&[Some("ab"), Some("")][..], &[Some("b"), Some("a")], &[Some("a"), None]] {
            assert_ne!(of(other), swapped.checksum(), "{other:?}");
        }
    }

    #[test]
    fn codes_beyond_the_categories_are_refused() {
        assert!(Categorical::new(vec![0, 1], vec!["a".into()], false).is_err());
        assert!(Categorical::new(vec![-2], vec!["a".into()], false).is_err());
        assert!(Categorical::new(vec![-1, 0], vec!["a".into()], false).is_ok());
    }

    #[test]
    fn labels_are_spelled_as_python_does() {
        assert_eq!(Column::Bool(vec![Some(true), None]).labels(), [Some("True".into()), None]);
        assert_eq!(Column::Float(vec![1.0, f64::NAN]).labels(), [Some("1.0".into()), None]);
        assert_eq!(Column::Int(vec![Some(-3)]).labels(), [Some("-3".into())]);
    }
}
