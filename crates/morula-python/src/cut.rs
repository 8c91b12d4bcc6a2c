//! Clusters of a fitted result, cut again.

use morula::cluster::Level;
use morula::data::Column;
use pyo3::prelude::*;

use crate::arrays::{Labels, categorical};
use crate::entries::entry;
use crate::errors::{Result, raise, refuse};
use crate::parts;

/// The column of the clusters at a level ("coarse", "default" or "fine"), of a number of clusters, or
/// at a resolution. `about` is the entry of uns of the result, `fine` its fine level.
#[pyfunction]
#[pyo3(signature = (about, fine, level, n_clusters, resolution))]
pub fn cut<'py>(
    py: Python<'py>,
    about: &Bound<'py, PyAny>,
    fine: Labels<'py>,
    level: Option<&str>,
    n_clusters: Option<usize>,
    resolution: Option<f64>,
) -> PyResult<Bound<'py, PyAny>> {
    let level = raise(chosen(level, n_clusters, resolution))?;
    let (about, fine) = (raise(entry(about))?, Column::Categorical(raise(categorical(fine))?));
    let column = morula::results::cut(&about, &fine, level).map_err(Into::into);
    parts::column(py, &raise(column)?)
}

/// The level that one of three arguments chooses.
pub fn chosen(
    level: Option<&str>,
    n_clusters: Option<usize>,
    resolution: Option<f64>,
) -> Result<Level> {
    match (level, n_clusters, resolution) {
        (Some("coarse"), None, None) => Ok(Level::Coarse),
        (Some("default"), None, None) => Ok(Level::Default),
        (Some("fine"), None, None) => Ok(Level::Fine),
        (Some(other), None, None) => {
            refuse(format!("level = {other:?}: give \"coarse\", \"default\" or \"fine\""))
        }
        (None, Some(k), None) => Ok(Level::NClusters(k)),
        (None, None, Some(at)) => Ok(Level::Resolution(at)),
        _ => refuse("give level, n_clusters or resolution, and only one of them"),
    }
}
