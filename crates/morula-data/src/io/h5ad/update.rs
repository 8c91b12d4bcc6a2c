//! Adds results to a copy of an h5ad file. Everything else stays as it is.

use super::frame::{OLD_CATEGORIES, column_order, index_name, read_index};
use super::{encode, legacy, uns};
use crate::hdf5::{Attr, Edit, Group, Kind, Node, Store, edit, repack};
use crate::{Additions, DataError, Result, names};
use std::fs::File;
use std::path::Path;

/// Copies `input` to `output`, an existing file, and adds the results.
pub(in crate::io) fn update(input: &Path, output: &Path, additions: &Additions) -> Result<()> {
    let store = Store::open(input).map_err(|e| e.in_file(input))?;
    let edits = plan(&store, additions).map_err(|e| match e {
        DataError::Damaged { .. } => e.in_file(input),
        ours => ours,
    })?;
    copy(input, output)?;
    edit(output, &edits).or_else(|refused| {
        // Groups that are stored for very many members can be read but not edited in place.
        // Repacking keeps every object and makes the groups editable.
        store.check_sizes("/").map_err(|e| e.in_file(input))?;
        repack(input, output).map_err(|_| refused)?;
        edit(output, &edits)
    })
}

/// Copies the content only, because a read-only input must not make the output read-only.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let mut source = File::open(from).map_err(DataError::io("read the input"))?;
    let mut target = File::create(to).map_err(DataError::io("write"))?;
    std::io::copy(&mut source, &mut target).map_err(DataError::io("write"))?;
    Ok(())
}

fn plan<'a>(store: &Store, additions: &'a Additions) -> Result<Vec<Edit<'a>>> {
    let n_obs = read_index(store, "obs")?.len();
    let fits = |what: String, rows: usize, expected: usize, unit: &str| match rows == expected {
        true => Ok(()),
        false => Err(DataError::Shape {
            what,
            found: format!("{rows} rows"),
            expected: format!("{expected} {unit}"),
        }),
    };
    let mut edits = Vec::new();
    for (name, column) in &additions.obs {
        names::check_column(name)?;
        fits(format!("column {name}"), column.len(), n_obs, "cells")?;
    }
    let mut layers = Vec::new();
    if !additions.var.is_empty() || !additions.layers.is_empty() {
        let n_vars = read_index(store, "var")?.len();
        for (name, column) in &additions.var {
            names::check_column(name)?;
            fits(format!("column {name}"), column.len(), n_vars, "genes")?;
        }
        for (name, matrix) in &additions.layers {
            names::check("a layer", name)?;
            let (found, expected) = ((matrix.n_rows(), matrix.n_cols()), (n_obs, n_vars));
            if found != expected {
                return Err(DataError::Shape {
                    what: format!("layer {name}"),
                    found: format!("{} x {}", found.0, found.1),
                    expected: format!("{} x {}", expected.0, expected.1),
                });
            }
            layers.push((name.as_str(), encode::csr(matrix).into()));
        }
    }
    add_columns(store, additions, &mut edits)?;
    add_members(store, "layers", layers, &mut edits)?;
    let mut matrices = Vec::new();
    for (name, matrix) in &additions.obsm {
        names::check("a matrix", name)?;
        fits(format!("obsm {name}"), matrix.n_rows(), n_obs, "cells")?;
        matrices.push((name.as_str(), encode::dense(matrix).into()));
    }
    add_members(store, "obsm", matrices, &mut edits)?;
    let mut entries = Vec::new();
    for (name, value) in &additions.uns {
        value.check(name)?;
        entries.push((name.as_str(), uns::encode(value)?));
    }
    add_members(store, "uns", entries, &mut edits)?;
    Ok(edits)
}

/// Adds columns to both tables.
fn add_columns<'a>(
    store: &Store,
    additions: &'a Additions,
    edits: &mut Vec<Edit<'a>>,
) -> Result<()> {
    let tables = [("obs", &additions.obs[..]), ("var", &additions.var[..])];
    let old = |table: &str| store.kind(table) == Some(Kind::Array);
    if tables.iter().any(|(table, columns)| !columns.is_empty() && old(table)) {
        legacy::convert(store, tables, edits)?;
    }
    for (table, columns) in tables {
        if columns.is_empty() {
            continue;
        }
        let (index, mut order) = match old(table) {
            true => legacy::columns(store, table, columns)?,
            false => (index_name(store, table)?, column_order(store, table)?),
        };
        for (name, column) in columns {
            if *name == index {
                let why = "this is the column of the rows' names";
                return Err(DataError::BadName { what: "a column", name: name.clone(), why });
            }
            let at = format!("{table}/{name}");
            let categories = format!("{table}/{OLD_CATEGORIES}/{name}");
            for stale in [&at, &categories] {
                if !old(table) && store.kind(stale).is_some() {
                    edits.push(Edit::Delete(stale.clone()));
                }
            }
            edits.push(Edit::Put(at, encode::column(column)));
            if !order.contains(name) {
                order.push(name.clone());
            }
        }
        edits.push(Edit::Attr(table.into(), "column-order", Attr::Texts(order)));
    }
    Ok(())
}

/// Puts nodes into a group. A missing group is created.
fn add_members<'a>(
    store: &Store,
    group: &str,
    members: Vec<(&'a str, Node<'a>)>,
    edits: &mut Vec<Edit<'a>>,
) -> Result<()> {
    if members.is_empty() {
        return Ok(());
    }
    if store.kind(group) != Some(Kind::Group) {
        let mut fresh = encode::encoded(Group::default(), "dict", "0.1.0");
        if store.kind(group) == Some(Kind::Array) {
            edits.push(Edit::Delete(group.into()));
            let names: Vec<&str> = members.iter().map(|m| m.0).collect();
            fresh = legacy::split(store, group, &names, fresh)?;
        }
        let fresh = members.into_iter().fold(fresh, |g, (name, node)| g.child(name, node));
        edits.push(Edit::Put(group.into(), fresh.into()));
        return Ok(());
    }
    for (name, node) in members {
        let at = format!("{group}/{name}");
        if store.kind(&at).is_some() {
            edits.push(Edit::Delete(at.clone()));
        }
        edits.push(Edit::Put(at, node));
    }
    Ok(())
}
