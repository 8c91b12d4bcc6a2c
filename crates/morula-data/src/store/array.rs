//! Arrays, read window by window, and never more than the file can hold.

use crate::hdf5::Record;
use crate::io::budget::Budget;
use crate::{CsrMatrix, DataError, Result};
use std::cell::Cell;

/// Elements decoded at a time. This bounds the scratch memory of every read.
const WINDOW: usize = 1 << 20;

/// Type of the elements of an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Element {
    Bool,
    Int,
    Uint,
    Float,
    /// A float of 2 bytes: half precision, or bfloat16.
    Half,
    Text,
    Record,
    Other,
}

impl Element {
    pub fn is_number(self) -> bool {
        matches!(self, Self::Bool | Self::Int | Self::Uint | Self::Float | Self::Half)
    }
}

/// Decodes the elements of an array. Rows are those of the first dimension; a scalar is one row.
pub(crate) trait Rows {
    /// Numbers of `n` rows from `start` on, in single precision.
    fn f32s(&self, start: u64, n: u64) -> Result<Vec<f32>>;

    /// Numbers of `n` rows from `start` on, in double precision.
    fn f64s(&self, start: u64, n: u64) -> Result<Vec<f64>>;

    /// Whole numbers of `n` rows from `start` on.
    fn i64s(&self, start: u64, n: u64) -> Result<Vec<i64>>;

    /// All texts.
    fn texts(&self) -> Result<Vec<String>>;

    /// All records.
    fn record(&self) -> Result<Record>;
}

/// An array in an open file.
pub(crate) struct Array {
    rows: Box<dyn Rows>,
    at: String,
    shape: Vec<usize>,
    element: Element,
    /// Rows decoded per window.
    window_rows: usize,
    budget: Budget,
    /// Bytes of an element.
    size: u64,
}

/// A value that single precision does not hold, and its position.
pub(crate) type Inexact = Option<(usize, f64, usize)>;

impl Array {
    /// An array of elements of `size` bytes, in chunks of `chunk_rows` rows. Whoever makes it has
    /// checked that no chunk is larger than the file can hold.
    pub fn new(
        rows: Box<dyn Rows>,
        at: &str,
        dims: &[u64],
        (element, size): (Element, u64),
        chunk_rows: u64,
        budget: Budget,
    ) -> Self {
        let shape: Vec<usize> = dims.iter().map(|&d| d as usize).collect();
        // Saturating: if one side is zero, the array's size does not bound the other sides.
        let per_row = shape.iter().skip(1).fold(1usize, |n, &d| n.saturating_mul(d)).max(1);
        let step = chunk_rows.max(1) as usize;
        let window_rows = (WINDOW / per_row).max(1).div_ceil(step).saturating_mul(step);
        Self { rows, at: at.into(), shape, element, window_rows, budget, size }
    }

    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    pub fn len(&self) -> usize {
        if self.shape.contains(&0) { 0 } else { self.shape.iter().product() }
    }

    pub fn element(&self) -> Element {
        self.element
    }

    /// Passes the numbers to `sink` window by window, each with the position of its first row.
    fn windows<T>(
        &self,
        read: impl Fn(u64, u64) -> Result<Vec<T>>,
        mut sink: impl FnMut(usize, Vec<T>) -> Result<()>,
    ) -> Result<()> {
        if !self.element.is_number() {
            return Err(DataError::unsupported(format!("{} holds no numbers", self.at)));
        }
        let rows = self.shape.first().copied().unwrap_or(1);
        if self.len() == 0 {
            return Ok(());
        }
        let per_row: usize = self.shape.iter().skip(1).product();
        for start in (0..rows).step_by(self.window_rows) {
            let count = self.window_rows.min(rows - start);
            self.budget.unpack((count * per_row) as u64, self.size)?;
            let values = read(start as u64, count as u64)?;
            if values.len() != count * per_row {
                let what = format!("{} ends after {} values", self.at, values.len());
                return Err(DataError::damaged(what));
            }
            sink(start, values)?;
        }
        Ok(())
    }

    /// Allocates space for all elements, or returns an error if memory does not suffice.
    fn room<T>(&self) -> Result<Vec<T>> {
        self.budget.take(self.len() as u64, size_of::<T>())?;
        let mut out = Vec::new();
        let full = |_| DataError::unsupported(format!("{} does not fit into memory", self.at));
        out.try_reserve_exact(self.len()).map_err(full)?;
        Ok(out)
    }

    /// What the file may still take.
    pub fn budget(&self) -> &Budget {
        &self.budget
    }

