//! Checked raw counts, made from the parts of a matrix.

use std::sync::Arc;

use morula::data::{AnnData, Categorical, Column, CountMatrix, CsrMatrix, Raw, ReadOptions};
use pyo3::prelude::*;

use crate::arrays::{Labels, categorical};
use crate::errors::{Error, Result, raise, refuse};
use crate::matrix;

/// Raw counts of cells x genes, checked, in Morula's own memory. Only as large as the counts: 8 bytes
/// for each that is not 0.
#[pyclass(frozen, module = "morula._morula")]
pub struct Counts {
    inner: Arc<CountMatrix>,
}

impl Counts {
    /// Keeps counts.
    pub fn new(counts: CountMatrix) -> Self {
        Self { inner: Arc::new(counts) }
    }

    /// The counts, shared.
    pub fn inner(&self) -> Arc<CountMatrix> {
        self.inner.clone()
    }
}

/// What a matrix of counts is besides its values.
struct About {
    obs_names: Vec<String>,
    var_names: Vec<String>,
    layer: String,
    round: bool,
    feature_types: Option<Vec<Option<String>>>,
    batches: Option<Categorical>,
}

impl About {
    /// Takes the way of a file: names made unique, genes kept of 10x's features, counts checked.
    fn counts(self, x: CsrMatrix) -> Result<Counts> {
        let mut data = AnnData::new(x, self.obs_names, self.var_names)?;
        if let Some(types) = self.feature_types {
            data.var.set("feature_types", Column::Text(types))?;
        }
        // The matrix takes the place that it has in the user's data; the rest is not needed.
        let layer = self.layer;
        match (layer.as_str(), data.x.take()) {
            ("X", x) => data.x = x,
            ("raw", Some(x)) => data.raw = Some(Raw { x, var: data.var.clone() }),
            (_, x) => drop(data.layers.insert(layer.clone(), x.unwrap_or_default())),
        }
        let options = ReadOptions::new().layer(Some(&layer)).round(self.round);
        let counts = data.into_counts_with(&options)?;
        Ok(Counts::new(match self.batches {
            Some(batches) => counts.with_batches(batches)?,
            None => counts,
        }))
    }
}

#[pymethods]
impl Counts {
    /// From the parts of a sparse matrix, `layout` "csr" or "csc", or from a dense one.
    #[new]
    #[pyo3(signature = (layout, shape, parts, obs_names, var_names, layer, round, feature_types,
                        batches))]
    #[expect(clippy::too_many_arguments, reason = "called from one place of Python")]
    fn build(
        layout: &str,
        shape: [usize; 2],
        parts: Vec<Bound<'_, PyAny>>,
        obs_names: Vec<String>,
        var_names: Vec<String>,
        layer: String,
        round: bool,
        feature_types: Option<Vec<Option<String>>>,
        batches: Option<Labels<'_>>,
    ) -> PyResult<Self> {
        let batches = raise(batches.map(categorical).transpose())?;
        let x = match (layout, parts.as_slice()) {
            ("csr", [indptr, indices, data]) => matrix::csr(shape, indptr, indices, data),
            ("csc", [indptr, indices, data]) => matrix::csc(shape, indptr, indices, data),
            ("dense", [x]) => matrix::dense(x),
            _ => refuse(format!("no layout {layout} of {} parts", parts.len())),
        };
        let about = About { obs_names, var_names, layer, round, feature_types, batches };
        raise(x.and_then(|x| about.counts(x)))
    }

    /// Number of cells.
    #[getter]
    fn n_obs(&self) -> usize {
        self.inner.n_obs()
    }

    /// Number of genes.
    #[getter]
    fn n_vars(&self) -> usize {
        self.inner.n_vars()
    }

    /// Number of stored values.
    #[getter]
    fn nnz(&self) -> usize {
        self.inner.x().nnz()
    }

    /// Names of the genes, made unique.
    #[getter]
    fn var_names(&self) -> Vec<String> {
        self.inner.var_names().to_vec()
    }

    /// Names of all features, of which the genes are a part.
    #[getter]
    fn feature_names(&self) -> Vec<String> {
        self.inner.feature_names().to_vec()
    }

    /// How many fractional values were rounded.
    #[getter]
    fn n_rounded(&self) -> usize {
        self.inner.n_rounded()
    }

    /// What the user should know of the counts.
    #[getter]
    fn remarks(&self) -> Vec<String> {
        self.inner.remarks().to_vec()
    }

    fn __repr__(&self) -> String {
        format!("Counts of {} cells x {} genes", self.inner.n_obs(), self.inner.n_vars())
    }
}

/// Labels as categories: a code per cell, -1 where missing, and the names of the codes, sorted, by
/// value if all are whole numbers.
#[pyfunction]
pub fn categories(labels: Vec<Option<String>>) -> (Vec<i32>, Vec<String>) {
    let found = Categorical::from_labels(labels);
    (found.codes().to_vec(), found.categories().to_vec())
}

/// Whether every number of an array is a raw count.
#[pyfunction]
pub fn is_counts(values: &Bound<'_, PyAny>) -> PyResult<bool> {
    let is = |values: crate::arrays::Singles| {
        let n = values.values.len();
        let x = CsrMatrix::new(1, n, vec![0, n], (0..n as u32).collect(), values.values)?;
        Ok::<bool, Error>(values.inexact.is_none() && x.is_counts())
    };
    raise(crate::arrays::singles(values).and_then(is))
}
