//! Adds results to a copy of an h5ad file. Everything else stays as it is.

use super::frame::{OLD_CATEGORIES, column_order, index_name, read_index};
use super::{encode, legacy, uns};
use crate::store::{self, Attr, Edit, Group, Kind, Node, Store};
use crate::{Additions, DataError, OutputPlan, Result, UnsValue, names};
use std::collections::{BTreeMap, HashSet};
use std::path::Path;

/// Copies `input` to `output`, which is there and empty, and adds the results.
pub(in crate::io) fn update(input: &Path, output: &Path, additions: &Additions) -> Result<()> {
    let store = store::open(input).map_err(|e| e.in_file(input))?;
    let edits = plan(&*store, additions).map_err(|e| match e {
        DataError::Damaged { .. } => e.in_file(input),
        ours => ours,
    })?;
    store.copy_with(input, output, &edits)
}

fn plan<'a>(store: &dyn Store, additions: &'a Additions) -> Result<Vec<Edit<'a>>> {
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
    check(store, &OutputPlan::of(additions))?;
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
        let at = format!("uns/{name}");
        match value {
            UnsValue::Map(map) if store.kind(&at) == Some(Kind::Group) => {
                merge(store, &at, map, &mut edits)?;
            }
            UnsValue::Map(map) => {
                let written = Attr::Texts(map.keys().cloned().collect());
                entries.push((name.as_str(), uns::encode_map(map)?.attr(WRITTEN, written).into()));
            }
            _ => entries.push((name.as_str(), uns::encode(value)?)),
        }
    }
    add_members(store, "uns", entries, &mut edits)?;
    for name in &additions.stale_uns {
        remove_entry(store, &format!("uns/{name}"), &mut edits)?;
    }
    Ok(edits)
}

/// Checks that results of these names can be added and that nothing else is lost.
pub(in crate::io) fn check(store: &dyn Store, plan: &OutputPlan) -> Result<()> {
    let mut paths = Vec::new();
    for (table, columns) in [("obs", &plan.obs), ("var", &plan.var)] {
        if columns.is_empty() {
            continue;
        }
        let legacy = store.kind(table) == Some(Kind::Array);
        let (index, order) = match legacy {
            true => legacy::columns(store, table, &[])?,
            false => (index_name(store, table)?, column_order(store, table)?),
        };
        let names: HashSet<&str> = columns.iter().map(String::as_str).collect();
        let refuse = |name: &str, why| {
            Err(DataError::BadName { what: "a column", name: name.to_string(), why })
        };
        if names.contains(index.as_str()) {
            return refuse(&index, "this is the column of the rows' names");
        }
        // The index may be stated otherwise, and the names of the rows be in these all the same.
        for column in &order {
            let mut groups = column.match_indices('/').map(|(i, _)| &column[..i]);
            if let Some(group) = groups.find(|group| names.contains(group)) {
                return refuse(
                    group,
                    "the input has a column of this name followed by a slash, which would be lost; \
                     rename that column",
                );
            }
        }
        if !legacy {
            columns.iter().try_for_each(|name| free(store, table, name, &COLUMNS))?;
        }
        paths.extend(columns.iter().map(|name| format!("{table}/{name}")));
    }
    for name in &plan.layers {
        free(store, "layers", name, &LAYERS)?;
        paths.push(format!("layers/{name}"));
    }
    for name in &plan.obsm {
        free(store, "obsm", name, &[])?;
        paths.push(format!("obsm/{name}"));
    }
    for name in &plan.uns {
        let at = format!("uns/{name}");
        let dict = matches!(store.encoding(&at).as_str(), "" | "dict");
        if !(dict && store.kind(&at) == Some(Kind::Group)) {
            free(store, "uns", name, &[])?;
        }
        paths.push(format!("{at}/params"));
    }
    store.check_edits(&paths)
}

