//! Entries of uns from values of Python.

use morula::data::UnsValue;
use numpy::{PyArray1, PyArrayMethods};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyString};

use crate::errors::{Error, Result};

/// An entry of uns from dicts, texts, lists of texts, numbers, and arrays of int64 and float64.
pub fn entry(value: &Bound<'_, PyAny>) -> Result<UnsValue> {
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
        // A seed may be beyond i64: a float, as in a file.
        return Ok(match value.extract() {
            Ok(int) => UnsValue::Int(int),
            Err(_) => UnsValue::Float(value.extract()?),
        });
    }
    if value.is_instance_of::<PyFloat>() {
        return Ok(UnsValue::Float(value.extract()?));
    }
    if let Ok(ints) = value.cast::<PyArray1<i64>>() {
        return Ok(UnsValue::Ints(ints.to_vec().map_err(|e| Error::Value(e.to_string()))?));
    }
    if let Ok(floats) = value.cast::<PyArray1<f64>>() {
        return Ok(UnsValue::Floats(floats.to_vec().map_err(|e| Error::Value(e.to_string()))?));
    }
    match value.extract() {
        Ok(texts) => Ok(UnsValue::Texts(texts)),
        Err(_) => Err(Error::Type(format!("uns cannot hold {} here", value.get_type().name()?))),
    }
}
