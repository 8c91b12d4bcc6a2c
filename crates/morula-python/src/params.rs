//! Parameters of models from a dict of Python, and devices.

use morula::models::{DeviceChoice, MODELS, ModelKind, NamedDevice, devices as all_devices};
use pyo3::prelude::*;
use pythonize::{depythonize, pythonize};
use serde_json::{Map, Value, json};

use crate::errors::{Error, Result, raise};
use crate::work;

/// The kind of that name, and the values of a dict as in a configuration file.
pub fn read(kind: &str, params: &Bound<'_, PyAny>) -> Result<(ModelKind, Map<String, Value>)> {
    let kind = ModelKind::named(kind)?;
    let values: Map<String, Value> =
        depythonize(params).map_err(|e| Error::Type(format!("parameters of {kind}: {e}")))?;
    Ok((kind, values))
}

/// The device of that name. Asking drivers takes time, and may panic.
pub fn device(py: Python<'_>, name: &str) -> Result<NamedDevice> {
    let choice: DeviceChoice =
        name.parse().map_err(|e: morula::models::ModelError| Error::Value(e.to_string()))?;
    work::quietly(py, None, move || Ok(choice.resolve()?))
}

/// Every model: its name, title, a line about it, and whether it gives denoised counts.
#[pyfunction]
pub fn models<'py>(py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
    let about = |kind: &ModelKind| {
        json!({
            "name": kind.name, "title": kind.title, "about": kind.about, "denoises": kind.denoises,
        })
    };
    Ok(pythonize(py, &MODELS.iter().map(about).collect::<Vec<_>>())?)
}

/// All parameters of a model, with these values over those of its preset, checked.
#[pyfunction]
pub fn params<'py>(
    py: Python<'py>,
    kind: &str,
    values: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let checked = read(kind, values).and_then(|(kind, values)| {
        let params = kind.params(&values)?;
        params.recipe().check().map_err(|e| Error::Value(format!("recipe: {e}")))?;
        Ok(params.checked()?.to_value())
    });
    Ok(pythonize(py, &raise(checked)?)?)
}

/// Names of the devices of this build, hardware GPUs first.
#[pyfunction]
pub fn devices(py: Python<'_>) -> PyResult<Vec<String>> {
    let names = || Ok(all_devices().into_iter().map(|device| device.name).collect());
    raise(work::quietly(py, None, names))
}
