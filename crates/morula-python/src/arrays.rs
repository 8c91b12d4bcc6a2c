//! numpy's arrays as vectors, whatever the type of their numbers.

use morula::data::{Categorical, CsrMatrix};
use numpy::{Element, PyArray1, PyArray2, PyArrayMethods};
use pyo3::prelude::*;

use crate::errors::{Error, Result};

/// A number of an array.
pub trait Number: Element + Copy {
    /// In double precision.
    fn wide(self) -> f64;
}

macro_rules! numbers {
    ($($of:ty),*) => {$(
        impl Number for $of {
            fn wide(self) -> f64 {
                self as f64
            }
        }
    )*};
}
numbers!(i8, i16, i32, i64, u8, u16, u32, u64, f32, f64);

impl Number for bool {
    fn wide(self) -> f64 {
        f64::from(u8::from(self))
    }
}

/// Binds `$array` to a view of the array in the type that it has, and evaluates `$then`.
macro_rules! of_any_type {
    ($kind:ident, $object:expr, $array:ident => $then:expr) => {
        of_any_type!(@ $kind, $object, $array => $then;
            f32, i64, i32, f64, u16, u8, u32, u64, i16, i8, bool)
    };
    (@ $kind:ident, $object:expr, $array:ident => $then:expr; $($of:ty),*) => {
        $(if let Ok(array) = $object.cast::<$kind<$of>>() {
            let array = array.try_readonly().map_err(|e| Error::Value(e.to_string()))?;
            let $array = array.as_array();
            Ok($then)
        } else)* {
            Err(Error::Type(format!(
                "an array of numbers is needed, not {} of {}",
                $object.get_type().name()?,
                $object.getattr("dtype").map_or("no type".into(), |of| of.to_string())
            )))
        }
    };
}
pub(crate) use of_any_type;

/// Values in single precision, and the position and value of the first that it does not hold.
#[derive(Debug, Default)]
pub struct Singles {
    /// The values.
    pub values: Vec<f32>,
    /// The first value that is not held.
    pub inexact: Option<(usize, f64)>,
}

impl Singles {
    /// No values, with room for some.
    pub fn with_capacity(n: usize) -> Self {
        Self { values: Vec::with_capacity(n), inexact: None }
    }

    /// Appends a value.
    pub fn push(&mut self, value: f64) {
        if self.inexact.is_none() && CsrMatrix::is_inexact(value) {
            self.inexact = Some((self.values.len(), value));
        }
        self.values.push(value as f32);
    }
}

/// The numbers of an array of one dimension.
pub fn singles(object: &Bound<'_, PyAny>) -> Result<Singles> {
    of_any_type!(PyArray1, object, array => {
        let mut all = Singles::with_capacity(array.len());
        array.iter().for_each(|v| all.push(v.wide()));
        all
    })
}

/// The numbers of an array of two dimensions row by row, and its shape.
pub fn matrix(object: &Bound<'_, PyAny>) -> Result<(Vec<f32>, [usize; 2])> {
    of_any_type!(PyArray2, object, array => {
        let values = array.rows().into_iter().flatten().map(|v| v.wide() as f32).collect();
        (values, [array.nrows(), array.ncols()])
    })
}

/// Offsets: whole numbers of at least 0.
pub fn offsets(object: &Bound<'_, PyAny>) -> Result<Vec<usize>> {
    whole(object, "position in a matrix", |v| v as usize as f64 == v, |v| v as usize)
}

/// Columns.
pub fn columns(object: &Bound<'_, PyAny>) -> Result<Vec<u32>> {
    whole(object, "position in a matrix", |v| f64::from(v as u32) == v, |v| v as u32)
}

/// Codes of categories, -1 where missing.
pub fn codes(object: &Bound<'_, PyAny>) -> Result<Vec<i32>> {
    whole(object, "code of a label", |v| f64::from(v as i32) == v, |v| v as i32)
}

/// A code per cell, -1 where missing, and the names of the codes.
pub type Labels<'py> = (Bound<'py, PyAny>, Vec<String>);

/// Labels as categories.
pub fn categorical((of_cells, names): Labels<'_>) -> Result<Categorical> {
    Ok(Categorical::new(codes(&of_cells)?, names, false)?)
}

/// Whole numbers; `what` they are, for the error.
fn whole<T>(
    object: &Bound<'_, PyAny>,
    what: &str,
    fits: impl Fn(f64) -> bool,
    number: impl Fn(f64) -> T,
) -> Result<Vec<T>> {
    let mut bad = None;
    let all = of_any_type!(PyArray1, object, array => {
        let convert = |v: f64| {
            if !fits(v) {
                bad.get_or_insert(v);
            }
            number(v)
        };
        array.iter().map(|v| v.wide()).map(convert).collect()
    })?;
    match bad {
        None => Ok(all),
        Some(bad) => Err(Error::Value(format!("{bad} is no {what}"))),
    }
}
