//! Reads arrays window by window, and never more than the file can hold.

use super::{Record, guard};
use crate::{DataError, Result};
use hdf5_pure::{DType, Dataset};

/// Elements decoded at a time. This bounds the scratch memory of every read.
const WINDOW: usize = 1 << 20;

/// Largest expansion of a compressed chunk: the limit of deflate, with room for other filters.
const MAX_EXPANSION: u64 = 1100;

/// Arrays up to this size are read whatever the size of the file is.
const ALWAYS_ALLOWED: u64 = 1 << 24;

/// Filters that the library decodes: deflate, shuffle, fletcher32, scale-offset, LZF.
const FILTERS: [u16; 5] = [1, 2, 3, 6, 32000];

/// Type of the elements of an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Element {
    Bool,
    Int,
    Uint,
    Float,
    Text,
    Record,
    Other,
}

impl Element {
    pub(super) fn of(dtype: &DType) -> Self {
        match dtype {
            DType::F32 | DType::F64 => Self::Float,
            DType::I8 | DType::I16 | DType::I32 | DType::I64 => Self::Int,
            DType::U8 | DType::U16 | DType::U32 | DType::U64 => Self::Uint,
            DType::String | DType::VariableLengthString => Self::Text,
            DType::Enum(names) if names.len() == 2 && names.iter().any(|n| n == "TRUE") => {
                Self::Bool
            }
            DType::Compound(_) => Self::Record,
            _ => Self::Other,
        }
    }

    pub fn is_number(self) -> bool {
        matches!(self, Self::Bool | Self::Int | Self::Uint | Self::Float)
    }
}

/// An array in an open file.
pub(crate) struct Array {
    set: Dataset,
    at: String,
    shape: Vec<usize>,
    element: Element,
    /// Rows decoded per window.
    window_rows: usize,
}

impl Array {
    pub(super) fn new(set: Dataset, at: &str, file_bytes: u64) -> Result<Self> {
        let (dims, dtype, size) =
            guard(at, || Ok((set.shape()?, set.dtype()?, set.element_size()?)))?;
        let chunk = guard(at, || set.chunk_shape())?;
        if let Some(filter) = set.filters().into_iter().find(|id| !FILTERS.contains(id)) {
            return Err(DataError::unsupported(format!(
                "{at} is compressed by HDF5 filter {filter}, which is not read here; write the \
                 file anew with gzip, in Python: adata.write_h5ad(path, compression=\"gzip\")"
            )));
        }
        let too_large = || {
            DataError::damaged(format!(
                "{at} claims {dims:?} elements of {size} bytes in a file of {file_bytes} bytes"
            ))
        };
        let bytes_of = |dims: &[u64]| dims.iter().try_fold(size, |n, &d| n.checked_mul(d));
        let bytes = bytes_of(&dims).ok_or_else(too_large)?;
        let compressed = file_bytes.saturating_mul(MAX_EXPANSION).max(ALWAYS_ALLOWED);
        if let Some(chunk) = &chunk {
            let chunk_bytes = bytes_of(chunk).filter(|&n| n <= compressed).ok_or_else(too_large)?;
            let chunks = guard(at, || set.chunks())?;
            // Chunks that were never written read as zeros, so a damaged shape could claim any
            // size.
            let written = (chunks.len() as u64).saturating_mul(chunk_bytes);
            if chunks.iter().any(|c| c.storage_size > file_bytes)
                || bytes > written.max(ALWAYS_ALLOWED)
            {
                return Err(too_large());
            }
        } else if bytes > file_bytes.max(ALWAYS_ALLOWED) {
            return Err(too_large());
        }
        let shape: Vec<usize> = dims.iter().map(|&d| d as usize).collect();
        // Saturating: if one side is zero, the array's size does not bound the other sides.
        let per_row = shape.iter().skip(1).fold(1usize, |n, &d| n.saturating_mul(d)).max(1);
        let step = chunk.and_then(|c| c.first().copied()).unwrap_or(1).max(1) as usize;
        let window_rows = (WINDOW / per_row).max(1).div_ceil(step).saturating_mul(step);
        Ok(Self { set, at: at.into(), shape, element: Element::of(&dtype), window_rows })
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
        read: impl Fn(u64, u64) -> Result<Vec<T>, hdf5_pure::Error>,
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
            let values = guard(&self.at, || read(start as u64, count as u64))?;
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
        let mut out = Vec::new();
        let full = |_| DataError::unsupported(format!("{} does not fit into memory", self.at));
        out.try_reserve_exact(self.len()).map_err(full)?;
        Ok(out)
    }

    /// Reads `f32` values window by window: the first row of the window, then its values.
    pub fn visit_f32(&self, sink: impl FnMut(usize, Vec<f32>) -> Result<()>) -> Result<()> {
        if self.shape.is_empty() {
            return Err(DataError::unsupported(format!("{} is a scalar", self.at)));
        }
        self.windows(|s, n| self.set.read_f32_rows(s, n), sink)
    }

    pub fn f32s(&self) -> Result<Vec<f32>> {
        let mut out = self.room()?;
        self.visit_f32(|_, v| {
            out.extend_from_slice(&v);
            Ok(())
        })?;
        Ok(out)
    }

    pub fn f64s(&self) -> Result<Vec<f64>> {
        if self.shape.is_empty() {
            return guard(&self.at, || self.set.read_f64());
        }
        let mut out = self.room()?;
        self.windows(
            |s, n| self.set.read_f64_rows(s, n),
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
        if self.element == Element::Float {
            return Err(DataError::unsupported(format!("{} holds no whole numbers", self.at)));
        }
        let mut out = self.room()?;
        let mut push = |values: Vec<i64>| {
            for v in values {
                out.push(to(v).ok_or_else(|| misfit(v))?);
            }
            Ok(())
        };
        if self.shape.is_empty() {
            push(guard(&self.at, || self.set.read_i64())?)?;
        } else {
            self.windows(|s, n| self.set.read_i64_rows(s, n), |_, v| push(v))?;
        }
        Ok(out)
    }

    pub fn texts(&self) -> Result<Vec<String>> {
        if self.element != Element::Text {
            return Err(DataError::unsupported(format!("{} holds no text", self.at)));
        }
        let texts = guard(&self.at, || self.set.read_string())?;
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
        let (datatype, raw) = guard(&self.at, || Ok((self.set.datatype()?, self.set.read_raw()?)))?;
        Record::new(&self.at, &datatype, raw, self.len())
    }
}