    /// Rows of numbers in single precision, and the first value that it does not hold.
    fn rows_f32(&self, start: u64, n: u64) -> Result<(Vec<f32>, Inexact)> {
        match (self.element, self.size) {
            // Whole numbers that are larger may not be held in double precision either.
            (Element::Int | Element::Uint, 4 | 8) => {
                let values = self.rows.f64s(start, n)?;
                let beyond = |v: f64| v.abs() >= 9_007_199_254_740_992.0;
                let first = values.iter().position(|&v| beyond(v) || CsrMatrix::is_inexact(v));
                let first = first.map(|p| (p, values[p], 0));
                Ok((values.into_iter().map(|v| v as f32).collect(), first))
            }
            (Element::Float, 8) => {
                let values = self.rows.f64s(start, n)?;
                let first = values.iter().position(|&v| CsrMatrix::is_inexact(v));
                let hidden = values.iter().filter(|v| CsrMatrix::is_hidden(**v));
                let first = first.map(|p| (p, values[p], hidden.count()));
                Ok((values.into_iter().map(|v| v as f32).collect(), first))
            }
            _ => Ok((self.rows.f32s(start, n)?, None)),
        }
    }

    /// Reads `f32` values window by window: the first row of the window, its values, and the first
    /// of them that single precision does not hold.
    pub fn visit_f32(
        &self,
        mut sink: impl FnMut(usize, Vec<f32>, Inexact) -> Result<()>,
    ) -> Result<()> {
        if self.shape.is_empty() {
            return Err(DataError::unsupported(format!("{} is a scalar", self.at)));
        }
        let first = Cell::new(None);
        let read = |start, n| {
            let (values, inexact) = self.rows_f32(start, n)?;
            first.set(inexact);
            Ok(values)
        };
        self.windows(read, |start, values| sink(start, values, first.get()))
    }

    /// All values in single precision, and the first that it does not hold.
    pub fn f32s_and_inexact(&self) -> Result<(Vec<f32>, Inexact)> {
        let mut out = self.room()?;
        let mut first: Inexact = None;
        self.visit_f32(|_, v, inexact| {
            let before = first.map_or(0, |(.., hidden)| hidden);
            let more = inexact.map(|(p, value, hidden)| (out.len() + p, value, hidden));
            first = match (first, more) {
                (Some((p, value, _)), Some((.., hidden))) => Some((p, value, before + hidden)),
                (first, more) => first.or(more),
            };
            out.extend_from_slice(&v);
            Ok(())
        })?;
        Ok((out, first))
    }

    pub fn f32s(&self) -> Result<Vec<f32>> {
        Ok(self.f32s_and_inexact()?.0)
    }

    pub fn f64s(&self) -> Result<Vec<f64>> {
        let mut out = self.room()?;
        self.windows(
            |s, n| self.rows.f64s(s, n),
            |_, v| {
                out.extend_from_slice(&v);
                Ok(())
            },
        )?;
        Ok(out)
    }

    /// Reads integers. `to` converts each one and rejects values out of range.
    pub fn ints<T>(&self, to: impl Fn(i64) -> Option<T>) -> Result<Vec<T>> {
        let misfit = |v: i64| DataError::damaged(format!("{} holds {v}, out of range", self.at));
        if matches!(self.element, Element::Float | Element::Half) {
            return Err(DataError::unsupported(format!("{} holds no whole numbers", self.at)));
        }
        let mut out = self.room()?;
        self.windows(
            |s, n| self.rows.i64s(s, n),
            |_, values| {
                for v in values {
                    out.push(to(v).ok_or_else(|| misfit(v))?);
                }
                Ok(())
            },
        )?;
        Ok(out)
    }

    pub fn texts(&self) -> Result<Vec<String>> {
        if self.element != Element::Text {
            return Err(DataError::unsupported(format!("{} holds no text", self.at)));
        }
        // A text of variable length is a reference, and references can be packed to nothing.
        let n = self.len() as u64;
        self.budget.check_texts(n, n.saturating_mul(16))?;
        self.budget.unpack(n, self.size)?;
        let texts = self.rows.texts()?;
        self.budget.take_texts(&texts)?;
        if texts.len() != self.len() {
            return Err(DataError::damaged(format!(
                "{} ends after {} texts",
                self.at,
                texts.len()
            )));
        }
        Ok(texts)
    }

    /// The fields of an array of records.
    pub fn record(&self) -> Result<Record> {
        // The bytes, and about as much again for the values.
        self.budget.take(self.len() as u64, (2 * self.size) as usize)?;
        self.budget.unpack(self.len() as u64, self.size)?;
        self.rows.record()
    }
}

/// The value of a float of half precision. Single precision holds every one.
pub(crate) fn half(bits: u16) -> f32 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, mantissa) = (i32::from(bits >> 10 & 31), f32::from(bits & 1023));
    sign * match exponent {
        0 => mantissa * 2f32.powi(-24),
        31 if mantissa == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        e => (1024.0 + mantissa) * 2f32.powi(e - 25),
    }
}
