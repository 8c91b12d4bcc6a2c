//! Reads h5ad files.

use super::frame::{read_columns, read_frame, read_index};
use super::matrix::{read_dense, read_matrix};
use super::uns::read_uns;
use crate::anndata::genes_only;
use crate::hdf5::FieldValues;
use crate::io::features::{FEATURE_TYPES, genes_of};
use crate::store::{Kind, Store};
use crate::{
    AnnData, CountMatrix, DataError, DataFrame, DenseMatrix, Raw, ReadOptions, Result, UnsValue,
};
use std::collections::BTreeMap;

/// Reads a whole file. Parts that cannot be read are listed, and the rest is read; only the names of
/// cells and genes must be there.
pub(in crate::io) fn read(store: &dyn Store) -> Result<AnnData> {
    let mut not_loaded = store.links("/");
    let obs = read_frame(store, "obs", &mut not_loaded)?;
    let var = read_frame(store, "var", &mut not_loaded)?;
    let (n_obs, n_vars) = (obs.n_rows(), Some(var.n_rows()));
    let mut x = None;
    if store.kind("X").is_some() {
        // Damage of X is an error, since the rest is of little use; a part of another kind is not.
        match read_matrix(store, "X", n_obs, n_vars) {
            Err(DataError::Unsupported { .. }) => not_loaded.push("X".into()),
            read => x = Some(read?),
        }
    }
    let mut layers = BTreeMap::new();
    not_loaded.extend(store.links("layers"));
    for name in store.members("layers")? {
        let at = format!("layers/{name}");
        match read_matrix(store, &at, n_obs, n_vars) {
            Err(DataError::Unsupported { .. }) => not_loaded.push(at),
            Err(damage) => not_loaded.push(format!("{at} ({damage})")),
            Ok(layer) => drop(layers.insert(name, layer)),
        }
    }
    let mut raw = None;
    not_loaded.extend(store.links("raw"));
    if let Some((x, var)) = raw_paths(store) {
        let read = read_frame(store, var, &mut not_loaded).and_then(|var| {
            let x = read_matrix(store, x, n_obs, Some(var.n_rows()))?;
            Ok(Raw { x, var })
        });
        match read {
            Err(DataError::Unsupported { .. }) => not_loaded.push("raw".into()),
            Err(damage) => not_loaded.push(format!("raw ({damage})")),
            Ok(read) => raw = Some(read),
        }
    }
    let obsm = read_all_dense(store, "obsm", &mut not_loaded)?;
    let varm = read_all_dense(store, "varm", &mut not_loaded)?;
    let mut obsp = BTreeMap::new();
    not_loaded.extend(store.links("obsp"));
    for name in store.members("obsp")? {
        let at = format!("obsp/{name}");
        let matrix = read_matrix(store, &at, n_obs, Some(n_obs));
        keep(&at, matrix, &mut not_loaded, |m| obsp.insert(name, m));
    }
    for group in ["varp", "raw/varm", "raw.varm"] {
        let members = store.members(group)?;
        not_loaded.extend(members.iter().map(|name| format!("{group}/{name}")));
        not_loaded.extend(store.links(group));
    }
    let uns = read_uns(store, &mut not_loaded)?;
    let remarks = Vec::new();
    let data = AnnData { x, layers, raw, obs, var, obsm, varm, obsp, uns, not_loaded, remarks };
    data.check().map_err(|e| DataError::damaged(e.to_string()))?;
    Ok(data)
}

/// Keeps a part that could be read; lists a part that could not.
pub(super) fn keep<T, R>(
    at: &str,
    part: Result<T>,
    not_loaded: &mut Vec<String>,
    keep: impl FnOnce(T) -> R,
) {
    match part {
        Ok(part) => drop(keep(part)),
        Err(_) => not_loaded.push(at.into()),
    }
}

fn read_all_dense(
    store: &dyn Store,
    group: &str,
    not_loaded: &mut Vec<String>,
) -> Result<BTreeMap<String, DenseMatrix>> {
    let mut all = BTreeMap::new();
    if store.kind(group) == Some(Kind::Array) {
        return read_old_dense(store, group, not_loaded);
    }
    not_loaded.extend(store.links(group));
    for name in store.members(group)? {
        let at = format!("{group}/{name}");
        keep(&at, read_dense(store, &at), not_loaded, |m| all.insert(name, m));
    }
    Ok(all)
}

