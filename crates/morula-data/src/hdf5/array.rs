//! Reads arrays of HDF5, and never more than the file can hold.

use super::{Record, guard};
use crate::io::budget::Budget;
use crate::store::{self, Array, Element, Rows};
use crate::{DataError, Result};
use hdf5_pure::{DType, Dataset, Datatype, DatatypeByteOrder, VlenStringReadOptions};

/// Largest expansion of a compressed chunk: the limit of deflate, with room for other filters.
const MAX_EXPANSION: u64 = 1100;

/// Arrays up to this size are read whatever the size of the file is.
const ALWAYS_ALLOWED: u64 = 1 << 24;

/// Filters that the library decodes: deflate, shuffle, fletcher32, scale-offset, LZF.
const FILTERS: [u16; 5] = [1, 2, 3, 6, 32000];

fn element(dtype: &DType) -> Element {
    match dtype {
        DType::F32 | DType::F64 => Element::Float,
        DType::I8 | DType::I16 | DType::I32 | DType::I64 => Element::Int,
        DType::U8 | DType::U16 | DType::U32 | DType::U64 => Element::Uint,
        DType::String | DType::VariableLengthString => Element::Text,
        DType::Enum(names) if names.len() == 2 && names.iter().any(|n| n == "TRUE") => {
            Element::Bool
        }
        DType::Compound(_) => Element::Record,
        DType::Other(of) if half(of).is_some() => Element::Half,
        _ => Element::Other,
    }
}

/// An array that was checked.
struct Set {
    set: Dataset,
    at: String,
    dtype: DType,
    scalar: bool,
    /// Number of elements.
    len: usize,
    file_bytes: u64,
}

/// Checks what an array claims.
pub(super) fn array(set: Dataset, at: &str, file_bytes: u64, budget: Budget) -> Result<Array> {
    let (dims, dtype, size) = guard(at, || Ok((set.shape()?, set.dtype()?, set.element_size()?)))?;
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
    let len = match dims.contains(&0) {
        true => 0,
        false => dims.iter().fold(1u64, |n, &d| n.saturating_mul(d)) as usize,
    };
    let of = (element(&dtype), size);
    let step = chunk.and_then(|c| c.first().copied()).unwrap_or(1);
    let (at_, scalar) = (at.to_string(), dims.is_empty());
    let rows = Set { set, at: at_, dtype, scalar, len, file_bytes };
    Ok(Array::new(Box::new(rows), at, &dims, of, step, budget))
}

impl Set {
    /// Floats of 2 bytes, which the library does not convert.
    fn halves(&self, start: u64, n: u64) -> Result<Option<Vec<f32>>> {
        let DType::Other(of) = &self.dtype else { return Ok(None) };
        let raw = guard(&self.at, || match self.scalar {
            true => self.set.read_raw(),
            false => self.set.read_raw_rows(start, n),
        });
        Ok(Some(halves(&raw?, of)))
    }
}

impl Rows for Set {
    fn f32s(&self, start: u64, n: u64) -> Result<Vec<f32>> {
        match self.halves(start, n)? {
            Some(values) => Ok(values),
            None => guard(&self.at, || self.set.read_f32_rows(start, n)),
        }
    }

    fn f64s(&self, start: u64, n: u64) -> Result<Vec<f64>> {
        match self.halves(start, n)? {
            Some(values) => Ok(values.into_iter().map(f64::from).collect()),
            None if self.scalar => guard(&self.at, || self.set.read_f64()),
            None => guard(&self.at, || self.set.read_f64_rows(start, n)),
        }
    }

    fn i64s(&self, start: u64, n: u64) -> Result<Vec<i64>> {
        guard(&self.at, || match self.scalar {
            true => self.set.read_i64(),
            false => self.set.read_i64_rows(start, n),
        })
    }

    fn texts(&self) -> Result<Vec<String>> {
        if self.dtype == DType::VariableLengthString {
            let limits = VlenStringReadOptions::new()
                .with_max_elements(self.len)
                .with_max_payload_bytes(self.file_bytes as usize);
            guard(&self.at, || self.set.read_vlen_strings(limits))
        } else {
            guard(&self.at, || self.set.read_string())
        }
    }

    fn record(&self) -> Result<Record> {
        let datatype = guard(&self.at, || self.set.datatype())?;
        let raw = guard(&self.at, || self.set.read_raw())?;
        Record::new(&self.at, &datatype, raw, self.len)
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
        if exponent == 8 { brain(bits) } else { store::half(bits) }
    };
    raw.chunks_exact(2).map(value).collect()
}

/// The value of a bfloat16: the upper half of a float of 4 bytes.
fn brain(bits: u16) -> f32 {
    f32::from_bits(u32::from(bits) << 16)
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
