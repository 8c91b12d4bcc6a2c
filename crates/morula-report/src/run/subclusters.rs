//! Clusters that were divided.

use morula_cluster::evidence::{self, Split};
use morula_data::{AnnData, UnsValue};

/// A cluster that `morula subcluster` divided.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DividedCluster {
    /// The name of the cluster.
    pub name: String,
    /// The name of the model that was fitted to its cells.
    pub model: String,
    /// Name and number of cells of each part.
    pub parts: Vec<(String, usize)>,
    /// The evidence for the splits of the fit, with their names and the number of cells of their
    /// sides; empty if there is none.
    pub splits: Vec<(String, [usize; 2], Split)>,
}

impl DividedCluster {
    /// The clusters of a model that were divided, in their order; none where the data has no column of
    /// their parts.
    pub(super) fn from_anndata(data: &AnnData, model: &str) -> Vec<Self> {
        let key = format!("{model}_subcluster");
        let Some(UnsValue::Map(fits)) = data.uns.get(&key).and_then(|entry| entry.get("fits"))
        else {
            return Vec::new();
        };
        if data.obs.column(&key).is_err() {
            return Vec::new();
        }
        let evidence = data.uns.get(&format!("{key}_evidence"));
        let mut fits: Vec<_> =
            fits.iter().filter_map(|(n, f)| Some((n.parse().ok()?, f))).collect();
        fits.sort_by_key(|(place, _): &(usize, _)| *place);
        fits.into_iter().filter_map(|(_, fit)| Self::read(fit, evidence)).collect()
    }

    fn read(fit: &UnsValue, evidence: Option<&UnsValue>) -> Option<Self> {
        let (UnsValue::Text(name), UnsValue::Text(model)) = (fit.get("of")?, fit.get("model")?)
        else {
            return None;
        };
        let (UnsValue::Texts(names), UnsValue::Ints(sizes)) =
            (fit.get("names")?, fit.get("n_cells")?)
        else {
            return None;
        };
        let sizes = sizes.iter().map(|&n| usize::try_from(n).unwrap_or_default());
        Some(Self {
            name: name.clone(),
            model: model.clone(),
            parts: names.iter().cloned().zip(sizes).collect(),
            splits: evidence.and_then(|table| splits(table, name)).unwrap_or_default(),
        })
    }
}

/// The rows of the evidence that are of a cluster.
fn splits(table: &UnsValue, cluster: &str) -> Option<Vec<(String, [usize; 2], Split)>> {
    let texts = |column: &str| match table.get(column)? {
        UnsValue::Texts(texts) => Some(texts),
        _ => None,
    };
    let numbers = |column: &str| match table.get(column)? {
        UnsValue::Ints(numbers) => Some(numbers),
        _ => None,
    };
    let (of, names, splits) = (texts("of")?, texts("split")?, evidence::from_uns(table)?);
    let sides = [numbers("n_cells_first")?, numbers("n_cells_second")?];
    let n = splits.len();
    if [of.len(), names.len(), sides[0].len(), sides[1].len()] != [n; 4] {
        return None;
    }
    let rows = splits.into_iter().enumerate().filter(|(row, _)| of[*row] == cluster);
    let cells = |row: usize| sides.map(|side| usize::try_from(side[row]).unwrap_or_default());
    Some(rows.map(|(row, split)| (names[row].clone(), cells(row), split)).collect())
}
