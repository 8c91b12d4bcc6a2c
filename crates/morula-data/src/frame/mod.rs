//! Tables of annotations: one row per cell or gene.

mod column;

pub use column::{Categorical, Column};

use crate::{DataError, Result};

/// A table with named rows and named columns.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DataFrame {
    index: Vec<String>,
    columns: Vec<(String, Column)>,
}

impl DataFrame {
    /// A table without columns.
    pub fn new(index: Vec<String>) -> Self {
        Self { index, columns: Vec::new() }
    }

    /// A table of columns that have distinct names and a value per row.
    pub(crate) fn with_columns(index: Vec<String>, columns: Vec<(String, Column)>) -> Self {
        Self { index, columns }
    }

    /// Row names.
    pub fn index(&self) -> &[String] {
        &self.index
    }

    pub(crate) fn into_index(self) -> Vec<String> {
        self.index
    }

    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        self.index.len()
    }

    /// Columns with their names, in order.
    pub fn columns(&self) -> impl ExactSizeIterator<Item = (&str, &Column)> {
        self.columns.iter().map(|(name, column)| (name.as_str(), column))
    }

    /// The column of that name.
    ///
    /// # Errors
    /// [`DataError::MissingColumn`] lists the columns there are.
    pub fn column(&self, name: &str) -> Result<&Column> {
        self.columns.iter().find(|c| c.0 == name).map(|c| &c.1).ok_or_else(|| {
            DataError::MissingColumn {
                column: name.into(),
                available: self.columns.iter().map(|c| c.0.clone()).collect(),
            }
        })
    }

    /// Adds a column, or replaces the column of that name.
    ///
    /// # Errors
    /// [`DataError::Shape`] when the column does not have one value per row.
    pub fn set(&mut self, name: impl Into<String>, column: Column) -> Result<()> {
        let name = name.into();
        if column.len() != self.n_rows() {
            return Err(DataError::Shape {
                what: format!("column {name}"),
                found: format!("{} values", column.len()),
                expected: format!("{} rows", self.n_rows()),
            });
        }
        match self.columns.iter_mut().find(|c| c.0 == name) {
            Some(old) => old.1 = column,
            None => self.columns.push((name, column)),
        }
        Ok(())
    }

    /// Removes the column of that name, if there is one.
    pub fn remove(&mut self, name: &str) {
        self.columns.retain(|column| column.0 != name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_added_replaced_and_checked() {
        let mut frame = DataFrame::new(vec!["a".into(), "b".into()]);
        frame.set("n", Column::Int(vec![Some(1), None])).unwrap();
        frame.set("n", Column::Float(vec![0.5, f64::NAN])).unwrap();
        assert_eq!(frame.columns().len(), 1);
        assert_eq!(frame.column("n").unwrap().labels(), [Some("0.5".into()), None]);
        assert!(matches!(
            frame.set("short", Column::Float(vec![0.])),
            Err(DataError::Shape { .. })
        ));
        frame.set("gone", Column::Float(vec![0.0; 2])).unwrap();
        frame.remove("gone");
        frame.remove("gone");
        let missing = frame.column("label").unwrap_err().to_string();
        assert_eq!(missing, "no column label; there are: n");
    }
}
