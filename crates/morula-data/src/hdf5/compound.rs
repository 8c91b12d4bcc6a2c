//! Writes arrays of records.

use crate::store::{Data, Leaf};
use crate::{DataError, Field, Records, Result};
use hdf5_pure::{
    CharacterSet, CompoundTypeBuilder, Datatype, StringPadding, make_f32_type, make_f64_type,
};

/// The array of these records. Texts have a fixed width, because the library cannot write texts of
/// variable length within records.
pub(crate) fn compound(records: &Records) -> Result<Leaf<'static>> {
    let mut size = 0;
    let (mut builder, mut offsets) = (CompoundTypeBuilder::new(), Vec::new());
    for (name, field) in records.fields() {
        let datatype = datatype(field);
        offsets.push(size);
        size += datatype.type_size() as usize;
        builder = builder.field(name, datatype);
    }
    let datatype = builder.build().map_err(|e| DataError::unsupported(e.to_string()))?;
    let mut bytes = vec![0; size * records.len()];
    for (at, (_, field)) in offsets.into_iter().zip(records.fields()) {
        let cells = bytes.chunks_exact_mut(size.max(1));
        for (i, record) in cells.enumerate() {
            let put = |record: &mut [u8], value: &[u8]| {
                record[at..at + value.len()].copy_from_slice(value);
            };
            match field {
                Field::Single(v) => put(record, &v[i].to_le_bytes()),
                Field::Double(v) => put(record, &v[i].to_le_bytes()),
                Field::Text(v) => put(record, v[i].as_bytes()),
            }
        }
    }
    Ok(Leaf::vector(Data::Raw(datatype, bytes)))
}

fn datatype(field: &Field) -> Datatype {
    match field {
        Field::Single(_) => make_f32_type(),
        Field::Double(_) => make_f64_type(),
        Field::Text(texts) => Datatype::String {
            size: texts.iter().map(String::len).max().unwrap_or(0).max(1) as u32,
            padding: StringPadding::NullPad,
            charset: CharacterSet::Ascii,
        },
    }
}
