//! How the elements of an array are stored.

use super::codec::Codec;
use super::dtype::{Number, Type};
use super::metadata::{Metadata, named};
use super::{damaged, unsupported};
use crate::Result;
use serde_json::Value;

/// Most dimensions of an array.
const MAX_RANK: usize = 32;

/// How the elements of an array are stored.
#[derive(Debug)]
pub(super) struct Layout {
    pub shape: Vec<u64>,
    /// Shape of what is stored in one file.
    pub grid: Vec<u64>,
    /// Shape of what is packed at a time: a part of a shard, or all of a file.
    pub chunk: Vec<u64>,
    pub shards: Option<Shards>,
    pub number: Number,
    /// The dimensions of a chunk in the order in which they are stored.
    pub order: Vec<usize>,
    /// Codecs, in the order in which they pack.
    pub codecs: Vec<Codec>,
    /// Of elements that are not stored.
    pub fill: Value,
    pub keys: Keys,
}

/// How the parts of a shard are found.
#[derive(Debug)]
pub(super) struct Shards {
    pub index_codecs: Vec<Codec>,
    pub index_at_start: bool,
}

/// What the files of chunks are called.
#[derive(Debug)]
pub(super) struct Keys {
    prefix: bool,
    separator: char,
}

impl Keys {
    /// The name of the file at a place of the grid.
    pub fn name(&self, place: &[u64]) -> String {
        let separator = self.separator.to_string();
        let numbers: Vec<String> = place.iter().map(u64::to_string).collect();
        match (self.prefix, numbers.join(&separator)) {
            (true, numbers) if numbers.is_empty() => "c".into(),
            (true, numbers) => format!("c{separator}{numbers}"),
            (false, numbers) if numbers.is_empty() => "0".into(),
            (false, numbers) => numbers,
        }
    }
}

/// A list of codecs of version 3.
struct Codecs {
    order: Vec<usize>,
    /// Whether texts of any length are stored.
    texts: bool,
    big_endian: bool,
    bytes: Vec<Codec>,
}

impl Codecs {
    fn v3(at: &str, codecs: &[Value], rank: usize) -> Result<Self> {
        let (mut order, mut bytes): (Vec<usize>, Vec<Codec>) = ((0..rank).collect(), Vec::new());
        let (mut texts, mut big_endian) = (false, false);
        for codec in codecs {
            let (name, settings) = named(codec);
            let setting = |name: &str| settings.and_then(|settings| settings.get(name));
            match name {
                "bytes" => big_endian = setting("endian").and_then(Value::as_str) == Some("big"),
                "vlen-utf8" => texts = true,
                "transpose" => {
                    let places = setting("order").and_then(Value::as_array);
                    let places = places.into_iter().flatten().map(Value::as_u64);
                    let places: Option<Vec<u64>> = places.collect();
                    let mut sorted = places.clone().unwrap_or_default();
                    sorted.sort_unstable();
                    if !sorted.iter().copied().eq(0..rank as u64) {
                        return Err(damaged(at, "an order that names not every dimension once"));
                    }
                    // One transposition after the other.
                    let places = places.unwrap_or_default();
                    order = places.into_iter().map(|place| order[place as usize]).collect();
                }
                other => bytes.push(Codec::named(at, other)?),
            }
        }
        Ok(Self { order, texts, big_endian, bytes })
    }
}

impl Layout {
    /// How an array is stored, of either version.
    pub fn of(at: &str, array: &Metadata) -> Result<Self> {
        let layout = match array.chunk_grid {
            Some(_) => Self::v3(at, array)?,
            None => Self::v2(at, array)?,
        };
        layout.check(at)?;
        Ok(layout)
    }

    fn v2(at: &str, array: &Metadata) -> Result<Self> {
        let missing = |what: &str| damaged(at, format_args!("the metadata lack {what}"));
        let shape = array.shape.clone().ok_or_else(|| missing("a shape"))?;
        let grid = array.chunks.clone().ok_or_else(|| missing("chunks"))?;
        let number = Number::v2(at, array.dtype.as_ref().ok_or_else(|| missing("a type"))?)?;
        let filters = array.filters.iter().flatten().map(|filter| filter.get("id"));
        let filters: Vec<&str> =
            filters.map(|id| id.and_then(Value::as_str).unwrap_or("")).collect();
        match (&number.of, &filters[..]) {
            (Type::Text, ["vlen-utf8"]) => {}
            (Type::Text, _) => return unsupported(at, "an array of Python's objects"),
            (_, []) => {}
            (_, [first, ..]) => return unsupported(at, format_args!("filter {first:?}")),
        }
        let codec = array.compressor.as_ref().map(|value| Codec::v2(at, value)).transpose()?;
        let dimensions = 0..grid.len();
        let order = match array.order.as_deref() {
            Some("F") => dimensions.rev().collect(),
            _ => dimensions.collect(),
        };
        let separator = if array.dimension_separator.as_deref() == Some("/") { '/' } else { '.' };
        Ok(Self {
            shape,
            chunk: grid.clone(),
            grid,
            shards: None,
            number,
            order,
            codecs: codec.flatten().into_iter().collect(),
            fill: array.fill_value.clone().unwrap_or_default(),
            keys: Keys { prefix: false, separator },
        })
    }