/// Before anndata 0.7, one array of records held all matrices, one per field.
fn read_old_dense(
    store: &dyn Store,
    at: &str,
    not_loaded: &mut Vec<String>,
) -> Result<BTreeMap<String, DenseMatrix>> {
    let mut all = BTreeMap::new();
    let array = store.array(at)?;
    let record = array.record()?;
    for name in record.names() {
        let matrix = record.field(name).and_then(|field| match field.values {
            FieldValues::Float(v) => {
                DenseMatrix::new(array.len(), field.width, v.iter().map(|&x| x as f32).collect())
            }
            _ => Err(DataError::unsupported("not of real numbers")),
        });
        let at = format!("{at}/{name}");
        keep(&at, matrix, not_loaded, |m| all.insert(name.to_string(), m));
    }
    Ok(all)
}

/// Paths of the matrix and the genes of `raw`, in new and old files.
fn raw_paths(store: &dyn Store) -> Option<(&'static str, &'static str)> {
    let places = [("raw/X", "raw/var"), ("raw.X", "raw.var")];
    places.into_iter().find(|(x, var)| store.kind(x).is_some() && store.kind(var).is_some())
}

/// Reads the annotations of cells.
pub(in crate::io) fn read_obs(store: &dyn Store) -> Result<DataFrame> {
    read_frame(store, "obs", &mut Vec::new())
}

/// Reads `uns` without the entries of unsupported types.
pub(in crate::io) fn read_all_uns(store: &dyn Store) -> Result<BTreeMap<String, UnsValue>> {
    read_uns(store, &mut Vec::new())
}

/// Reads one matrix with its names and checks that it holds counts.
pub(in crate::io) fn read_counts(store: &dyn Store, options: &ReadOptions) -> Result<CountMatrix> {
    let layer = options.layer.as_deref().unwrap_or("X");
    let available = matrices(store)?;
    let missing = || {
        let at = if layer == "X" { "X".into() } else { format!("layers/{layer}") };
        if store.is_link(&at) {
            return store.not_there(&at);
        }
        DataError::MissingLayer {
            layer: layer.into(),
            available: available.iter().map(|m| m.0.clone()).collect(),
        }
    };
    let (_, x, var) = available.iter().find(|m| m.0 == layer).ok_or_else(missing)?;
    let obs = read_index(store, "obs")?;
    let n_obs = obs.len();
    let matrix = |at: &str, n_vars| read_matrix(store, at, n_obs, Some(n_vars));
    let genes = genes_of(&read_columns(store, var, &FEATURE_TYPES)?)?;
    let var = read_index(store, var)?;
    let x = matrix(x, var.len())?;
    genes_only(options, x, (obs, var), genes, &[]).map_err(|e| match e {
        DataError::NotCounts { .. } => {
            // One at a time, so that two are never in memory.
            let holds_counts = |(_, x, var): &&Place| {
                let n_vars = read_index(store, var).map(|names| names.len());
                n_vars.and_then(|n| matrix(x, n)).is_ok_and(|m| m.is_counts())
            };
            let others = available.iter().filter(|m| m.0 != layer).filter(holds_counts);
            e.with_counts_in(Some(layer), others.map(|m| m.0.clone()).collect())
        }
        other => other,
    })
}

/// Name of a matrix, its path, and the path of its genes.
type Place = (String, String, &'static str);

/// Every matrix of the file.
fn matrices(store: &dyn Store) -> Result<Vec<Place>> {
    let x = store.kind("X").map(|_| ("X".to_string(), "X".to_string(), "var"));
    let raw = raw_paths(store).map(|(x, var)| ("raw".to_string(), x.to_string(), var));
    let layers = store.members("layers")?;
    let layers = layers.into_iter().map(|name| (name.clone(), format!("layers/{name}"), "var"));
    Ok(x.into_iter().chain(layers).chain(raw).collect())
}
