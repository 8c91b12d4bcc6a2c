//! Tables in h5ad.

use super::legacy;
use crate::store::{Array, Attr, Element, Kind, Store};
use crate::{Categorical, Column, DataError, DataFrame, Result};
use std::collections::HashSet;

/// Group in which old files (encoding 0.1.0) keep the categories of a table's columns.
pub(super) const OLD_CATEGORIES: &str = "__categories";

/// Longest name of a column; a longer one would only be damage, and fill the screen.
const MAX_NAME: usize = 4096;

/// Reads the table at a path. Columns that cannot be read are listed in `not_loaded`.
pub(super) fn read_frame(
    store: &dyn Store,
    at: &str,
    not_loaded: &mut Vec<String>,
) -> Result<DataFrame> {
    let index = read_index(store, at)?;
    if store.kind(at) == Some(Kind::Array) {
        let mut frame = DataFrame::new(index);
        legacy::read_columns(store, at, &mut frame, not_loaded)?;
        return Ok(frame);
    }
    let rows = index.len();
    let mut columns = Vec::new();
    let order = column_order(store, at)?;
    for name in unique(&order) {
        let column = read_column(store, at, name).and_then(|column| match column.len() {
            found if found == rows => Ok(column),
            found => {
                let what = format!("{at}/{name} has {found} values for {rows} rows");
                Err(DataError::damaged(what))
            }
        });
        match column {
            Ok(column) => columns.push((name.to_string(), column)),
            Err(DataError::Unsupported { what }) => not_loaded.push(what),
            Err(other) => return Err(other),
        }
    }
    // Links that are listed as columns were named above.
    let links = store.links(at).into_iter().filter(|link| !not_loaded.contains(link));
    let links: Vec<String> = links.collect();
    not_loaded.extend(links);
    Ok(DataFrame::with_columns(index, columns))
}

/// The columns of these names that are there and can be read, without the names of the rows.
pub(super) fn read_columns(store: &dyn Store, at: &str, names: &[&str]) -> Result<DataFrame> {
    if store.kind(at) == Some(Kind::Array) {
        let mut frame = DataFrame::new(read_index(store, at)?);
        legacy::read_columns(store, at, &mut frame, &mut Vec::new())?;
        return Ok(frame);
    }
    let there = |name: &&&str| store.kind(&format!("{at}/{name}")).is_some();
    let read = |name: &&str| Some((name.to_string(), read_column(store, at, name).ok()?));
    let columns: Vec<_> = names.iter().filter(there).filter_map(read).collect();
    let rows = columns.first().map_or(0, |column| column.1.len());
    let same = columns.into_iter().filter(|column| column.1.len() == rows).collect();
    Ok(DataFrame::with_columns(crate::names::numbered(rows), same))
}

/// The names without repetitions.
fn unique(names: &[String]) -> impl Iterator<Item = &str> {
    let mut seen = HashSet::new();
    names.iter().map(String::as_str).filter(move |name| seen.insert(*name))
}

/// Reads the row names of the table at a path.
pub(super) fn read_index(store: &dyn Store, at: &str) -> Result<Vec<String>> {
    if store.kind(at) == Some(Kind::Array) {
        return legacy::read_index(store, at);
    }
    let name = index_name(store, at)?;
    let labels = read_column(store, at, &name)?.labels();
    let names = labels.into_iter().map(|l| l.unwrap_or_else(|| "nan".into()));
    let names: Vec<String> = names.collect();
    store.budget().take_texts(&names)?;
    Ok(names)
}

/// Name of the column that holds the row names.
pub(super) fn index_name(store: &dyn Store, at: &str) -> Result<String> {
    let stated = store.text_attr(at, "_index");
    let usual = || ["_index", "index"].map(String::from).into_iter();
    stated
        .into_iter()
        .chain(usual())
        .find(|name| store.kind(&format!("{at}/{name}")).is_some())
        .ok_or_else(|| match store.is_link(at) || store.is_link(&format!("{at}/_index")) {
            true => store.not_there(at),
            false => DataError::damaged(format!("{at} holds no row names")),
        })
}

/// Names of the columns, in the stated order, or else as stored.
pub(super) fn column_order(store: &dyn Store, at: &str) -> Result<Vec<String>> {
    match store.attr(at, "column-order") {
        Some(Attr::Texts(names)) => Ok(names),
        Some(Attr::Text(name)) => Ok(vec![name]),
        // An empty list is not stored as text; any other value is not a list of names.
        Some(_) => Ok(Vec::new()),
        None => {
            let index = index_name(store, at)?;
            let mut names = store.members(at)?;
            names.retain(|name| *name != index && name != OLD_CATEGORIES);
            Ok(names)
        }
    }
}

