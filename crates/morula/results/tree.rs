//! The levels of clusters and the evidence for their splits, as columns and tables.

use std::collections::BTreeSet;

use morula_cluster::evidence::{Evidence, EvidenceParams, Shown, Split, evidence};
use morula_cluster::{ClusterError, ClusterTree, Level, Merge, NClusters};
use morula_data::{Additions, Categorical, Column, CountMatrix, DataError, DataFrame, UnsValue};
use morula_models::{ClusterModel, Prediction};

/// Adds `obs["<name>_coarse"]` and `obs["<name>_fine"]`, the levels beside the clusters. Names show
/// how they are nested: `3.1` and `3.2` are parts of cluster 3, `0+4` holds two clusters.
pub(super) fn levels(
    additions: Additions,
    name: &str,
    tree: &ClusterTree,
    (prediction, leaves): (&Prediction, &[usize]),
    n_obs: usize,
) -> Result<Additions, DataError> {
    let mut additions = additions;
    for (level, end) in [(Level::Coarse, "coarse"), (Level::Fine, "fine")] {
        let Ok(groups) = tree.cut(level) else { continue };
        let column = column(tree, &groups, prediction.kept_cells.iter().zip(leaves), n_obs)?;
        additions = additions.obs(format!("{name}_{end}"), column);
    }
    Ok(additions)
}

/// A column with the group of every cell, from cells and their leaves. Other cells have none.
fn column<'a>(
    tree: &ClusterTree,
    groups: &[usize],
    cells: impl Iterator<Item = (&'a usize, &'a usize)>,
    n_obs: usize,
) -> Result<Column, DataError> {
    let mut codes = vec![-1; n_obs];
    for (&cell, &leaf) in cells {
        codes[cell] = groups.get(leaf).map_or(-1, |&group| group as i32);
    }
    Ok(Column::Categorical(Categorical::new(codes, tree.names(groups), false)?))
}

/// The tree as it is stored in `uns["<name>"]["tree"]`: `resolution`; for every leaf its name in the
/// column of the fine level, its cluster and its number of cells; for every merge its two parts
/// (numbered on from the leaves) and their contact.
pub(super) fn stored(tree: &ClusterTree) -> UnsValue {
    let ints = |of: &[usize]| of.iter().map(|&v| v as i64).collect::<Vec<i64>>();
    let part = |i: usize| tree.merges().iter().map(|m| m.parts[i] as i64).collect::<Vec<i64>>();
    let contacts: Vec<f64> = tree.merges().iter().map(|merge| merge.contact).collect();
    let leaves = UnsValue::map()
        .with("name", leaf_names(tree))
        .with("cluster", ints(tree.clusters()))
        .with("n_cells", ints(tree.sizes()));
    let merges =
        UnsValue::map().with("first", part(0)).with("second", part(1)).with("contact", contacts);
    UnsValue::map()
        .with("resolution", tree.resolution())
        .with("leaves", leaves)
        .with("merges", merges)
}

/// The name of every leaf.
fn leaf_names(tree: &ClusterTree) -> Vec<String> {
    let Ok(groups) = tree.cut(Level::Fine) else { return Vec::new() };
    let names = tree.names(&groups);
    groups.iter().map(|&group| names[group].clone()).collect()
}

/// The clusters of a result in a file, cut again.
///
/// `uns` is `uns["<name>"]` of the file, `fine` its column `obs["<name>_fine"]`. The result has the
/// cluster of every cell at the level; cells without a fine cluster have none.
///
/// # Errors
/// [`DataError::Unsupported`] for a file without a tree, or with one that does not fit the column;
/// the message of [`ClusterTree::cut`] for a level that is not there.
pub fn cut(uns: &UnsValue, fine: &Column, level: Level) -> Result<Column, DataError> {
    let (tree, names) = read(uns)
        .ok_or_else(|| unsupported("there is no tree of clusters; `morula cluster` writes one"))?;
    let groups = tree.cut(level).map_err(|error| unsupported(error.to_string()))?;
    let Column::Categorical(fine) = fine else {
        return Err(unsupported("the column of the fine level is not categorical"));
    };
    let leaf_of = |name: &String| {
        names.iter().position(|known| known == name).ok_or_else(|| {
            unsupported(format!("cluster {name:?} of the fine level is not in the tree"))
        })
    };
    let leaves = fine.categories().iter().map(leaf_of).collect::<Result<Vec<_>, _>>()?;
    let code = |&code: &i32| usize::try_from(code).map_or(-1, |code| groups[leaves[code]] as i32);
    let codes = fine.codes().iter().map(code).collect();
    Ok(Column::Categorical(Categorical::new(codes, tree.names(&groups), false)?))
}

/// The tree and the names of its leaves.
fn read(uns: &UnsValue) -> Option<(ClusterTree, Vec<String>)> {
    let tree = uns.get("tree")?;
    let ints = |within: &str, name: &str| match tree.get(within)?.get(name)? {
        UnsValue::Ints(values) => values.iter().map(|&v| usize::try_from(v).ok()).collect(),
        UnsValue::Floats(values) if values.is_empty() => Some(Vec::new()),
        _ => None,
    };
    let (first, second): (Vec<usize>, Vec<usize>) =
        (ints("merges", "first")?, ints("merges", "second")?);
    let contacts = match tree.get("merges")?.get("contact")? {
        UnsValue::Floats(values) => values.clone(),
        _ => return None,
    };
    let names = match tree.get("leaves")?.get("name")? {
        UnsValue::Texts(names) => names.clone(),
        _ => return None,
    };
    let resolution = match tree.get("resolution")? {
        UnsValue::Float(value) => *value,
        _ => return None,
    };
    let parts = first.into_iter().zip(second).zip(contacts);
    let merges = parts.map(|((a, b), contact)| Merge { parts: [a, b], contact }).collect();
    let tree = ClusterTree::from_parts(
        resolution,
        ints("leaves", "cluster")?,
        ints("leaves", "n_cells")?,
        merges,
    );
    tree.ok().filter(|tree| tree.n_leaves() == names.len()).map(|tree| (tree, names))
}

