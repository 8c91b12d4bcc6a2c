//! Results that an analysis adds to its input.

use crate::{Column, CsrMatrix, DenseMatrix, UnsValue};

/// Results to add to a copy of the input: columns of `obs` and `var`, matrices of `layers` and
/// `obsm`, entries of `uns`. A part of the same name is replaced.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Additions {
    pub(crate) obs: Vec<(String, Column)>,
    pub(crate) var: Vec<(String, Column)>,
    pub(crate) layers: Vec<(String, CsrMatrix)>,
    pub(crate) obsm: Vec<(String, DenseMatrix)>,
    pub(crate) uns: Vec<(String, UnsValue)>,
}

impl Additions {
    /// No results yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a column of `obs`: a value per cell.
    pub fn obs(mut self, name: impl Into<String>, column: Column) -> Self {
        put(&mut self.obs, name.into(), column);
        self
    }

    /// Adds a column of `var`: a value per gene.
    pub fn var(mut self, name: impl Into<String>, column: Column) -> Self {
        put(&mut self.var, name.into(), column);
        self
    }

    /// Adds a layer: cells x genes.
    pub fn layer(mut self, name: impl Into<String>, matrix: CsrMatrix) -> Self {
        put(&mut self.layers, name.into(), matrix);
        self
    }

    /// Adds a matrix of `obsm`: a row per cell.
    pub fn obsm(mut self, name: impl Into<String>, matrix: DenseMatrix) -> Self {
        put(&mut self.obsm, name.into(), matrix);
        self
    }

    /// Adds an entry of `uns`.
    pub fn uns(mut self, name: impl Into<String>, value: impl Into<UnsValue>) -> Self {
        put(&mut self.uns, name.into(), value.into());
        self
    }
}

fn put<T>(parts: &mut Vec<(String, T)>, name: String, part: T) {
    parts.retain(|p| p.0 != name);
    parts.push((name, part));
}
