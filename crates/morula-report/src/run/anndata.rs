//! Reads a run from data with the results of a model.

use morula_cluster::{ClusterTree, evidence};
use morula_data::{AnnData, Column, DenseMatrix, UnsValue};
use morula_preprocess::{UmapParams, umap};

use super::{Annotation, CellQuality, DividedCluster, Losses, Role, Run, parameters, shape};
use crate::markers::valid_markers;
use crate::{Expression, ReportError, Result};

/// Usual names of the column of obs with known types. By default the first one present is used.
const TRUTHS: [&str; 6] = ["cell_type", "celltype", "CellType", "cell.type", "label", "labels"];
/// Usual names of the columns of obs with batches.
pub const BATCH_COLUMNS: [&str; 10] = [
    "batch",
    "Batch",
    "sample",
    "donor",
    "donor_id",
    "patient",
    "condition",
    "stim",
    "plate",
    "orig.ident",
];
/// A column with more labels than this does not contain groups.
const MOST_LABELS: usize = 60;

/// The run to show, and the labels to compare it with.
#[derive(Debug, Clone, Default)]
pub struct Source {
    /// Name of the data, for the title.
    pub name: String,
    /// Name of the model: its results are `obs[model]`, `obsm["X_" + model]` and so on.
    pub model: String,
    /// Matrix with the raw counts, for markers: a layer, `raw` or `X`. `None` for `X`; if `X` has
    /// other values, the report has no markers.
    pub layer: Option<String>,
    /// Column of obs with known types; `None` to try the usual names.
    pub truth: Option<String>,
    /// Column of obs with batches; `None` to try the usual names.
    pub batch: Option<String>,
    /// Coordinates in two dimensions of the cells with a cluster, row-major; `None` to compute
    /// them.
    pub layout: Option<Vec<f32>>,
}

impl Run {
    /// The run of a model, from the results that `morula cluster` adds to data.
    ///
    /// If the source has no layout, the layout is `obsm["X_umap"]` where `uns["umap"]` has the name and
    /// the checksum of `obsm["X_<model>"]`, else the UMAP of that with the run's seed. Cells without a
    /// cluster are left out.
    ///
    /// # Errors
    /// [`ReportError::NoRun`] names the missing part; [`ReportError::Data`] for a requested column
    /// or layer that does not exist, or a requested layer without counts.
    pub fn from_anndata(data: &AnnData, source: &Source) -> Result<Self> {
        let model = &source.model;
        let none = |part: String| ReportError::NoRun { part, model: model.clone() };
        let column = data.obs.column(model).map_err(|_| none(format!("obs[{model:?}]")))?;
        let Column::Categorical(found) = column else {
            return Err(none(format!("categorical obs[{model:?}]")));
        };
        let confidence = format!("{model}_confidence");
        let confidence = match data.obs.column(&confidence) {
            Ok(Column::Float(values)) => values,
            _ => return Err(none(format!("obs[{confidence:?}]"))),
        };
        let about = data.uns.get(model);
        let codes = found.codes().iter().enumerate();
        let kept: Vec<(usize, usize)> =
            codes.filter_map(|(i, &code)| Some((i, usize::try_from(code).ok()?))).collect();
        let cells: Vec<usize> = kept.iter().map(|k| k.0).collect();
        let part = |name: &str| about.and_then(|about| about.get(name));
        let seed = match part("seed") {
            Some(UnsValue::Int(seed)) => u64::try_from(*seed).ok(),
            _ => None,
        };
        // A tree of other clusters is not that of this column.
        let tree = part("tree").and_then(ClusterTree::from_uns);
        let tree = tree.filter(|tree| tree.n_clusters() == found.categories().len());
        let splits = data.uns.get(&format!("{model}_evidence")).and_then(evidence::from_uns);
        let splits = splits.filter(|s| tree.as_ref().is_some_and(|t| t.merges().len() == s.len()));
        let mut run = Self {
            labels: kept.iter().map(|k| k.1).collect(),
            confidence: cells.iter().map(|&i| confidence[i]).collect(),
            layout: match &source.layout {
                Some(layout) => layout.clone(),
                None => layout(data, model, &cells, seed.unwrap_or_default())?,
            },
            tree,
            splits: splits.unwrap_or_default(),
            divided: DividedCluster::from_anndata(data, model),
            annotations: annotations(data, source, &cells)?,
            quality: CellQuality::from_anndata(data, &cells),
            losses: part("losses").map_or(Losses::default(), |l| parameters::losses(Some(l))),
            parameters: part("params").map_or(Vec::new(), parameters::flatten),
            seed,
            ..Self::new(&source.name, model, found.categories().to_vec())
        };
        let valid = data.uns.get("rank_genes_valid");
        let valid = valid.and_then(|valid| valid_markers(valid, model, found));
        run.valid_markers = valid.unwrap_or_default();
        match expression(data, source.layer.as_deref(), &cells) {
            Ok(expression) => run.expression = Some(expression),
            Err(error) if source.layer.is_none() => run.no_expression = Some(error.to_string()),
            Err(error) => return Err(error),
        }
        run.describe(data, about);
        Ok(run)
    }