/// The evidence for the splits of a model that was fitted to these counts with this number of
/// clusters requested. `None` for a model without a tree, or one that does not know its cells.
///
/// # Errors
/// As [`evidence`].
pub fn fitted_evidence(
    model: &dyn ClusterModel,
    counts: &CountMatrix,
    n_clusters: NClusters,
) -> Result<Option<Evidence>, ClusterError> {
    let fitted = model.fitted().and_then(|fitted| Some((fitted, fitted.leaves.as_ref()?)));
    let (Some(tree), Some((prediction, of_kept))) = (model.tree(), fitted) else {
        return Ok(None);
    };
    let mut leaves = vec![None; counts.n_obs()];
    for (&cell, &leaf) in prediction.kept_cells.iter().zip(of_kept) {
        if let Some(place) = leaves.get_mut(cell) {
            *place = Some(leaf);
        }
    }
    let shown = Shown { tree, leaves: &leaves, n_clusters };
    let params = EvidenceParams { seed: model.describe().seed, ..EvidenceParams::default() };
    evidence(counts, model.recipe().params(), shown, params).map(Some)
}

fn unsupported(what: impl Into<String>) -> DataError {
    DataError::Unsupported { what: what.into() }
}

/// Adds the evidence for every split of the tree as `uns["<name>_evidence"]`: a list per column of
/// [`evidence_table`], and the names of the splits as `split`.
///
/// # Errors
/// [`DataError::Shape`] for the evidence of another tree.
pub fn evidence_additions(
    additions: Additions,
    name: &str,
    tree: &ClusterTree,
    evidence: &Evidence,
) -> Result<Additions, DataError> {
    let table = evidence_table(tree, evidence)?;
    let lists = UnsValue::map().with("split", table.index().to_vec());
    let lists = table.columns().fold(lists, |lists, (column, values)| match values {
        Column::Int(values) => {
            lists.with(column, values.iter().map(|v| v.unwrap_or_default()).collect::<Vec<i64>>())
        }
        Column::Bool(values) => lists
            .with(column, values.iter().map(|v| i64::from(*v == Some(true))).collect::<Vec<_>>()),
        Column::Float(values) => lists.with(column, values.clone()),
        _ => lists,
    });
    Ok(additions.uns(format!("{name}_evidence"), lists))
}

/// The evidence for every split of a tree as a table. Rows are named by the two sides; the columns
/// are those of [`Split`](morula_cluster::evidence::Split), with the numbers of cells. Missing values
/// are NaN.
///
/// # Errors
/// [`DataError::Shape`] for the evidence of another tree.
pub fn evidence_table(tree: &ClusterTree, evidence: &Evidence) -> Result<DataFrame, DataError> {
    if evidence.splits.len() != tree.merges().len() {
        let found = format!("evidence for {} splits", evidence.splits.len());
        return Err(super::shape(found, format!("a tree with {}", tree.merges().len())));
    }
    let (members, leaves) = (tree.members(), leaf_names(tree));
    let mut n_leaves = vec![0; tree.n_clusters()];
    tree.clusters().iter().for_each(|&cluster| n_leaves[cluster] += 1);
    // Whole clusters by their numbers, parts of one by the names of the leaves.
    let side = |part: usize| -> String {
        let of_leaf = members[part].iter().map(|&leaf| tree.clusters()[leaf]);
        let clusters: BTreeSet<usize> = of_leaf.collect();
        let whole: usize = clusters.iter().map(|&cluster| n_leaves[cluster]).sum();
        let names: Vec<String> = match whole == members[part].len() {
            true => clusters.iter().map(ToString::to_string).collect(),
            false => members[part].iter().map(|&leaf| leaves[leaf].clone()).collect(),
        };
        names.join("+")
    };
    let cells = |part: usize| members[part].iter().map(|&leaf| tree.sizes()[leaf] as i64).sum();
    let merges = tree.merges();
    let index = merges.iter().map(|m| format!("{} | {}", side(m.parts[0]), side(m.parts[1])));
    let mut table = DataFrame::new(index.collect());
    let splits = &evidence.splits;
    let floats = |of: &dyn Fn(&Split) -> Option<f64>| {
        Column::Float(splits.iter().map(|split| of(split).unwrap_or(f64::NAN)).collect())
    };
    for (name, i) in [("n_cells_first", 0), ("n_cells_second", 1)] {
        let sizes = merges.iter().map(|m| Some(cells(m.parts[i]))).collect();
        table.set(name, Column::Int(sizes))?;
    }
    table.set("contact", floats(&|split| Some(split.contact)))?;
    table.set("found_again", floats(&|split| Some(split.found_again)))?;
    table.set("p", floats(&|split| split.p))?;
    table.set("supported", Column::Bool(splits.iter().map(|s| Some(s.supported)).collect()))?;
    table.set("error", floats(&|split| split.error))?;
    table.set("n_markers", floats(&|split| split.n_markers.map(|n| n as f64)))?;
    Ok(table)
}