/// Encodings that are written here, and the members of their groups.
type Encodings = [(&'static str, &'static [&'static str])];

const COLUMNS: [(&str, &[&str]); 4] = [
    ("categorical", &["categories", "codes"]),
    ("nullable-integer", &["mask", "values"]),
    ("nullable-boolean", &["mask", "values"]),
    ("nullable-string-array", &["mask", "values"]),
];

const LAYERS: [(&str, &[&str]); 1] = [("csr_matrix", &["data", "indices", "indptr"])];

/// Checks that a name is free, or taken by a part that may be replaced: an array, or a group that
/// holds no more than the parts of one value.
fn free(store: &dyn Store, group: &str, name: &str, encodings: &Encodings) -> Result<()> {
    let at = format!("{group}/{name}");
    let refuse = |why| Err(DataError::BadName { what: "a part", name: at.clone(), why });
    if store.is_link(&at) {
        return refuse("the input holds a link of this name, which would be lost");
    }
    if store.kind(&at) != Some(Kind::Group) {
        return Ok(());
    }
    let encoding = store.encoding(&at);
    let members = store.members(&at)?;
    let known = |(name, parts): &(&str, &[&str])| {
        *name == encoding && members.iter().all(|member| parts.contains(&member.as_str()))
    };
    if encodings.iter().any(known) && store.links(&at).is_empty() {
        return Ok(());
    }
    refuse("the input holds a group of this name with other content, which would be lost")
}

/// Attribute of a group in `uns` that lists the entries which Morula wrote.
const WRITTEN: &str = "morula-entries";

/// Entries of results that belong together, in groups without that attribute: those of scanpy's
/// `rank_genes_groups`, and those that older runs may have written and a new one does not.
const TOGETHER: [&str; 11] = [
    "params",
    "names",
    "scores",
    "pvals",
    "pvals_adj",
    "logfoldchanges",
    "pts",
    "pts_rest",
    "batches",
    "granularity",
    "losses",
];

/// Puts the entries of a map into a group that is there. Entries of earlier runs go, and entries of
/// others stay.
fn merge<'a>(
    store: &dyn Store,
    group: &str,
    map: &'a BTreeMap<String, UnsValue>,
    edits: &mut Vec<Edit<'a>>,
) -> Result<()> {
    let written = match store.attr(group, WRITTEN) {
        Some(Attr::Texts(names)) => names,
        Some(Attr::Text(name)) => vec![name],
        _ => TOGETHER.map(String::from).to_vec(),
    };
    for name in store.members(group)? {
        if map.contains_key(&name) || written.contains(&name) {
            edits.push(Edit::Delete(format!("{group}/{name}")));
        }
    }
    for (name, value) in map {
        let at = format!("{group}/{name}");
        if store.is_link(&at) {
            let why = "the input holds a link of this name, which would be lost";
            return Err(DataError::BadName { what: "a part", name: at, why });
        }
        edits.push(Edit::Put(at, uns::encode(value)?));
    }
    let names = map.keys().cloned().collect();
    edits.push(Edit::Attr(group.into(), WRITTEN, Attr::Texts(names)));
    edits.push(Edit::Attr(group.into(), "encoding-type", Attr::Text("dict".into())));
    edits.push(Edit::Attr(group.into(), "encoding-version", Attr::Text("0.1.0".into())));
    Ok(())
}

/// Removes a group of `uns` that Morula wrote. Entries of others stay, and so does the group then.
fn remove_entry<'a>(store: &dyn Store, group: &str, edits: &mut Vec<Edit<'a>>) -> Result<()> {
    let written = match store.attr(group, WRITTEN) {
        Some(Attr::Texts(names)) => names,
        Some(Attr::Text(name)) => vec![name],
        _ => return Ok(()),
    };
    let (ours, others): (Vec<String>, Vec<String>) =
        store.members(group)?.into_iter().partition(|name| written.contains(name));
    match others.is_empty() && store.links(group).is_empty() {
        true => edits.push(Edit::Delete(group.into())),
        false => edits.extend(ours.iter().map(|name| Edit::Delete(format!("{group}/{name}")))),
    }
    Ok(())
}

/// Adds columns to both tables, and removes stale columns of `obs`. A column of a form that is never
/// written here is not removed.
fn add_columns<'a>(
    store: &dyn Store,
    additions: &'a Additions,
    edits: &mut Vec<Edit<'a>>,
) -> Result<()> {
    let tables = [("obs", &additions.obs[..]), ("var", &additions.var[..])];
    let old = |table: &str| store.kind(table) == Some(Kind::Array);
    if tables.iter().any(|(table, columns)| !columns.is_empty() && old(table)) {
        legacy::convert(store, tables, edits)?;
    }
    for (table, columns) in tables {
        let stale = match table {
            "obs" if !old(table) => &additions.stale_obs[..],
            _ => &[],
        };
        if columns.is_empty() && stale.is_empty() {
            continue;
        }
        let mut order = match old(table) {
            true => legacy::columns(store, table, columns)?.1,
            false => column_order(store, table)?,
        };
        let written = |entry: &String| store.kind(&format!("uns/{entry}")) == Some(Kind::Group);
        for (name, _) in stale.iter().filter(|(_, entry)| written(entry)) {
            let at = format!("{table}/{name}");
            if store.kind(&at).is_some() && free(store, table, name, &COLUMNS).is_ok() {
                edits.push(Edit::Delete(at));
                order.retain(|column| column != name);
                let categories = format!("{table}/{OLD_CATEGORIES}/{name}");
                if store.kind(&categories) == Some(Kind::Array) {
                    edits.push(Edit::Delete(categories));
                }
            }
        }
        let listed: HashSet<String> = order.iter().cloned().collect();
        for (name, column) in columns {
            let at = format!("{table}/{name}");
            let categories = format!("{table}/{OLD_CATEGORIES}/{name}");
            if !old(table) && store.kind(&at).is_some() {
                edits.push(Edit::Delete(at.clone()));
            }
            if !old(table) && store.kind(&categories) == Some(Kind::Array) {
                edits.push(Edit::Delete(categories));
            }
            edits.push(Edit::Put(at, encode::column(column)));
            if !listed.contains(name) {
                order.push(name.clone());
            }
        }
        edits.push(Edit::Attr(table.into(), "column-order", Attr::Texts(order)));
    }
    Ok(())
}

/// Puts nodes into a group. A missing group is created.
fn add_members<'a>(
    store: &dyn Store,
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
