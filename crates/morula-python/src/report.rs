//! The report of results that are in an AnnData.

use std::path::PathBuf;

use morula::data::{AnnData, Categorical, Column, DataFrame, DenseMatrix, UnsValue};
use morula::report::{Report, Run, Source};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString};

use crate::arrays::{codes, matrix, singles};
use crate::counts::Counts;
use crate::errors::{Error, Result, raise};
use crate::work;

/// A column of obs: its name, and its codes and their names, or its numbers.
type Given<'py> = (String, Bound<'py, PyAny>, Option<Vec<String>>);

/// Writes the report of a run to a folder. `counts` may be None: then it shows no markers.
#[pyfunction]
#[pyo3(signature = (folder, name, key, obs, obsm, uns, counts, truth, batch, command, n_jobs))]
#[expect(clippy::too_many_arguments, reason = "called from one place of Python")]
pub fn report<'py>(
    py: Python<'py>,
    folder: PathBuf,
    name: String,
    key: String,
    obs: Vec<Given<'py>>,
    obsm: Vec<(String, Bound<'py, PyAny>)>,
    uns: &Bound<'py, PyDict>,
    counts: Option<&Counts>,
    truth: Option<String>,
    batch: Option<String>,
    command: String,
    n_jobs: Option<usize>,
) -> PyResult<Option<String>> {
    let mut data = raise(annotations(obs, obsm, uns))?;
    let counts = counts.map(Counts::inner);
    raise(work::quietly(py, n_jobs, move || {
        if let Some(counts) = counts {
            data.var = DataFrame::new(counts.var_names().to_vec());
            data.x = Some(counts.x().clone());
        }
        let source = Source { name, model: key, layer: None, truth, batch, layout: None };
        let mut run = Run::from_anndata(&data, &source)?;
        drop(data);
        run.command = Some(command);
        Report::new(&run)?.write(&folder)?;
        Ok(run.no_expression)
    }))
}

fn annotations<'py>(
    obs: Vec<Given<'py>>,
    obsm: Vec<(String, Bound<'py, PyAny>)>,
    uns: &Bound<'py, PyDict>,
) -> Result<AnnData> {
    let n = obs.first().map_or(Ok(0), |column| column.1.len())?;
    let mut data = AnnData { obs: DataFrame::new(vec![String::new(); n]), ..AnnData::default() };
    for (name, values, categories) in obs {
        let column = match categories {
            Some(names) => Column::Categorical(Categorical::new(codes(&values)?, names, false)?),
            None => Column::Float(singles(&values)?.values.into_iter().map(f64::from).collect()),
        };
        data.obs.set(name, column)?;
    }
    for (name, values) in obsm {
        let (values, [rows, columns]) = matrix(&values)?;
        data.obsm.insert(name, DenseMatrix::new(rows, columns, values)?);
    }
    for (name, value) in uns.iter() {
        data.uns.insert(name.extract()?, entry(&value)?);
    }
    Ok(data)
}

/// An entry of uns from dicts, lists, texts and numbers.
fn entry(value: &Bound<'_, PyAny>) -> Result<UnsValue> {
    if let Ok(map) = value.cast::<PyDict>() {
        let entries = map.iter().map(|(name, value)| Ok((name.extract()?, entry(&value)?)));
        return Ok(UnsValue::Map(entries.collect::<Result<_>>()?));
    }
    if value.is_instance_of::<PyString>() {
        return Ok(UnsValue::Text(value.extract()?));
    }
    // Before numbers: a truth value is one in Python.
    if value.is_instance_of::<PyBool>() {
        return Ok(UnsValue::Bool(value.extract()?));
    }
    if value.is_instance_of::<PyInt>() {
        return Ok(UnsValue::Int(value.extract()?));
    }
    if value.is_instance_of::<PyFloat>() {
        return Ok(UnsValue::Float(value.extract()?));
    }
    if value.is_instance_of::<PyList>() {
        if let Ok(ints) = value.extract() {
            return Ok(UnsValue::Ints(ints));
        }
        if let Ok(floats) = value.extract() {
            return Ok(UnsValue::Floats(floats));
        }
        if let Ok(texts) = value.extract() {
            return Ok(UnsValue::Texts(texts));
        }
    }
    Err(Error::Type(format!("uns cannot hold {} here", value.get_type().name()?)))
}
