//! Reads arrays chunk by chunk, and never more than the store can hold.

use super::dtype::{Number, Type};
use super::files::Files;
use super::grid::{places, strides};
use super::layout::Layout;
use super::shard::Index;
use super::{damaged, unsupported};
use crate::hdf5::Record;
use crate::io::budget::Budget;
use crate::store::{Array, Rows};
use crate::{DataError, Result};
use serde_json::Value;
use std::cell::RefCell;
use std::rc::Rc;

/// An array that was checked.
struct Chunks {
    files: Rc<Files>,
    at: String,
    layout: Layout,
    budget: Budget,
    /// Bytes of a chunk that was unpacked; the most of them for texts.
    chunk_bytes: u64,
    /// An element that is not stored.
    fill: Vec<u8>,
    /// The shard that was read last.
    shard: RefCell<Option<Index>>,
}

/// Checks what an array claims.
pub(super) fn array(
    files: Rc<Files>,
    at: &str,
    layout: Layout,
    bytes: u64,
    budget: Budget,
) -> Result<Array> {
    let size = layout.number.of.size() as u64;
    let shape = &layout.shape;
    let too_large = || {
        let (shape, chunk) = (&layout.shape, &layout.chunk);
        let what = format!(
            "{shape:?} elements of {size} bytes in chunks of {chunk:?} are claimed in a store of \
             {bytes} bytes"
        );
        damaged(at, what)
    };
    let bytes_of = |dims: &[u64]| dims.iter().try_fold(size.max(1), |n, &d| n.checked_mul(d));
    bytes_of(shape).filter(|&n| n <= isize::MAX as u64).ok_or_else(too_large)?;
    // Packed zeros take nothing, so that no codec bounds what a chunk unpacks to.
    let most = budget.total();
    let chunk = bytes_of(&layout.chunk).filter(|&n| n <= most).ok_or_else(too_large)?;
    let count = shape.iter().zip(&layout.chunk).map(|(&d, &c)| d.div_ceil(c));
    // Chunks that are not stored hold one value, so the shape alone says how many there are.
    if count.fold(1u64, u64::saturating_mul) > bytes.max(1 << 16) {
        return Err(too_large());
    }
    let texts = layout.number.of == Type::Text;
    let of = (layout.number.of.element(), size);
    let (dims, rows) = (layout.shape.clone(), layout.chunk.first().copied().unwrap_or(1));
    let fill = fill(&layout.number, &layout.fill);
    let chunks = Chunks {
        files,
        at: at.into(),
        chunk_bytes: if texts { most } else { chunk / size.max(1) * size },
        layout,
        budget: budget.clone(),
        fill,
        shard: RefCell::default(),
    };
    Ok(Array::new(Box::new(chunks), at, &dims, of, rows, budget))
}

/// Bytes of the value of elements that are not stored; zeros where it is none of these.
fn fill(number: &Number, value: &Value) -> Vec<u8> {
    let size = number.of.size();
    let float = || match value.as_str() {
        Some("NaN") => Some(f64::NAN),
        Some("Infinity") => Some(f64::INFINITY),
        Some("-Infinity") => Some(f64::NEG_INFINITY),
        _ => value.as_f64(),
    };
    // The bits of a float.
    let bits = value.as_str().and_then(|text| text.strip_prefix("0x"));
    let bits = bits.and_then(|bits| u64::from_str_radix(bits, 16).ok());
    let mut bytes = match (&number.of, bits) {
        (Type::Float(_) | Type::Brain, Some(bits)) => bits.to_le_bytes().to_vec(),
        (Type::Float(4), _) => float().map_or(vec![], |v| (v as f32).to_le_bytes().to_vec()),
        (Type::Float(8), _) => float().map_or(vec![], |v| v.to_le_bytes().to_vec()),
        (Type::Float(2), _) if float().is_some_and(f64::is_nan) => vec![0, 0x7e],
        (Type::Bool, _) => vec![value.as_bool().unwrap_or_default().into()],
        (Type::Int(_) | Type::Uint(_), _) => {
            let bits = value.as_i64().map(|v| v as u64).or_else(|| value.as_u64());
            bits.unwrap_or_default().to_le_bytes().to_vec()
        }
        _ => Vec::new(),
    };
    bytes.resize(size, 0);
    if number.big_endian {
        bytes.reverse();
    }
    bytes
}

