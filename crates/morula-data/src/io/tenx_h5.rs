//! 10x Genomics feature-barcode matrices in HDF5, as Cell Ranger writes them
//! (<https://www.10xgenomics.com/support/software/cell-ranger/latest/analysis/outputs/cr-outputs-h5-matrices>).
//!
//! The file stores features x barcodes in compressed columns, which is cells x genes in compressed
//! rows.

use super::features::Features;
use super::h5ad::read_compressed;
use crate::store::{Element, Kind, Store};
use crate::{AnnData, DataError, Result};

/// Whether a group is a 10x matrix.
pub(super) fn is_matrix(store: &dyn Store, group: &str) -> bool {
    let has = |part: &str| store.kind(&format!("{group}/{part}")) == Some(Kind::Array);
    store.kind(group) == Some(Kind::Group) && has("barcodes") && has("indptr") && has("data")
}

/// Reads the only matrix of the file, genes only.
pub(super) fn read(store: &dyn Store) -> Result<AnnData> {
    let mut groups = store.members("/")?;
    groups.retain(|group| is_matrix(store, group));
    let [group] = groups.as_slice() else {
        return Err(DataError::unsupported(format!(
            "this file holds a matrix for each of {}; give one with a single genome",
            groups.join(", ")
        )));
    };
    let part = |name: &str| format!("{group}/{name}");
    let texts = |name: &str| store.array(&part(name))?.texts();
    let optional = |name: &str| store.kind(&part(name)).map(|_| texts(name)).transpose();
    let barcodes = texts("barcodes")?;
    let genome = (group != "matrix").then(|| group.clone());
    let features = if store.kind(&part("features")).is_some() {
        let ids = texts("features/id")?;
        let names = texts("features/name")?;
        let types = optional("features/feature_type")?;
        Features { more: more(store, &part("features"), ids.len())?, ids, names, types }
    } else {
        let ids = texts("genes")?;
        let more = genome.map(|genome| ("genome".to_string(), vec![genome; ids.len()]));
        let more = more.into_iter().collect();
        Features { ids, names: texts("gene_names")?, types: None, more }
    };
    let x = read_compressed(store, group, barcodes.len(), features.ids.len())?;
    features.annotate(x, barcodes)
}

/// Whatever else a version 3 file says of each feature: its genome, for example.
fn more(store: &dyn Store, group: &str, n: usize) -> Result<Vec<(String, Vec<String>)>> {
    let mut more = Vec::new();
    for name in store.members(group)? {
        let at = format!("{group}/{name}");
        let known = ["id", "name", "feature_type"].contains(&name.as_str());
        if known || name.starts_with('_') || store.kind(&at) != Some(Kind::Array) {
            continue;
        }
        let array = store.array(&at)?;
        if array.element() == Element::Text && array.shape() == [n] {
            more.push((name, array.texts()?));
        }
    }
    Ok(more)
}
