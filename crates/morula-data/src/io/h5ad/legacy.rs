//! Files of anndata before 0.7: tables are arrays of records, and `uns` holds the categories.

use super::encode::{self, encoded};
use super::frame::read_vector;
use crate::hdf5::{FieldValues, Record};
use crate::store::{Attr, Edit, Group, Kind, Store};
use crate::{Categorical, Column, DataError, DataFrame, Result};

/// The first field of a record is the name of the row.
pub(super) fn read_index(store: &dyn Store, at: &str) -> Result<Vec<String>> {
    let record = store.array(at)?.record()?;
    let name = record.names().next().map(str::to_string).unwrap_or_default();
    let labels = column(&record, &name, at)?.labels();
    Ok(labels.into_iter().map(Option::unwrap_or_default).collect())
}

/// Reads all fields except the first into `frame`.
pub(super) fn read_columns(
    store: &dyn Store,
    at: &str,
    frame: &mut DataFrame,
    not_loaded: &mut Vec<String>,
) -> Result<()> {
    let record = store.array(at)?.record()?;
    for name in record.names().skip(1) {
        match column(&record, name, at) {
            // As in anndata, the genes of raw keep their codes.
            Ok(plain) if at == "raw.var" => frame.set(name, plain)?,
            Ok(plain) => frame.set(name, categorised(store, name, plain))?,
            Err(DataError::Unsupported { what }) => not_loaded.push(what),
            Err(other) => return Err(other),
        }
    }
    Ok(())
}

fn column(record: &Record, name: &str, at: &str) -> Result<Column> {
    let field = record.field(name)?;
    if field.width != 1 {
        return Err(DataError::unsupported(format!("{at}/{name}: several values per row")));
    }
    Ok(match field.values {
        FieldValues::Bool(v) => Column::Bool(v.into_iter().map(Some).collect()),
        FieldValues::Int(v) => Column::Int(v.into_iter().map(Some).collect()),
        FieldValues::Float(v) => Column::Float(v),
        FieldValues::Text(v) => Column::Text(v.into_iter().map(Some).collect()),
    })
}

/// Path at which old files keep the categories of a column.
pub(super) fn categories_path(column: &str) -> String {
    format!("uns/{column}_categories")
}

/// Codes become labels if `uns` has enough categories for them.
fn categorised(store: &dyn Store, name: &str, plain: Column) -> Column {
    let at = categories_path(name);
    if store.kind(&at) != Some(Kind::Array) {
        return plain;
    }
    let labels = store.array(&at).and_then(|a| read_vector(&a, &at)).map(|c| c.labels());
    let (Column::Int(codes), Ok(labels)) = (&plain, labels) else { return plain };
    let codes = codes.iter().map(|c| c.and_then(|c| i32::try_from(c).ok()).unwrap_or(-1)).collect();
    let labels = labels.into_iter().map(Option::unwrap_or_default).collect();
    Categorical::new(codes, labels, false).map_or(plain, Column::Categorical)
}

/// Name of the index of a table of records, and names of its columns except the `replaced` ones.
pub(super) fn columns(
    store: &dyn Store,
    table: &str,
    replaced: &[(String, Column)],
) -> Result<(String, Vec<String>)> {
    let record = store.array(table)?.record()?;
    let mut names = record.names();
    let index = names.next().unwrap_or_default().to_string();
    let stays = |name: &&str| replaced.iter().all(|r| r.0 != *name);
    Ok((index, names.filter(stays).map(str::to_string).collect()))
}

/// Plans the conversion of record tables to groups: both `obs` and `var`, because anndata looks for
/// categories in `uns` only while `obs` is an array of records.
///
/// Fields keep their types and widths. Columns in `replaced` are left out.
pub(super) fn convert<'a>(
    store: &dyn Store,
    replaced: [(&str, &[(String, Column)]); 2],
    edits: &mut Vec<Edit<'a>>,
) -> Result<()> {
    let mut used = Vec::new();
    for (table, replaced) in replaced {
        if store.kind(table) != Some(Kind::Array) {
            continue;
        }
        let record = store.array(table)?.record()?;
        let (index, columns) = columns(store, table, replaced)?;
        let mut group = encoded(Group::default(), "dataframe", "0.2.0")
            .attr("_index", Attr::Text(index.clone()))
            .attr("column-order", Attr::Texts(columns.clone()))
            .child(&index, record.leaf(&index)?);
        for name in &columns {
            let plain = column(&record, name, table)?;
            match categorised(store, name, plain) {
                Column::Categorical(labels) => {
                    used.push(categories_path(name));
                    group.put(name, encode::categorical(labels).into());
                }
                _ => group.put(name, record.leaf(name)?.into()),
            }
        }
        edits.push(Edit::Delete(table.into()));
        edits.push(Edit::Put(table.into(), group.into()));
    }
    used.sort();
    used.dedup();
    edits.extend(used.into_iter().map(Edit::Delete));
    Ok(())
}

/// Adds every field of an array of records, except `replaced`, to `group` as an array.
pub(super) fn split<'a>(
    store: &dyn Store,
    at: &str,
    replaced: &[&str],
    mut group: Group<'a>,
) -> Result<Group<'a>> {
    let record = store.array(at)?.record()?;
    for name in record.names().filter(|name| !replaced.contains(name)) {
        group = group.child(name, record.leaf(name)?);
    }
    Ok(group)
}