fn read_column(store: &dyn Store, frame: &str, name: &str) -> Result<Column> {
    if name.len() > MAX_NAME {
        let what = format!("{frame} has a column whose name has {} bytes", name.len());
        return Err(DataError::damaged(what));
    }
    let at = format!("{frame}/{name}");
    match store.kind(&at) {
        None if store.is_link(&at) => Err(store.not_there(&at)),
        None => Err(DataError::damaged(format!("{at} is listed but not there"))),
        Some(Kind::Group) => read_encoded(store, &at),
        Some(Kind::Array) => {
            let categories = format!("{frame}/{OLD_CATEGORIES}/{name}");
            if store.kind(&categories) == Some(Kind::Array) {
                let ordered = matches!(store.attr(&categories, "ordered"), Some(Attr::Int(1)));
                return read_categorical(store, &at, &categories, ordered);
            }
            read_vector(&store.array(&at)?, &at)
        }
    }
}

fn read_encoded(store: &dyn Store, at: &str) -> Result<Column> {
    let part = |name: &str| format!("{at}/{name}");
    match store.encoding(at).as_str() {
        "categorical" => {
            let ordered = matches!(store.attr(at, "ordered"), Some(Attr::Int(1)));
            read_categorical(store, &part("codes"), &part("categories"), ordered)
        }
        "nullable-integer" | "nullable-boolean" | "nullable-string-array" => {
            let mask = store.array(&part("mask"))?.ints(|v| Some(v != 0))?;
            let values = read_vector(&store.array(&part("values"))?, at)?;
            if mask.len() != values.len() {
                return Err(DataError::damaged(format!("{at}: values and mask differ in length")));
            }
            Ok(masked(values, &mask))
        }
        other => Err(DataError::unsupported(format!("{at}: a column encoded as {other:?}"))),
    }
}

fn masked(column: Column, mask: &[bool]) -> Column {
    fn apply<T>(values: Vec<Option<T>>, mask: &[bool]) -> Vec<Option<T>> {
        values.into_iter().zip(mask).map(|(v, &missing)| v.filter(|_| !missing)).collect()
    }
    match column {
        Column::Int(v) => Column::Int(apply(v, mask)),
        Column::Bool(v) => Column::Bool(apply(v, mask)),
        Column::Text(v) => Column::Text(apply(v, mask)),
        Column::Float(v) => {
            Column::Float(v.iter().zip(mask).map(|(&x, &m)| if m { f64::NAN } else { x }).collect())
        }
        other => other,
    }
}

fn read_categorical(
    store: &dyn Store,
    codes: &str,
    categories: &str,
    ordered: bool,
) -> Result<Column> {
    let values = store.array(codes)?.ints(|v| i32::try_from(v).ok())?;
    let labels = match store.kind(categories) {
        Some(Kind::Array) => read_vector(&store.array(categories)?, categories)?,
        // Categories have no categories of their own, although a damaged file may say so.
        _ if store.encoding(categories) == "categorical" => {
            let what = format!("{categories} is a column of categories itself");
            return Err(DataError::damaged(what));
        }
        _ => read_encoded(store, categories)?,
    };
    let labels: Vec<String> =
        labels.labels().into_iter().map(|l| l.unwrap_or_else(|| "nan".into())).collect();
    // Codes can be packed to nothing, and a long label is repeated for each.
    let lengths = values.iter().filter_map(|&code| labels.get(code as usize)).map(String::len);
    let letters = lengths.fold(0u64, |sum, n| sum.saturating_add(n as u64));
    store.budget().check_texts(values.len() as u64, letters)?;
    Categorical::new(values, labels, ordered)
        .map(Column::Categorical)
        .map_err(|e| DataError::damaged(format!("{codes}: {e}")))
}

/// Reads plain values.
pub(in crate::io) fn read_vector(array: &Array, at: &str) -> Result<Column> {
    if array.shape().len() > 1 {
        return Err(DataError::unsupported(format!("{at}: a column with several dimensions")));
    }
    Ok(match array.element() {
        Element::Text => Column::Text(array.texts()?.into_iter().map(Some).collect()),
        Element::Bool => Column::Bool(array.ints(|v| Some(Some(v != 0)))?),
        Element::Int => Column::Int(array.ints(|v| Some(Some(v)))?),
        // Some values, such as hashes, exceed what a signed number can hold.
        Element::Uint => match array.ints(|v| (v >= 0).then_some(Some(v))) {
            Ok(ints) => Column::Int(ints),
            Err(_) => Column::Float(array.f64s()?),
        },
        Element::Float | Element::Half => Column::Float(array.f64s()?),
        Element::Record | Element::Other => {
            return Err(DataError::unsupported(format!("{at}: a column of an unknown type")));
        }
    })
}