impl Chunks {
    /// The unpacked chunk at a place; `None` where it is not stored.
    fn chunk(&self, place: &[u64]) -> Result<Option<Vec<u8>>> {
        let Layout { grid, chunk, shards, keys, codecs, .. } = &self.layout;
        // What does not compress becomes a little larger.
        let limit = self.chunk_bytes.saturating_add(self.chunk_bytes / 8).saturating_add(1 << 16);
        let outer: Vec<u64> =
            place.iter().zip(grid.iter().zip(chunk)).map(|(p, (g, c))| p / (g / c)).collect();
        let file = format!("{}/{}", self.at, keys.name(&outer));
        let packed = match shards {
            None => self.files.read(&file, limit)?,
            Some(shards) => {
                let mut shard = self.shard.borrow_mut();
                if shard.as_ref().is_none_or(|index| index.file != file) {
                    *shard = Index::read(&self.files, file.clone(), &self.layout, shards)?;
                }
                let inner = place.iter().zip(grid.iter().zip(chunk));
                let number = inner.fold(0, |n, (p, (g, c))| n * (g / c) + p % (g / c));
                match &*shard {
                    Some(index) => index.chunk(&self.files, number as usize, limit)?,
                    None => None,
                }
            }
        };
        let Some(mut bytes) = packed else { return Ok(None) };
        for codec in codecs.iter().rev() {
            bytes = codec.decode(&file, bytes, limit)?;
        }
        self.budget.unpack(bytes.len() as u64, 1)?;
        let (found, expected) = (bytes.len() as u64, self.chunk_bytes);
        if self.layout.number.of != Type::Text && found != expected {
            let what = format!("a chunk of {found} bytes in place of {expected}");
            return Err(damaged(&file, what));
        }
        Ok(Some(bytes))
    }

    /// The bytes of `n` rows from `start` on, row-major.
    fn raw(&self, start: u64, n: u64) -> Result<Vec<u8>> {
        let Layout { shape, chunk, number, order, .. } = &self.layout;
        let size = number.of.size();
        if shape.is_empty() {
            return Ok(self.chunk(&[])?.unwrap_or_else(|| self.fill.clone()));
        }
        let mut window = shape.clone();
        window[0] = n;
        let total = window.iter().product::<u64>() as usize;
        let mut out = Vec::new();
        let full = |_| DataError::unsupported(format!("{} does not fit into memory", self.at));
        out.try_reserve_exact(total * size).map_err(full)?;
        match self.fill.iter().all(|&b| b == 0) {
            true => out.resize(total * size, 0),
            false => (0..total).for_each(|_| out.extend_from_slice(&self.fill)),
        }
        if out.is_empty() {
            return Ok(out);
        }
        let identity: Vec<usize> = (0..shape.len()).collect();
        let (to_steps, from_steps) = (strides(&window, &identity), strides(chunk, order));
        let mut first = vec![0; shape.len()];
        first[0] = start / chunk[0];
        let mut end: Vec<u64> = shape.iter().zip(chunk).map(|(&d, &c)| d.div_ceil(c)).collect();
        end[0] = (start + n).div_ceil(chunk[0]);
        let last = shape.len() - 1;
        places(&first, &end, |place| {
            let Some(bytes) = self.chunk(place)? else { return Ok(()) };
            // The part of the window that this chunk covers, in places of the array.
            let origin: Vec<u64> = place.iter().zip(chunk).map(|(&p, &c)| p * c).collect();
            let mut low = origin.clone();
            let mut high: Vec<u64> =
                (0..=last).map(|d| shape[d].min(origin[d] + chunk[d])).collect();
            (low[0], high[0]) = (low[0].max(start), high[0].min(start + n));
            let (run, step) = ((high[last] - low[last]) as usize, from_steps[last] as usize);
            let mut ends = high.clone();
            ends[last] = low[last] + 1;
            places(&low, &ends, |at| {
                let place = |steps: &[u64], zero: &dyn Fn(usize) -> u64| {
                    let sum: u64 = (0..=last).map(|d| (at[d] - zero(d)) * steps[d]).sum();
                    sum as usize * size
                };
                let from = place(&from_steps, &|d| origin[d]);
                let to = place(&to_steps, &|d| if d == 0 { start } else { 0 });
                if step == 1 {
                    let n = run * size;
                    out[to..to + n].copy_from_slice(&bytes[from..from + n]);
                    return Ok(());
                }
                let elements = out[to..to + run * size].chunks_exact_mut(size).enumerate();
                for (i, element) in elements {
                    let from = from + i * step * size;
                    element.copy_from_slice(&bytes[from..from + size]);
                }
                Ok(())
            })
        })?;
        Ok(out)
    }

