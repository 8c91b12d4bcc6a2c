//! Types of elements: numpy's short names in version 2, names of their own in version 3.

use super::unsupported;
use crate::Result;
use crate::hdf5::{FieldType, Record, packed};
use crate::store::{self, Element};
use serde_json::Value;

/// Most fields of a record, and most bytes of an element; more would only be damage.
const MAX_FIELDS: usize = 1 << 16;
const MAX_BYTES: u64 = 1 << 24;

/// The type of an element.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Type {
    Bool,
    Int(usize),
    Uint(usize),
    Float(usize),
    /// The upper half of a float of 4 bytes.
    Brain,
    /// Texts of any length.
    Text,
    /// Texts of a fixed number of letters of 4 bytes each.
    Wide(usize),
    /// Texts of a fixed number of bytes.
    Narrow(usize),
    Record(Vec<(String, Number)>),
    /// A type of a fixed size that is not read, such as a complex number.
    Other(usize),
}

/// A type with the order of its bytes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Number {
    pub of: Type,
    pub big_endian: bool,
}

impl Type {
    pub fn element(&self) -> Element {
        match self {
            Self::Bool => Element::Bool,
            Self::Int(_) => Element::Int,
            Self::Uint(_) => Element::Uint,
            Self::Float(2) | Self::Brain => Element::Half,
            Self::Float(_) => Element::Float,
            Self::Text | Self::Wide(_) | Self::Narrow(_) => Element::Text,
            Self::Record(_) => Element::Record,
            Self::Other(_) => Element::Other,
        }
    }

    /// Bytes of an element. A text of any length counts as the reference to it.
    pub fn size(&self) -> usize {
        match self {
            Self::Bool => 1,
            Self::Int(n) | Self::Uint(n) | Self::Float(n) | Self::Narrow(n) | Self::Other(n) => *n,
            Self::Brain => 2,
            Self::Text => 16,
            Self::Wide(n) => 4 * n,
            Self::Record(fields) => fields.iter().map(|(_, field)| field.of.size()).sum(),
        }
    }
}

impl Number {
    /// The type of version 2, such as `<f4`, or a list of the fields of a record.
    pub fn v2(at: &str, value: &Value) -> Result<Self> {
        let unknown = || unsupported(at, format_args!("type {}", brief(value)));
        if let Some(fields) = value.as_array() {
            let field = |field: &Value| match field.as_array().map(Vec::as_slice) {
                Some([name, of]) => {
                    let of = Self::v2(at, of)?;
                    Ok((name.as_str().unwrap_or_default().to_string(), of))
                }
                _ => unsupported(at, "a record of arrays"),
            };
            return record(at, fields.iter().map(field));
        }
        let mut letters = value.as_str().unwrap_or_default().chars();
        let (order, kind) = (letters.next(), letters.next());
        if kind == Some('O') {
            return Ok(Self { of: Type::Text, big_endian: false });
        }
        let unit = |c: &char| c.is_ascii_digit();
        let n = letters.by_ref().take_while(unit).collect::<String>().parse::<usize>();
        let Some(n) = n.ok().filter(|&n| n as u64 <= MAX_BYTES) else { return unknown() };
        let of = match (kind, n) {
            (Some('b'), 1) => Type::Bool,
            (Some('i'), 1 | 2 | 4 | 8) => Type::Int(n),
            (Some('u'), 1 | 2 | 4 | 8) => Type::Uint(n),
            (Some('f'), 2 | 4 | 8) => Type::Float(n),
            (Some('U'), _) => Type::Wide(n),
            (Some('S'), _) => Type::Narrow(n),
            (Some('c' | 'f' | 'm' | 'M' | 'V'), 1..) => Type::Other(n),
            _ => return unknown(),
        };
        Ok(Self { of, big_endian: order == Some('>') })
    }