    /// Sets facts and versions.
    fn describe(&mut self, data: &AnnData, about: Option<&UnsValue>) {
        let text = |name: &str| about.and_then(|a| a.get(name)).map(parameters::text);
        let n = data.n_obs();
        let left_out = n - self.n_cells();
        let cells = match left_out {
            0 => n.to_string(),
            _ => format!("{} ({left_out} of {n} left out by the filter)", self.n_cells()),
        };
        let mut facts = vec![("Cells".to_string(), cells)];
        // Those of the matrix that was clustered: `raw` has its own.
        let genes = self.expression.as_ref().map_or(data.n_vars(), |e| e.genes().len());
        let mut genes = genes.to_string();
        let used = self.parameters.iter().find(|p| p.0 == "recipe.n_top_genes");
        if let Some((_, top)) = used {
            genes += &format!(" (the model uses the {top} most variable at most)");
        }
        facts.push(("Genes".into(), genes));
        facts.push(("Clusters".into(), self.k().to_string()));
        facts.extend(text("device").map(|device| ("Device".into(), device)));
        facts.extend(self.seed.map(|seed| ("Seed".into(), seed.to_string())));
        self.facts = facts;
        self.versions =
            text("version").map(|v| ("morula, the run".into(), v)).into_iter().collect();
        self.versions.push(("morula, this report".into(), env!("CARGO_PKG_VERSION").into()));
    }
}

/// Coordinates of the cells with a cluster.
fn layout(data: &AnnData, model: &str, cells: &[usize], seed: u64) -> Result<Vec<f32>> {
    if let Some(known) = known_layout(data, model) {
        let places: Vec<f32> = cells.iter().flat_map(|&i| known.row(i)).copied().collect();
        if places.iter().all(|v| v.is_finite()) {
            return Ok(places);
        }
    }
    let name = format!("X_{model}");
    let missing = || ReportError::NoRun { part: format!("obsm[{name:?}]"), model: model.into() };
    let embedding = data.obsm.get(&name).ok_or_else(missing)?;
    let rows: Vec<f32> = cells.iter().flat_map(|&i| embedding.row(i)).copied().collect();
    Ok(umap(&rows, embedding.n_cols(), &UmapParams { seed, ..Default::default() })?)
}

/// `obsm["X_umap"]`, if `uns["umap"]` says that it is of the model's embedding as it is now.
fn known_layout<'a>(data: &'a AnnData, model: &str) -> Option<&'a DenseMatrix> {
    let params = data.uns.get("umap")?.get("params")?;
    let known = data.obsm.get("X_umap").filter(|layout| layout.n_cols() == 2)?;
    let name = format!("X_{model}");
    let now = UnsValue::Int(data.obsm.get(&name)?.checksum().into());
    let same =
        *params.get("use_rep")? == UnsValue::Text(name) && *params.get("use_rep_checksum")? == now;
    same.then_some(known)
}

fn annotations(data: &AnnData, source: &Source, cells: &[usize]) -> Result<Vec<Annotation>> {
    let mut all = Vec::new();
    let named = [
        (Role::Truth, &source.truth, &TRUTHS[..]),
        (Role::Batch, &source.batch, &BATCH_COLUMNS[..]),
    ];
    for (role, given, usual) in named {
        let name = match given {
            Some(name) => Some(name.as_str()),
            None => usual.iter().copied().find(|name| data.obs.column(name).is_ok()),
        };
        let Some(name) = name else { continue };
        let labels = data.obs.column(name)?.labels();
        let labels: Vec<_> = cells.iter().map(|&i| labels[i].clone()).collect();
        let annotation = Annotation { name: name.into(), role, labels };
        let n = annotation.codes().1.len();
        // One label has no information, and very many labels are names, not groups.
        match given {
            Some(_) if n > MOST_LABELS => {
                let expected = format!("at most {MOST_LABELS} different labels");
                return Err(shape(format!("obs[{name:?}]"), expected, n));
            }
            Some(_) => all.push(annotation),
            None if (2..=MOST_LABELS).contains(&n) => all.push(annotation),
            None => {}
        }
    }
    Ok(all)
}

fn expression(data: &AnnData, layer: Option<&str>, cells: &[usize]) -> Result<Expression> {
    let counts = data.counts(layer)?;
    let x = match cells.len() == counts.n_obs() {
        true => counts.x().clone(),
        false => counts.x().select_rows(cells),
    };
    Expression::from_counts(x, counts.var_names().to_vec())
}
