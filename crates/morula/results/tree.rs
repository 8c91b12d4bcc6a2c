//! The levels of clusters and the evidence for their splits, as parts of the user's data.

use morula_cluster::evidence::{
    Evidence, EvidenceParams, Found, Shown, evidence, evidence_by, to_uns,
};
use morula_cluster::{ClusterError, ClusterTree, Level, NClusters};
use morula_data::{Additions, Categorical, Column, CountMatrix, DataError, UnsValue};
use morula_models::{ClusterModel, Device, FitOptions, ModelError, ModelKind, Prediction};

use super::subcluster::key_of;

/// `obs["<name>_coarse"]` and `obs["<name>_fine"]`, the levels beside the clusters of a fit. Names show
/// how they are nested: `3.1` and `3.2` are parts of cluster 3, `0+4` holds two clusters. Cells with a lower
/// confidence have no level either. Levels,
/// evidence and parts of clusters that an earlier run has left do not fit these clusters, and are removed.
pub(super) fn levels(
    name: &str,
    tree: Option<&ClusterTree>,
    prediction: &Prediction,
    n_obs: usize,
    min_confidence: f32,
) -> Result<Additions, DataError> {
    let confidence = prediction.confidence();
    let parts = key_of(name);
    let mut additions = Additions::new()
        .without_uns(evidence_of(name))
        .without_uns(evidence_of(&parts))
        .without_obs(format!("{parts}_confidence"), &parts)
        .without_obs(&parts, &parts)
        .without_uns(&parts);
    for (level, end) in [(Level::Coarse, "coarse"), (Level::Fine, "fine")] {
        let column_name = format!("{name}_{end}");
        let found = tree.zip(prediction.leaves.as_ref());
        let found = found.and_then(|(tree, leaves)| Some((tree, leaves, tree.cut(level).ok()?)));
        additions = match found {
            Some((tree, leaves, groups)) => {
                let cells = prediction.kept_cells.iter().zip(leaves).zip(&confidence);
                let cells = cells.filter(|(_, p)| **p >= min_confidence).map(|(cell, _)| cell);
                additions.obs(column_name, column(tree, &groups, cells, n_obs)?)
            }
            None => additions.without_obs(column_name, name),
        };
    }
    Ok(additions)
}

/// The entry of uns with the evidence.
pub(super) fn evidence_of(name: &str) -> String {
    format!("{name}_evidence")
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

/// The clusters of a result in a file, cut again.
///
/// `uns` is `uns["<name>"]` of the file, `fine` its column `obs["<name>_fine"]`. The result has the
/// cluster of every cell at the level; cells without a fine cluster have none.
///
/// # Errors
/// [`DataError::Unsupported`] for a file without a tree, or with one that does not fit the column;
/// the message of [`ClusterTree::cut`] for a level that is not there.
pub fn cut(uns: &UnsValue, fine: &Column, level: Level) -> Result<Column, DataError> {
    let tree = uns.get("tree").and_then(ClusterTree::from_uns);
    let tree = tree
        .ok_or_else(|| unsupported("there is no tree of clusters; `morula cluster` writes one"))?;
    let names = tree.node_names(&[]);
    let groups = tree.cut(level).map_err(|error| unsupported(error.to_string()))?;
    let Column::Categorical(fine) = fine else {
        return Err(unsupported("the column of the fine level is not categorical"));
    };
    let leaf_of = |name: &String| {
        names[..tree.n_leaves()].iter().position(|known| known == name).ok_or_else(|| {
            unsupported(format!("cluster {name:?} of the fine level is not in the tree"))
        })
    };
    let leaves = fine.categories().iter().map(leaf_of).collect::<Result<Vec<_>, _>>()?;
    let code = |&code: &i32| usize::try_from(code).map_or(-1, |code| groups[leaves[code]] as i32);
    let codes = fine.codes().iter().map(code).collect();
    Ok(Column::Categorical(Categorical::new(codes, tree.names(&groups), false)?))
}

/// The evidence for the splits of a model that was fitted to these counts with this number of
/// clusters requested. Clusters of the first part of the molecules are found in the views of expression.
/// `None` for a model without a tree, or one that does not know its cells.
///
/// # Errors
/// As [`evidence`].
pub fn fitted_evidence(
    model: &dyn ClusterModel,
    counts: &CountMatrix,
    n_clusters: NClusters,
) -> Result<Option<Evidence>, ClusterError> {
    let Some((tree, leaves)) = leaves_of(model, counts.n_obs()) else { return Ok(None) };
    let shown = Shown { tree, leaves: &leaves, n_clusters };
    evidence(counts, model.recipe().params(), shown, params_of(model)).map(Some)
}

/// [`fitted_evidence`] for which a model with the same parameters is fitted to the first part of the
/// molecules: p-values of what the whole model finds, at the cost of another fit.
///
/// # Errors
/// As [`evidence`], and those of the fit.
pub fn refitted_evidence(
    model: &dyn ClusterModel,
    counts: &CountMatrix,
    device: &Device,
    options: FitOptions<'_>,
) -> Result<Option<Evidence>, ModelError> {
    let Some((tree, leaves)) = leaves_of(model, counts.n_obs()) else { return Ok(None) };
    let params = ModelKind::named(model.name())?.read(model.describe().parameters);
    let params = params.map_err(|error| ModelError::Setting(error.to_string()))?;
    let shown = Shown { tree, leaves: &leaves, n_clusters: params.n_clusters() };
    evidence_by(counts, shown, params_of(model), |first| {
        let model = params.fit_with(first, device, options)?;
        let (tree, leaves) = leaves_of(model.as_ref(), first.n_obs()).unzip();
        Ok(Found { tree: tree.cloned().unwrap_or_default(), leaves: leaves.unwrap_or_default() })
    })
    .map(Some)
}

fn params_of(model: &dyn ClusterModel) -> EvidenceParams {
    EvidenceParams { seed: model.describe().seed, ..EvidenceParams::default() }
}

/// The tree of a model and the leaf of every cell of its fit.
fn leaves_of(model: &dyn ClusterModel, n_obs: usize) -> Option<(&ClusterTree, Vec<Option<usize>>)> {
    let (tree, fitted) = model.tree().zip(model.fitted())?;
    let mut leaves = vec![None; n_obs];
    for (&cell, &leaf) in fitted.kept_cells.iter().zip(fitted.leaves.as_ref()?) {
        if let Some(place) = leaves.get_mut(cell) {
            *place = Some(leaf);
        }
    }
    Some((tree, leaves))
}

fn unsupported(what: impl Into<String>) -> DataError {
    DataError::Unsupported { what: what.into() }
}

/// Adds the evidence for every split of the tree as `uns["<name>_evidence"]`: a list per column of
/// its [`table`](morula_cluster::evidence::table), and the names of the splits as `split`.
///
/// # Errors
/// [`ClusterError::Parameter`] for the evidence of another tree.
pub fn evidence_additions(
    additions: Additions,
    name: &str,
    tree: &ClusterTree,
    evidence: &Evidence,
) -> Result<Additions, ClusterError> {
    Ok(additions.uns(evidence_of(name), to_uns(tree, &evidence.splits)?))
}
