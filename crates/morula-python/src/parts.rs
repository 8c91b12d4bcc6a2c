//! Results as plain parts that Python puts into an AnnData: tuples that begin with their kind.

use morula::data::{
    Additions, AnnData, Column, CsrMatrix, DataFrame, DenseMatrix, Field, UnsValue,
};
use numpy::{PyArray1, PyArrayMethods};
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::errors::Result;

/// A value of Python.
type Object<'py> = Bound<'py, PyAny>;

/// `{"obs": {name: column}, "var": ..., "layers": ..., "obsm": ..., "uns": ...}` of additions to data
/// of `n_obs` cells and these genes.
pub fn additions<'py>(
    py: Python<'py>,
    additions: &Additions,
    n_obs: usize,
    n_vars: usize,
) -> Result<Bound<'py, PyDict>> {
    let rows = |n: usize| DataFrame::new(vec![String::new(); n]);
    let mut data = AnnData { obs: rows(n_obs), var: rows(n_vars), ..AnnData::default() };
    data.add(additions)?;
    let all = PyDict::new(py);
    for (name, frame) in [("obs", &data.obs), ("var", &data.var)] {
        let columns = PyDict::new(py);
        for (name, values) in frame.columns() {
            columns.set_item(name, column(py, values)?)?;
        }
        all.set_item(name, columns)?;
    }
    let (obsm, layers, entries) = (PyDict::new(py), PyDict::new(py), PyDict::new(py));
    for (name, matrix) in &data.obsm {
        obsm.set_item(name, dense(py, matrix)?)?;
    }
    for (name, value) in &data.uns {
        entries.set_item(name, uns(py, value)?)?;
    }
    for (name, matrix) in data.layers {
        layers.set_item(name, csr(py, matrix)?)?;
    }
    all.set_item("obsm", obsm)?;
    all.set_item("layers", layers)?;
    all.set_item("uns", entries)?;
    Ok(all)
}

/// An array of two dimensions, float32.
pub fn dense<'py>(py: Python<'py>, matrix: &DenseMatrix) -> PyResult<Object<'py>> {
    let values = PyArray1::from_slice(py, matrix.values());
    Ok(values.reshape([matrix.n_rows(), matrix.n_cols()])?.into_any())
}

/// `(shape, indptr, indices, data)` as scipy keeps them: offsets and columns of one signed type.
pub fn csr<'py>(py: Python<'py>, matrix: CsrMatrix) -> PyResult<Object<'py>> {
    let shape = (matrix.n_rows(), matrix.n_cols());
    let small = i32::try_from(matrix.nnz().max(shape.1)).is_ok();
    let (indptr, indices, data) = matrix.into_parts();
    let data = PyArray1::from_vec(py, data);
    match small {
        true => {
            let indptr = PyArray1::from_iter(py, indptr.into_iter().map(|i| i as i32));
            let indices = indices.into_iter().map(|j| j as i32).collect();
            (shape, indptr, PyArray1::from_vec(py, indices), data).into_bound_py_any(py)
        }
        false => {
            let indptr = PyArray1::from_iter(py, indptr.into_iter().map(|i| i as i64));
            let indices = PyArray1::from_iter(py, indices.into_iter().map(i64::from));
            (shape, indptr, indices, data).into_bound_py_any(py)
        }
    }
}

/// A column of a table.
pub fn column<'py>(py: Python<'py>, column: &Column) -> PyResult<Object<'py>> {
    match column {
        Column::Categorical(c) => {
            let codes = PyArray1::from_slice(py, c.codes());
            ("categorical", codes, c.categories(), c.ordered()).into_bound_py_any(py)
        }
        Column::Float(v) => ("float", PyArray1::from_slice(py, v)).into_bound_py_any(py),
        Column::Int(v) => ("int", v).into_bound_py_any(py),
        Column::Bool(v) => ("bool", v).into_bound_py_any(py),
        Column::Text(v) => ("text", v).into_bound_py_any(py),
    }
}

fn frame<'py>(py: Python<'py>, frame: &DataFrame) -> PyResult<Object<'py>> {
    let columns = PyDict::new(py);
    for (name, values) in frame.columns() {
        columns.set_item(name, column(py, values)?)?;
    }
    ("frame", frame.index(), columns).into_bound_py_any(py)
}

/// An entry of uns.
pub fn uns<'py>(py: Python<'py>, value: &UnsValue) -> PyResult<Object<'py>> {
    match value {
        UnsValue::Map(map) => {
            let entries = PyDict::new(py);
            for (name, value) in map {
                entries.set_item(name, uns(py, value)?)?;
            }
            ("map", entries).into_bound_py_any(py)
        }
        UnsValue::Text(v) => ("value", v).into_bound_py_any(py),
        UnsValue::Bool(v) => ("value", v).into_bound_py_any(py),
        UnsValue::Int(v) => ("value", v).into_bound_py_any(py),
        UnsValue::Float(v) => ("value", v).into_bound_py_any(py),
        UnsValue::Texts(v) => ("texts", v).into_bound_py_any(py),
        UnsValue::Ints(v) => ("array", PyArray1::from_slice(py, v)).into_bound_py_any(py),
        UnsValue::Floats(v) => ("array", PyArray1::from_slice(py, v)).into_bound_py_any(py),
        UnsValue::Matrix(m) => ("array", dense(py, m)?).into_bound_py_any(py),
        UnsValue::Frame(f) => frame(py, f),
        UnsValue::Records(records) => {
            let fields = PyList::empty(py);
            for (name, field) in records.fields() {
                let values = match field {
                    Field::Single(v) => PyArray1::from_slice(py, v).into_any(),
                    Field::Double(v) => PyArray1::from_slice(py, v).into_any(),
                    Field::Text(v) => v.into_bound_py_any(py)?,
                };
                fields.append((name, values))?;
            }
            ("records", fields).into_bound_py_any(py)
        }
    }
}
