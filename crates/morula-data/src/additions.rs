//! Results that an analysis adds to its input.

use crate::{Column, CsrMatrix, DenseMatrix, UnsValue};

/// Results to add to a copy of the input: columns of `obs` and `var`, matrices of `layers` and
/// `obsm`, entries of `uns`. A part of the same name is replaced. Parts that an earlier run has written
/// and that would not fit these results can be removed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Additions {
    pub(crate) obs: Vec<(String, Column)>,
    pub(crate) var: Vec<(String, Column)>,
    pub(crate) layers: Vec<(String, CsrMatrix)>,
    pub(crate) obsm: Vec<(String, DenseMatrix)>,
    pub(crate) uns: Vec<(String, UnsValue)>,
    /// Columns of `obs` to remove, each with the entry of `uns` that was written with it.
    pub(crate) stale_obs: Vec<(String, String)>,
    /// Entries of `uns` to remove.
    pub(crate) stale_uns: Vec<String>,
}

impl Additions {
    /// No results yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a column of `obs`: a value per cell.
    pub fn obs(mut self, name: impl Into<String>, column: Column) -> Self {
        let name = name.into();
        self.stale_obs.retain(|stale| stale.0 != name);
        put(&mut self.obs, name, column);
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
        let name = name.into();
        self.stale_uns.retain(|stale| *stale != name);
        put(&mut self.uns, name, value.into());
        self
    }

    /// Removes a column of `obs` that an earlier run has written together with an entry of `uns`.
    /// Where there is no such entry, a column of this name is somebody else's, and stays.
    pub fn without_obs(mut self, name: impl Into<String>, entry: impl Into<String>) -> Self {
        let name = name.into();
        self.obs.retain(|part| part.0 != name);
        self.stale_obs.retain(|stale| stale.0 != name);
        self.stale_obs.push((name, entry.into()));
        self
    }

    /// Removes an entry of `uns` that an earlier run has written, if there is one. In a file, what
    /// others have put into it stays.
    pub fn without_uns(mut self, name: impl Into<String>) -> Self {
        let name = name.into();
        self.uns.retain(|part| part.0 != name);
        self.stale_uns.retain(|stale| *stale != name);
        self.stale_uns.push(name);
        self
    }
}

fn put<T>(parts: &mut Vec<(String, T)>, name: String, part: T) {
    parts.retain(|p| p.0 != name);
    parts.push((name, part));
}