    /// The type of version 3. The codec `bytes` says the order of its bytes.
    pub fn v3(at: &str, value: &Value, big_endian: bool) -> Result<Self> {
        fn unknown<T>(at: &str, value: &Value) -> Result<T> {
            unsupported(at, format_args!("type {}", brief(value)))
        }
        let (name, settings) = super::metadata::named(value);
        let setting = |name: &str| settings.and_then(|settings| settings.get(name));
        let bytes = || {
            let n = setting("length_bytes").and_then(Value::as_u64);
            n.filter(|&n| n <= MAX_BYTES).map(|n| n as usize)
        };
        let of = match name {
            "bool" => Type::Bool,
            "int8" => Type::Int(1),
            "int16" => Type::Int(2),
            "int32" => Type::Int(4),
            "int64" => Type::Int(8),
            "uint8" => Type::Uint(1),
            "uint16" => Type::Uint(2),
            "uint32" => Type::Uint(4),
            "uint64" => Type::Uint(8),
            "float16" => Type::Float(2),
            "float32" => Type::Float(4),
            "float64" => Type::Float(8),
            "bfloat16" => Type::Brain,
            "complex64" | "complex_float32" | "numpy.datetime64" | "numpy.timedelta64" => {
                Type::Other(8)
            }
            "complex128" | "complex_float64" => Type::Other(16),
            "string" => Type::Text,
            "fixed_length_utf32" => match bytes() {
                Some(n) if n % 4 == 0 => Type::Wide(n / 4),
                _ => return unknown(at, value),
            },
            "null_terminated_bytes" => match bytes() {
                Some(n) => Type::Narrow(n),
                None => return unknown(at, value),
            },
            "structured" => {
                let Some(fields) = setting("fields").and_then(Value::as_array) else {
                    return unknown(at, value);
                };
                let field = |field: &Value| match field.as_array().map(Vec::as_slice) {
                    Some([name, of]) => {
                        let of = Self::v3(at, of, big_endian)?;
                        Ok((name.as_str().unwrap_or_default().to_string(), of))
                    }
                    _ => unknown(at, value),
                };
                return record(at, fields.iter().map(field));
            }
            _ => return unknown(at, value),
        };
        Ok(Self { of, big_endian })
    }

    /// Elements as numbers in double precision.
    pub fn f64s(&self, raw: &[u8]) -> Vec<f64> {
        match self.of {
            Type::Float(8) => self.each(raw, f64::from_le_bytes),
            Type::Uint(8) => self.each(raw, |bytes| u64::from_le_bytes(bytes) as f64),
            Type::Int(_) | Type::Uint(_) | Type::Bool => {
                self.i64s(raw).into_iter().map(|v| v as f64).collect()
            }
            _ => self.f32s(raw).into_iter().map(f64::from).collect(),
        }
    }

    /// Elements as numbers in single precision.
    pub fn f32s(&self, raw: &[u8]) -> Vec<f32> {
        match self.of {
            Type::Float(4) => self.each(raw, f32::from_le_bytes),
            Type::Float(2) => self.each(raw, |bytes| store::half(u16::from_le_bytes(bytes))),
            Type::Brain => {
                self.each(raw, |bytes| f32::from_bits(u32::from(u16::from_le_bytes(bytes)) << 16))
            }
            Type::Float(_) => self.f64s(raw).into_iter().map(|v| v as f32).collect(),
            _ => self.i64s(raw).into_iter().map(|v| v as f32).collect(),
        }
    }

