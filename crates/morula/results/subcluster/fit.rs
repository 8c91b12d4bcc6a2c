//! Counts and evidence of a fit within a cluster.

use std::collections::BTreeMap;

use morula_cluster::evidence::{Evidence, table, to_uns};
use morula_cluster::{ClusterError, ClusterTree};
use morula_data::{Categorical, CountMatrix, DataError, UnsValue};
use morula_models::{ClusterModel, FitOptions, ModelError, Observer};

use super::{EvidenceFrom, SubclusterParams, uns};
use crate::results::{fitted_evidence, refitted_evidence};

/// The evidence for the splits of a fit.
pub fn evidence(
    model: &dyn ClusterModel,
    counts: &CountMatrix,
    how: &SubclusterParams,
    observer: Option<&mut dyn Observer>,
) -> Result<Option<Evidence>, ModelError> {
    match how.evidence {
        EvidenceFrom::None => Ok(None),
        EvidenceFrom::Views => Ok(fitted_evidence(model, counts, how.params.n_clusters())?),
        EvidenceFrom::Full => {
            let options = FitOptions { observer, checkpoint: None };
            refitted_evidence(model, counts, &how.device.device, options)
        }
    }
}

/// The rows of the evidence of a fit, with names of the parts.
pub fn rows_of(
    of: &str,
    tree: &ClusterTree,
    evidence: &Evidence,
    names: &[String],
) -> Result<BTreeMap<String, UnsValue>, ClusterError> {
    let splits = table(tree, &evidence.splits, names)?.index().to_vec();
    let clusters = vec![of.to_string(); splits.len()];
    let rows = to_uns(tree, &evidence.splits)?.with("split", splits).with(uns::OF, clusters);
    Ok(if evidence.splits.is_empty() { BTreeMap::new() } else { uns::table_of(&rows) })
}

/// The tree of a fit as an entry of uns, with names of the parts.
pub fn named_tree(tree: &ClusterTree, names: &[String]) -> UnsValue {
    let mut leaves = tree.node_names(names);
    leaves.truncate(tree.n_leaves());
    let entry = tree.to_uns();
    let about = entry.get("leaves").cloned().unwrap_or_else(UnsValue::map).with("name", leaves);
    entry.with("leaves", about)
}

/// The counts with the batches that these cells have, and whether there are too few cells to compare
/// batches: then the counts have none.
pub fn comparable(counts: CountMatrix) -> Result<(CountMatrix, bool), DataError> {
    let Some(batches) = counts.batches() else { return Ok((counts, false)) };
    // The order of the categories has a meaning.
    let categories = batches.categories();
    let mut place = vec![-1; categories.len()];
    batches.codes().iter().filter(|code| **code >= 0).for_each(|&code| place[code as usize] = 0);
    let mut names = Vec::new();
    for (place, name) in place.iter_mut().zip(categories).filter(|(place, _)| **place == 0) {
        *place = names.len() as i32;
        names.push(name.clone());
    }
    let codes = batches.codes().iter();
    let codes = codes.map(|&code| usize::try_from(code).map_or(-1, |code| place[code])).collect();
    let n = names.len();
    if n < 2 || 2 * n > counts.n_obs() {
        let (x, cells, genes) = counts.into_parts();
        return Ok((CountMatrix::new(x, cells, genes)?, true));
    }
    let batches = Categorical::new(codes, names, batches.ordered())?;
    Ok((counts.with_batches(batches)?, false))
}

/// A shorter loan of the observer.
pub fn reborrowed<'a>(observer: &'a mut Option<&mut dyn Observer>) -> Option<&'a mut dyn Observer> {
    match observer {
        Some(observer) => Some(&mut **observer),
        None => None,
    }
}
