//! Records that other formats than HDF5 hold.

use super::{Record, write};
use crate::{DataError, Result};
use hdf5_pure::{
    CharacterSet, CompoundTypeBuilder, Datatype, StringPadding, make_f32_type, make_f64_type,
    make_i8_type, make_i16_type, make_i32_type, make_i64_type, make_u8_type, make_u16_type,
    make_u32_type, make_u64_type,
};

/// The type of a field, little-endian.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FieldType {
    Bool,
    /// Numbers of so many bytes.
    Int(usize),
    Uint(usize),
    Float(usize),
    /// A text in so many bytes.
    Text(usize),
}

impl FieldType {
    pub fn size(self) -> usize {
        match self {
            Self::Bool => 1,
            Self::Int(n) | Self::Uint(n) | Self::Float(n) | Self::Text(n) => n,
        }
    }

    fn datatype(self) -> Result<Datatype> {
        Ok(match self {
            Self::Bool => write::boolean()?,
            Self::Int(1) => make_i8_type(),
            Self::Int(2) => make_i16_type(),
            Self::Int(4) => make_i32_type(),
            Self::Int(_) => make_i64_type(),
            Self::Uint(1) => make_u8_type(),
            Self::Uint(2) => make_u16_type(),
            Self::Uint(4) => make_u32_type(),
            Self::Uint(_) => make_u64_type(),
            Self::Float(4) => make_f32_type(),
            Self::Float(_) => make_f64_type(),
            Self::Text(size) => Datatype::String {
                size: size as u32,
                padding: StringPadding::NullPad,
                charset: CharacterSet::Utf8,
            },
        })
    }

    /// The type of a field of records made here.
    pub fn of(datatype: &Datatype) -> Option<Self> {
        match datatype {
            Datatype::FixedPoint { size, layout, .. } if layout.signed => {
                Some(Self::Int(*size as usize))
            }
            Datatype::FixedPoint { size, .. } => Some(Self::Uint(*size as usize)),
            Datatype::Enumeration { .. } => Some(Self::Bool),
            Datatype::FloatingPoint { size, .. } => Some(Self::Float(*size as usize)),
            Datatype::String { size, .. } => Some(Self::Text(*size as usize)),
            _ => None,
        }
    }
}

/// Names and types of the fields of records, where all have such a type and follow each other.
pub(crate) fn fields(datatype: &Datatype) -> Option<Vec<(String, FieldType)>> {
    let Datatype::Compound { members, .. } = datatype else { return None };
    members.iter().map(|m| Some((m.name.clone(), FieldType::of(&m.datatype)?))).collect()
}

/// Records of fields that follow each other without gaps.
pub(crate) fn packed(
    at: &str,
    fields: &[(String, FieldType)],
    raw: Vec<u8>,
    rows: usize,
) -> Result<Record> {
    let mut builder = CompoundTypeBuilder::new();
    for (name, of) in fields {
        builder = builder.field(name, of.datatype()?);
    }
    let datatype = builder.build().map_err(|e| DataError::damaged(format!("{at}: {e}")))?;
    Record::new(at, &datatype, raw, rows)
}