    /// Elements as whole numbers.
    pub fn i64s(&self, raw: &[u8]) -> Vec<i64> {
        match self.of {
            Type::Bool => raw.iter().map(|&b| (b != 0).into()).collect(),
            Type::Int(1) => self.each(raw, |bytes| i8::from_le_bytes(bytes).into()),
            Type::Int(2) => self.each(raw, |bytes| i16::from_le_bytes(bytes).into()),
            Type::Int(4) => self.each(raw, |bytes| i32::from_le_bytes(bytes).into()),
            Type::Int(8) => self.each(raw, i64::from_le_bytes),
            Type::Uint(1) => self.each(raw, |bytes| u8::from_le_bytes(bytes).into()),
            Type::Uint(2) => self.each(raw, |bytes| u16::from_le_bytes(bytes).into()),
            Type::Uint(4) => self.each(raw, |bytes| u32::from_le_bytes(bytes).into()),
            Type::Uint(8) => self.each(raw, |bytes| u64::from_le_bytes(bytes) as i64),
            _ => Vec::new(),
        }
    }

    fn each<T, const N: usize>(&self, raw: &[u8], value: impl Fn([u8; N]) -> T) -> Vec<T> {
        let (elements, _) = raw.as_chunks::<N>();
        let turned = |mut bytes: [u8; N]| {
            if self.big_endian {
                bytes.reverse();
            }
            value(bytes)
        };
        elements.iter().map(|&bytes| turned(bytes)).collect()
    }

    /// A text of a fixed width, without its padding.
    pub fn text(&self, raw: &[u8]) -> String {
        match self.of {
            Type::Wide(_) => {
                let letters = self.each(raw, |bytes: [u8; 4]| u32::from_le_bytes(bytes));
                let end = letters.iter().rposition(|&c| c != 0).map_or(0, |last| last + 1);
                let letter = |&c: &u32| char::from_u32(c).unwrap_or(char::REPLACEMENT_CHARACTER);
                letters[..end].iter().map(letter).collect()
            }
            _ => {
                let end = raw.iter().rposition(|&b| b != 0).map_or(0, |last| last + 1);
                String::from_utf8_lossy(&raw[..end]).into_owned()
            }
        }
    }

    /// The records in these bytes.
    pub fn record(&self, at: &str, raw: &[u8], rows: usize) -> Result<Record> {
        let Type::Record(fields) = &self.of else { return unsupported(at, "an array as a table") };
        let mut types = Vec::new();
        for (name, field) in fields {
            let of = match field.of {
                Type::Bool => FieldType::Bool,
                Type::Int(n) => FieldType::Int(n),
                Type::Uint(n) => FieldType::Uint(n),
                Type::Float(n @ (4 | 8)) => FieldType::Float(n),
                // A letter has at most 4 bytes in either form.
                Type::Wide(n) => FieldType::Text(4 * n.max(1)),
                Type::Narrow(n) => FieldType::Text(n.max(1)),
                _ => return unsupported(at, format_args!("the type of the field {name:?}")),
            };
            types.push((name.clone(), of));
        }
        let mut bytes = Vec::with_capacity(raw.len());
        for record in raw.chunks_exact(self.of.size().max(1)) {
            let mut rest = record;
            for ((_, field), (_, of)) in fields.iter().zip(&types) {
                let (cell, after) = rest.split_at(field.of.size());
                let end = bytes.len() + of.size();
                match of {
                    FieldType::Text(_) => bytes.extend(field.text(cell).bytes()),
                    _ if field.big_endian => bytes.extend(cell.iter().rev()),
                    _ => bytes.extend(cell),
                }
                bytes.resize(end, 0);
                rest = after;
            }
        }
        packed(at, &types, bytes, rows)
    }
}

fn record(at: &str, fields: impl Iterator<Item = Result<(String, Number)>>) -> Result<Number> {
    let fields: Vec<_> = fields.take(MAX_FIELDS).collect::<Result<_>>()?;
    let plain = |of: &Type| !matches!(of, Type::Text | Type::Record(_) | Type::Other(_));
    if fields.is_empty() || !fields.iter().all(|(_, field)| plain(&field.of)) {
        return unsupported(at, "a record of these fields");
    }
    Ok(Number { of: Type::Record(fields), big_endian: false })
}

/// A value for a message.
fn brief(value: &Value) -> String {
    value.to_string().chars().take(80).collect()
}