    fn v3(at: &str, array: &Metadata) -> Result<Self> {
        let missing = |what: &str| damaged(at, format_args!("the metadata lack {what}"));
        let shape = array.shape.clone().ok_or_else(|| missing("a shape"))?;
        let (name, settings) = array.chunk_grid.as_ref().map_or(("", None), named);
        if name != "regular" {
            return unsupported(at, format_args!("a chunk grid {name:?}"));
        }
        let sides = |settings: Option<&Value>| {
            let sides = settings.and_then(|settings| settings.get("chunk_shape"))?.as_array()?;
            sides.iter().map(Value::as_u64).collect::<Option<Vec<u64>>>()
        };
        let grid = sides(settings).ok_or_else(|| missing("the shape of chunks"))?;
        let mut codecs = array.codecs.as_deref().unwrap_or_default();
        let (mut chunk, mut shards) = (grid.clone(), None);
        if let Some((_, settings)) = codecs.iter().map(named).find(|c| c.0 == "sharding_indexed") {
            let setting = |name: &str| settings.and_then(|settings| settings.get(name));
            let list = |name: &str| setting(name).and_then(Value::as_array).map(Vec::as_slice);
            if codecs.len() > 1 {
                return unsupported(at, "codecs around shards");
            }
            chunk = sides(settings).ok_or_else(|| missing("the shape of chunks in shards"))?;
            codecs = list("codecs").ok_or_else(|| missing("the codecs in shards"))?;
            let index = Codecs::v3(at, list("index_codecs").unwrap_or_default(), 0)?;
            if index.big_endian || index.texts {
                return unsupported(at, "this index of shards");
            }
            let index_at_start = setting("index_location").and_then(Value::as_str) == Some("start");
            shards = Some(Shards { index_codecs: index.bytes, index_at_start });
        }
        let codecs = Codecs::v3(at, codecs, grid.len())?;
        let of = array.data_type.as_ref().ok_or_else(|| missing("a type"))?;
        let number = Number::v3(at, of, codecs.big_endian)?;
        if codecs.texts != (number.of == Type::Text) {
            return unsupported(at, "this codec of this type");
        }
        let (name, settings) = array.chunk_key_encoding.as_ref().map_or(("default", None), named);
        let separator = settings.and_then(|settings| settings.get("separator")?.as_str());
        let keys = match (name, separator) {
            ("default", separator) => {
                Keys { prefix: true, separator: if separator == Some(".") { '.' } else { '/' } }
            }
            ("v2", separator) => {
                Keys { prefix: false, separator: if separator == Some("/") { '/' } else { '.' } }
            }
            (other, _) => return unsupported(at, format_args!("chunk keys {other:?}")),
        };
        Ok(Self {
            shape,
            grid,
            chunk,
            shards,
            number,
            order: codecs.order,
            codecs: codecs.bytes,
            fill: array.fill_value.clone().unwrap_or_default(),
            keys,
        })
    }

    /// Checks that the shapes fit together.
    fn check(&self, at: &str) -> Result<()> {
        let rank = self.shape.len();
        if rank > MAX_RANK || self.grid.len() != rank || self.chunk.len() != rank {
            let shapes = (&self.shape, &self.grid, &self.chunk);
            return Err(damaged(at, format_args!("shapes of different dimensions, {shapes:?}")));
        }
        let fits = |(&grid, &chunk): (&u64, &u64)| chunk > 0 && grid > 0 && grid % chunk == 0;
        if !self.grid.iter().zip(&self.chunk).all(fits) {
            let (grid, chunk) = (&self.grid, &self.chunk);
            return Err(damaged(at, format_args!("chunks of {chunk:?} elements in {grid:?}")));
        }
        Ok(())
    }
}
