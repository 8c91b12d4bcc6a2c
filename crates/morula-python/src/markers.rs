//! Marker genes, cell types and label transfer.

use std::path::PathBuf;

use morula::data::{Additions, CsrMatrix, DenseMatrix};
use morula::markers::{
    AnnotateParams, Annotation, MarkerLists, MarkersParams, TransferParams, annotate as types_of,
    rank_genes_groups as rank,
};
use morula::preprocess::{TargetSum, log1p, normalize_total};
use numpy::PyArray1;
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::arrays::{Labels, categorical, matrix};
use crate::counts::Counts;
use crate::errors::{Error, Result, raise};
use crate::{parts, work};

/// Name of the layer of log-normalised counts.
const LAYER: &str = "lognorm";

/// Log-normalised counts: the input of the tests, as the command makes it.
fn log_normalised(counts: &Counts) -> impl FnOnce() -> Result<CsrMatrix> + Send + 'static {
    let counts = counts.inner();
    move || {
        let mut x = counts.x().clone();
        normalize_total(&mut x, TargetSum::Median)?;
        log1p(&mut x);
        Ok(x)
    }
}

/// The content of uns, and the layer of log-normalised counts, of the markers of groups of cells.
#[pyfunction]
#[pyo3(signature = (counts, labels, groupby, n_genes, min_cells, tie_correct, n_jobs))]
#[expect(clippy::too_many_arguments, reason = "called from one place of Python")]
pub fn rank_genes_groups<'py>(
    py: Python<'py>,
    counts: &Counts,
    labels: Labels<'py>,
    groupby: String,
    n_genes: Option<usize>,
    min_cells: usize,
    tie_correct: bool,
    n_jobs: Option<usize>,
) -> PyResult<Bound<'py, PyDict>> {
    let groups = raise(categorical(labels))?;
    let (inner, x) = (counts.inner(), log_normalised(counts));
    let (n_obs, n_vars) = (inner.n_obs(), inner.n_vars());
    let params = MarkersParams::default().min_cells(min_cells).tie_correct(tie_correct);
    let additions = work::quietly(py, n_jobs, move || {
        let x = x()?;
        let n_genes = n_genes.unwrap_or(n_vars);
        let found = rank(&x, &groups, &params)?;
        let uns = found.to_uns(inner.var_names(), &groupby, Some(LAYER), n_genes)?;
        Ok(Additions::new().uns("rank_genes_groups", uns).layer(LAYER, x))
    });
    raise(additions.and_then(|all| parts::additions(py, &all, n_obs, n_vars)))
}

/// Where the marker genes of types come from.
#[derive(FromPyObject)]
pub enum Lists {
    /// The content of a table, as CSV.
    Table(Vec<u8>),
    /// A file: a table, or GMT.
    File(PathBuf),
}

impl Lists {
    fn read(self) -> Result<MarkerLists> {
        match self {
            Self::File(path) => Ok(MarkerLists::read(path)?),
            Self::Table(content) => MarkerLists::parse(&content)
                .map_err(|error| Error::Value(format!("the markers as CSV, {error}"))),
        }
    }
}

/// Types of clusters: per cluster its name, type (None if unknown), margin and scores; the types; and
/// the genes of each that the data lacks.
#[pyfunction]
#[pyo3(signature = (counts, labels, lists, margin, n_jobs))]
pub fn annotate<'py>(
    py: Python<'py>,
    counts: &Counts,
    labels: Labels<'py>,
    lists: Lists,
    margin: f64,
    n_jobs: Option<usize>,
) -> PyResult<Bound<'py, PyDict>> {
    let params = AnnotateParams::default().margin(margin);
    raise(params.check().map_err(Error::from))?;
    let groups = raise(categorical(labels))?;
    let (inner, x) = (counts.inner(), log_normalised(counts));
    let found: Result<Annotation> = work::quietly(py, n_jobs, move || {
        let lists = lists.read()?;
        let markers = rank(&x()?, &groups, &MarkersParams::default())?;
        Ok(types_of(&markers, inner.var_names(), &lists, &params)?)
    });
    let found = raise(found)?;
    let all = PyDict::new(py);
    all.set_item("types", &found.types)?;
    all.set_item("missing", &found.missing)?;
    let cluster = |c: &morula::markers::ClusterType| {
        (c.cluster.clone(), c.n_cells, c.cell_type, c.margin, c.scores.clone())
    };
    all.set_item("clusters", found.clusters.iter().map(cluster).collect::<Vec<_>>())?;
    Ok(all)
}

/// Labels of new cells from labelled ones, on an embedding of both: codes of the known types (-1
/// unknown, -2 without an embedding), confidence, novelty, probabilities, and the types.
#[pyfunction]
#[pyo3(signature = (reference, labels, query, min_probability, max_novelty, n_jobs))]
pub fn transfer<'py>(
    py: Python<'py>,
    reference: &Bound<'py, PyAny>,
    labels: Labels<'py>,
    query: &Bound<'py, PyAny>,
    min_probability: f64,
    max_novelty: f64,
    n_jobs: Option<usize>,
) -> PyResult<Bound<'py, PyAny>> {
    let params =
        TransferParams::default().min_probability(min_probability).max_novelty(max_novelty);
    raise(params.check().map_err(Error::from))?;
    let groups = raise(categorical(labels))?;
    let points = |object: &Bound<'py, PyAny>| {
        let (values, [rows, columns]) = matrix(object)?;
        Ok::<DenseMatrix, Error>(DenseMatrix::new(rows, columns, values)?)
    };
    let (reference, query) = (raise(points(reference))?, raise(points(query))?);
    let found = raise(work::quietly(py, n_jobs, move || {
        Ok(params.fit(&reference, &groups)?.predict(&query)?)
    }))?;
    let code = |label: &Option<Option<usize>>| match label {
        None => -2,
        Some(None) => -1,
        Some(Some(known)) => *known as i64,
    };
    let codes = PyArray1::from_iter(py, found.labels.iter().map(code));
    let confidence = PyArray1::from_vec(py, found.confidence);
    let novelty = PyArray1::from_vec(py, found.novelty);
    (codes, confidence, novelty, parts::dense(py, &found.proba)?, found.types).into_bound_py_any(py)
}
