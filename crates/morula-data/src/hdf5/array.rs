//! Reads arrays window by window, and never more than the file can hold.

use super::{Record, guard};
use crate::io::budget::Budget;
use crate::{CsrMatrix, DataError, Result};
use hdf5_pure::{DType, Dataset, Datatype, DatatypeByteOrder, VlenStringReadOptions};
use std::cell::Cell;

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
    /// A float of 2 bytes: half precision, or bfloat16.
    Half,
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
            DType::Other(of) if half(of).is_some() => Self::Half,
            _ => Self::Other,
        }
    }

    pub fn is_number(self) -> bool {
        matches!(self, Self::Bool | Self::Int | Self::Uint | Self::Float | Self::Half)
    }
}

/// An array in an open file.
pub(crate) struct Array {
    set: Dataset,
    at: String,
    shape: Vec<usize>,
    element: Element,
    dtype: DType,
    /// Rows decoded per window.
    window_rows: usize,
    budget: Budget,
    file_bytes: u64,
    /// Bytes of an element.
    size: u64,
}

/// A value that single precision does not hold, and its position.
pub(crate) type Inexact = Option<(usize, f64, usize)>;

impl Array {
    pub(super) fn new(set: Dataset, at: &str, file_bytes: u64, budget: Budget) -> Result<Self> {
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
            // Some indices do not list their chunks, so the shape alone says how many there are.
            let grid = dims.iter().zip(chunk).map(|(&d, &c)| d.div_ceil(c.max(1)));
            let grid = grid.fold(1u64, u64::saturating_mul);
            if grid > file_bytes.max(1 << 16) {
                return Err(too_large());
            }
            let chunks = guard(at, || set.chunks())?;
            // Chunks that share their place in the file would unpack to any size.
            let stored = chunks.iter().fold(0u64, |sum, c| sum.saturating_add(c.storage_size));
            // Chunks that were never written read as zeros, so a damaged shape could claim any
            // size.
            let written = (chunks.len() as u64).saturating_mul(chunk_bytes);
            if stored > file_bytes || bytes > written.max(ALWAYS_ALLOWED) {
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
        let element = Element::of(&dtype);
        Ok(Self {
            set,
            at: at.into(),
            shape,
            element,
            dtype,
            window_rows,
            budget,
            file_bytes,
            size,
        })
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
            self.budget.unpack((count * per_row) as u64, self.size)?;
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
    fn rows_f32(&self, start: u64, n: u64) -> Result<(Vec<f32>, Inexact), hdf5_pure::Error> {
        let single = |v: Vec<f32>| Ok((v, None));
        match (&self.dtype, self.element) {
            (DType::Other(of), Element::Half) => {
                single(halves(&self.set.read_raw_rows(start, n)?, of))
            }
            // Whole numbers that are larger may not be held in double precision either.
            (DType::I64 | DType::U64 | DType::I32 | DType::U32, _) => {
                let values = self.set.read_f64_rows(start, n)?;
                let beyond = |v: f64| v.abs() >= 9_007_199_254_740_992.0;
                let first = values.iter().position(|&v| beyond(v) || CsrMatrix::is_inexact(v));
                let first = first.map(|p| (p, values[p], 0));
                Ok((values.into_iter().map(|v| v as f32).collect(), first))
            }
            (DType::F64, _) => {
                let values = self.set.read_f64_rows(start, n)?;
                let first = values.iter().position(|&v| CsrMatrix::is_inexact(v));
                let hidden = values.iter().filter(|v| CsrMatrix::is_hidden(**v));
                let first = first.map(|p| (p, values[p], hidden.count()));
                Ok((values.into_iter().map(|v| v as f32).collect(), first))
            }
            _ => single(self.set.read_f32_rows(start, n)?),
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
        if let (DType::Other(of), Element::Half) = (&self.dtype, self.element) {
            let wide = |raw: &[u8]| halves(raw, of).into_iter().map(f64::from).collect();
            if self.shape.is_empty() {
                return guard(&self.at, || Ok(wide(&self.set.read_raw()?)));
            }
            let mut out = self.room()?;
            self.windows(
                |s, n| Ok(wide(&self.set.read_raw_rows(s, n)?)),
                |_, v: Vec<f64>| {
                    out.extend_from_slice(&v);
                    Ok(())
                },
            )?;
            return Ok(out);
        }
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
        if matches!(self.element, Element::Float | Element::Half) {
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
        // A text of variable length is a reference, and references can be packed to nothing.
        let n = self.len() as u64;
        self.budget.check_texts(n, n.saturating_mul(16))?;
        self.budget.unpack(n, self.size)?;
        let texts = if self.dtype == DType::VariableLengthString {
            let limits = VlenStringReadOptions::new()
                .with_max_elements(self.len())
                .with_max_payload_bytes(self.file_bytes as usize);
            guard(&self.at, || self.set.read_vlen_strings(limits))?
        } else {
            guard(&self.at, || self.set.read_string())?
        };
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
        let datatype = guard(&self.at, || self.set.datatype())?;
        // The bytes, and about as much again for the values.
        self.budget.take(self.len() as u64, 2 * datatype.type_size() as usize)?;
        self.budget.unpack(self.len() as u64, self.size)?;
        let raw = guard(&self.at, || self.set.read_raw())?;
        Record::new(&self.at, &datatype, raw, self.len())
    }
}

/// Bits of the exponent of a float of 2 bytes, if this type is one.
fn half(of: &Datatype) -> Option<(u32, DatatypeByteOrder)> {
    let Datatype::FloatingPoint { size: 2, byte_order, layout } = of else { return None };
    let usual = matches!((layout.exponent_size, layout.mantissa_size), (5, 10) | (8, 7));
    usual.then_some((layout.exponent_size.into(), *byte_order))
}

/// The values of floats of 2 bytes. Every one is held in single precision.
fn halves(raw: &[u8], of: &Datatype) -> Vec<f32> {
    let Some((exponent, order)) = half(of) else { return Vec::new() };
    let value = |pair: &[u8]| {
        let bits = match order {
            DatatypeByteOrder::BigEndian => u16::from_be_bytes([pair[0], pair[1]]),
            _ => u16::from_le_bytes([pair[0], pair[1]]),
        };
        if exponent == 8 {
            // The upper half of a float of 4 bytes.
            return f32::from_bits(u32::from(bits) << 16);
        }
        let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
        let (exponent, mantissa) = (i32::from(bits >> 10 & 31), f32::from(bits & 1023));
        sign * match exponent {
            0 => mantissa * 2f32.powi(-24),
            31 if mantissa == 0.0 => f32::INFINITY,
            31 => f32::NAN,
            e => (1024.0 + mantissa) * 2f32.powi(e - 25),
        }
    };
    raw.chunks_exact(2).map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_read_in_both_layouts_and_orders() {
        let layout = |exponent_size, mantissa_size, exponent_bias| hdf5_pure::FloatingPointLayout {
            bit_offset: 0,
            bit_precision: 16,
            exponent_location: mantissa_size,
            exponent_size,
            mantissa_location: 0,
            mantissa_size,
            exponent_bias,
        };
        let of = |byte_order, layout| Datatype::FloatingPoint { size: 2, byte_order, layout };
        let half = of(DatatypeByteOrder::LittleEndian, layout(5, 10, 15));
        // numpy.array([1, -2, 65504, 2**-24, inf], "f2").
        let bits: [u16; 5] = [0x3C00, 0xC000, 0x7BFF, 0x0001, 0x7C00];
        let expected = [1.0, -2.0, 65504.0, 2f32.powi(-24), f32::INFINITY];
        assert_eq!(halves(&bits.map(u16::to_le_bytes).concat(), &half), expected);
        let big = of(DatatypeByteOrder::BigEndian, layout(5, 10, 15));
        assert_eq!(halves(&bits.map(u16::to_be_bytes).concat(), &big), expected);
        let brain = of(DatatypeByteOrder::LittleEndian, layout(8, 7, 127));
        assert_eq!(halves(&[0x80, 0x3F, 0x40, 0xC0], &brain), [1.0, -3.0]);
    }
}