    /// Texts of any length: a number of texts, then the size and bytes of each.
    fn variable_texts(&self) -> Result<Vec<String>> {
        let Layout { shape, chunk, fill, .. } = &self.layout;
        let (n, per_chunk) = match (&shape[..], &chunk[..]) {
            ([], _) => (1, 1),
            (&[n], &[chunk]) => (n as usize, chunk as usize),
            _ => return unsupported(&self.at, "an array of texts with several dimensions"),
        };
        let fill = fill.as_str().unwrap_or_default();
        let (mut texts, mut letters) = (Vec::new(), 0u64);
        while texts.len() < n {
            let place = (texts.len() / per_chunk) as u64;
            let wanted = per_chunk.min(n - texts.len());
            let place: &[u64] = if shape.is_empty() { &[] } else { &[place] };
            match self.chunk(place)? {
                None => texts.extend((0..wanted).map(|_| fill.to_string())),
                Some(bytes) => {
                    let cut = || damaged(&self.at, "a chunk of texts is cut short");
                    let (_, mut rest) = bytes.split_at_checked(4).ok_or_else(cut)?;
                    letters = letters.saturating_add(rest.len() as u64);
                    self.budget.check_texts((texts.len() + wanted) as u64, letters)?;
                    for _ in 0..wanted {
                        let (size, after) = rest.split_first_chunk().ok_or_else(cut)?;
                        let size = u32::from_le_bytes(*size) as usize;
                        let (text, after) = after.split_at_checked(size).ok_or_else(cut)?;
                        texts.push(String::from_utf8_lossy(text).into_owned());
                        rest = after;
                    }
                }
            }
        }
        Ok(texts)
    }

    fn rows(&self) -> u64 {
        self.layout.shape.first().copied().unwrap_or(1)
    }
}

impl Rows for Chunks {
    fn f32s(&self, start: u64, n: u64) -> Result<Vec<f32>> {
        Ok(self.layout.number.f32s(&self.raw(start, n)?))
    }

    fn f64s(&self, start: u64, n: u64) -> Result<Vec<f64>> {
        Ok(self.layout.number.f64s(&self.raw(start, n)?))
    }

    fn i64s(&self, start: u64, n: u64) -> Result<Vec<i64>> {
        Ok(self.layout.number.i64s(&self.raw(start, n)?))
    }

    fn texts(&self) -> Result<Vec<String>> {
        let (number, n) = (&self.layout.number, self.layout.shape.iter().product::<u64>());
        match number.of.size() {
            _ if number.of == Type::Text => self.variable_texts(),
            0 => Ok(vec![String::new(); n as usize]),
            size => {
                self.budget.check_texts(n, n.saturating_mul(2 * size as u64))?;
                let raw = self.raw(0, self.rows())?;
                Ok(raw.chunks_exact(size).map(|text| number.text(text)).collect())
            }
        }
    }

    fn record(&self) -> Result<Record> {
        match self.layout.shape.len() {
            1 => self.layout.number.record(
                &self.at,
                &self.raw(0, self.rows())?,
                self.rows() as usize,
            ),
            _ => unsupported(&self.at, "records with another number of dimensions than one"),
        }
    }
}
