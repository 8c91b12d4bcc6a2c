//! The report of results that are in an AnnData.

use std::path::PathBuf;

use morula::data::{AnnData, Column, DataFrame, DenseMatrix};
use morula::report::{Report, Run, Source};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::arrays::{categorical, matrix, singles};
use crate::counts::Counts;
use crate::entries::entry;
use crate::errors::{Result, raise};
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
            Some(names) => Column::Categorical(categorical((values, names))?),
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
