//! Scores of clusterings and of embeddings.

use morula::metrics::{LabelledPoints, evaluate as scores};
use pyo3::prelude::*;
use pythonize::pythonize;

use crate::arrays::{codes, matrix};
use crate::errors::raise;
use crate::work;

/// All scores of codes of clusters against codes of true labels, as a dict.
#[pyfunction]
pub fn evaluate<'py>(
    py: Python<'py>,
    truth: &Bound<'py, PyAny>,
    pred: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let (truth, pred) = (raise(codes(truth))?, raise(codes(pred))?);
    let found = work::quietly(py, None, move || Ok(scores(&truth, &pred)?));
    Ok(pythonize(py, &raise(found)?)?)
}

/// A score of an embedding with labels: "silhouette", "calinski_harabasz" or "davies_bouldin".
#[pyfunction]
#[pyo3(signature = (name, points, labels, n_jobs))]
pub fn internal(
    py: Python<'_>,
    name: String,
    points: &Bound<'_, PyAny>,
    labels: &Bound<'_, PyAny>,
    n_jobs: Option<usize>,
) -> PyResult<f64> {
    let (values, [_, n_dims]) = raise(matrix(points))?;
    let labels = raise(codes(labels))?;
    raise(work::quietly(py, n_jobs, move || {
        let points = LabelledPoints::new(&values, n_dims, &labels)?;
        Ok(match name.as_str() {
            "calinski_harabasz" => points.calinski_harabasz(),
            "davies_bouldin" => points.davies_bouldin(),
            _ => points.silhouette(),
        })
    }))
}
