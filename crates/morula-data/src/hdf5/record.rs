//! Arrays of records (compound types): the tables of anndata before 0.7.

use crate::store::{Data, Leaf};
use crate::{DataError, Field as Values, Records, Result};
use hdf5_pure::{CompoundMember, Datatype, DatatypeByteOrder};
use std::collections::HashMap;

/// An array of records, read field by field.
pub(crate) struct Record {
    at: String,
    raw: Vec<u8>,
    stride: usize,
    fields: Vec<CompoundMember>,
    /// Position of each field, by name.
    places: HashMap<String, usize>,
}

/// The values of one field, `width` of them per record.
pub(crate) struct Field {
    pub width: usize,
    pub values: FieldValues,
}

pub(crate) enum FieldValues {
    Bool(Vec<bool>),
    Int(Vec<i64>),
    Float(Vec<f64>),
    Text(Vec<String>),
}

impl Record {
    pub(super) fn new(at: &str, datatype: &Datatype, raw: Vec<u8>, rows: usize) -> Result<Self> {
        let Datatype::Compound { size, members } = datatype else {
            return Err(DataError::unsupported(format!("{at} is no table")));
        };
        let stride = *size as usize;
        if stride == 0 || rows.checked_mul(stride) != Some(raw.len()) {
            return Err(DataError::damaged(format!("{at} ends after {} bytes", raw.len())));
        }
        // The first of several of one name.
        let places = members.iter().enumerate().rev().map(|(i, m)| (m.name.clone(), i)).collect();
        Ok(Self { at: at.into(), raw, stride, fields: members.clone(), places })
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(|f| f.name.as_str())
    }

    /// The values of a field.
    pub fn field(&self, name: &str) -> Result<Field> {
        let field = self.places.get(name).map(|&i| &self.fields[i]);
        let field = field.ok_or_else(|| DataError::damaged(format!("{} lacks {name}", self.at)))?;
        let (base, width) = match &field.datatype {
            Datatype::Array { base_type, dimensions } => {
                (&**base_type, dimensions.iter().map(|&d| d as usize).product())
            }
            single => (single, 1),
        };
        let values = self.decode(name, base, field.byte_offset as usize, width)?;
        Ok(Field { width, values })
    }

    /// All fields. Each must hold one real number or text per record.
    pub fn records(&self) -> Result<Records> {
        let values = |member: &CompoundMember| {
            let field = self.field(&member.name)?;
            let values = match field.values {
                FieldValues::Float(v) if field.width == 1 && member.datatype.type_size() == 4 => {
                    Values::Single(v.into_iter().map(|x| x as f32).collect())
                }
                FieldValues::Float(v) if field.width == 1 => Values::Double(v),
                FieldValues::Text(v) if field.width == 1 => Values::Text(v),
                _ => return Err(DataError::unsupported(format!("{}: other records", self.at))),
            };
            Ok((member.name.clone(), values))
        };
        Records::new(self.fields.iter().map(values).collect::<Result<_>>()?)
    }

    /// A field as an array, with its type and width unchanged.
    pub fn leaf(&self, name: &str) -> Result<Leaf<'static>> {
        let found = self.places.get(name).map(|&i| &self.fields[i]);
        let field = self.field(name)?;
        let rows = (self.raw.len() / self.stride) as u64;
        let mut leaf = Leaf::vector(match (field.values, found) {
            (FieldValues::Text(texts), _) => {
                Data::Text(texts.into_iter().map(Into::into).collect())
            }
            (_, Some(member)) => {
                let (at, size) =
                    (member.byte_offset as usize, member.datatype.type_size() as usize);
                let cells = self.raw.chunks_exact(self.stride);
                let bytes = cells.flat_map(|r| r[at..at + size].iter().copied()).collect();
                let of = match &member.datatype {
                    Datatype::Array { base_type, .. } => (**base_type).clone(),
                    single => single.clone(),
                };
                Data::Raw(of, bytes)
            }
            (_, None) => return Err(DataError::damaged(format!("{} lacks {name}", self.at))),
        });
        leaf.shape = match found.map(|f| &f.datatype) {
            Some(Datatype::Array { dimensions, .. }) => {
                std::iter::once(rows).chain(dimensions.iter().map(|&d| d.into())).collect()
            }
            _ => vec![rows],
        };
        Ok(leaf)
    }

    fn decode(&self, name: &str, of: &Datatype, at: usize, width: usize) -> Result<FieldValues> {
        let unsupported = || {
            let what = format!("field {name} of {} has a type not read here", self.at);
            DataError::unsupported(what)
        };
        let size = of.type_size() as usize;
        let end = width.checked_mul(size).and_then(|n| n.checked_add(at));
        if size == 0 || end.is_none_or(|end| end > self.stride) {
            return Err(DataError::damaged(format!("field {name} of {} is cut short", self.at)));
        }
        let cells = || {
            let records = self.raw.chunks_exact(self.stride);
            records.flat_map(move |r| r[at..at + width * size].chunks_exact(size))
        };
        Ok(match of {
            Datatype::String { .. } => FieldValues::Text(cells().map(text).collect()),
            Datatype::FixedPoint { byte_order, layout, .. } if size <= 8 => {
                let signed = layout.signed;
                FieldValues::Int(cells().map(|c| int(c, *byte_order, signed)).collect())
            }
            Datatype::FloatingPoint { byte_order, .. } => {
                let values: Option<Vec<f64>> = cells().map(|c| float(c, *byte_order)).collect();
                FieldValues::Float(values.ok_or_else(unsupported)?)
            }
            Datatype::Enumeration { members, .. }
                if size == 1 && members.iter().any(|m| m.name == "TRUE") =>
            {
                FieldValues::Bool(cells().map(|c| c[0] != 0).collect())
            }
            _ => return Err(unsupported()),
        })
    }
}

/// A fixed-width text without its padding.
fn text(cell: &[u8]) -> String {
    let end = cell.iter().position(|&b| b == 0).unwrap_or(cell.len());
    String::from_utf8_lossy(&cell[..end]).into_owned()
}

/// Bytes in little-endian order.
fn little(cell: &[u8], order: DatatypeByteOrder) -> [u8; 8] {
    let mut out = [0; 8];
    out[..cell.len()].copy_from_slice(cell);
    if order == DatatypeByteOrder::BigEndian {
        out[..cell.len()].reverse();
    }
    out
}

fn int(cell: &[u8], order: DatatypeByteOrder, signed: bool) -> i64 {
    let value = i64::from_le_bytes(little(cell, order));
    let unused = 64 - 8 * cell.len() as u32;
    if signed { (value << unused) >> unused } else { value }
}

fn float(cell: &[u8], order: DatatypeByteOrder) -> Option<f64> {
    if !matches!(cell.len(), 4 | 8) {
        return None;
    }
    let bits = u64::from_le_bytes(little(cell, order));
    Some(if cell.len() == 4 { f32::from_bits(bits as u32).into() } else { f64::from_bits(bits) })
}
