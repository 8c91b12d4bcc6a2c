//! The results of a model as columns of the user's data.
//!
//! The data gains these parts, named after the model. The table shows them for JojoSCL;
//! scSiameseClu has `scsiameseclu` in place of `jojoscl`:
//!
//! | where | what |
//! | --- | --- |
//! | `obs["jojoscl"]` | cluster of every cell, categorical: `"0"`, `"1"`, ... |
//! | `obs["jojoscl_confidence"]` | probability of that cluster, from 1 / K to 1 |
//! | `obsm["X_jojoscl"]` | embedding, cells x dimensions |
//! | `obsm["jojoscl_proba"]` | probability of every cluster, cells x K |
//! | `uns["jojoscl"]` | parameters, seed, device, version; losses, learning rate and stage per epoch; values per cluster (JojoSCL: shrinkage `b`); `tree`: the levels of clusters and how they join; `batches` that were corrected |
//! | `obs["jojoscl_coarse"]`, `obs["jojoscl_fine"]` | the levels beside the clusters: `"0+4"` holds two clusters, `"3.1"` is a part of cluster 3 |
//!
//! Every cell of the input has a row. A cell that preprocessing left out has a missing cluster
//! and NaN everywhere else.
//!
//! On request ([`Denoised`]), from a model with denoised counts (scSiameseClu):
//!
//! | where | what |
//! | --- | --- |
//! | `layers["denoised"]` | denoised counts, sparse, with an entry per cell and modelled gene |
//! | `var["scsiameseclu_modelled"]` | whether the gene is modelled; the layer has no entries for other genes |
//!
//! The row of a cell that preprocessing left out is empty.
//!
//! With [`evidence_additions`], the evidence for every split as `uns["jojoscl_evidence"]`;
//! with [`umap_additions`], a layout in two dimensions as `obsm["X_umap"]`.
//!
//! [`Subclusters`] divides clusters further; it leaves the results above as they are.

mod denoised;
pub mod subcluster;
mod tree;

pub use denoised::Denoised;
pub use subcluster::{EvidenceFrom, SubclusterError, SubclusterParams, Subclustered, Subclusters};
pub use tree::{cut, evidence_additions, fitted_evidence, refitted_evidence};

use morula_data::{Additions, Categorical, Column, DataError, DenseMatrix, UnsValue};
use morula_models::{ClusterModel, Description, EpochRecord, Prediction};
use morula_preprocess::UmapParams;
use serde_json::Value;

/// The additions of `prediction`, made by `model`, to data of `n_obs` cells; see the [module](self)
/// for the parts. `device` is the name of the device of the prediction.
///
/// # Errors
/// [`DataError::Shape`] when the prediction belongs to other data: more cells, or a cell beyond
/// `n_obs`.
pub fn additions(
    model: &dyn ClusterModel,
    prediction: &Prediction,
    n_obs: usize,
    device: &str,
) -> Result<Additions, DataError> {
    confident_additions(model, prediction, n_obs, device, 0.0)
}

/// [`additions`] in which the clusters and levels of cells with a confidence below `min_confidence` are
/// missing.
///
/// # Errors
/// As [`additions`].
pub fn confident_additions(
    model: &dyn ClusterModel,
    prediction: &Prediction,
    n_obs: usize,
    device: &str,
    min_confidence: f32,
) -> Result<Additions, DataError> {
    let name = model.name();
    let kept = &prediction.kept_cells;
    if let Some(beyond) = kept.iter().find(|&&i| i >= n_obs) {
        return Err(shape(format!("cell {beyond}"), format!("{n_obs} cells")));
    }
    for rows in [prediction.labels.len(), prediction.latent.n_rows(), prediction.proba.n_rows()] {
        if rows != kept.len() {
            return Err(shape(format!("{rows} rows"), format!("{} cells kept", kept.len())));
        }
    }
    let mut codes = vec![-1; n_obs];
    let mut confidence = vec![f64::NAN; n_obs];
    for ((&i, &k), p) in kept.iter().zip(&prediction.labels).zip(prediction.confidence()) {
        codes[i] = if p < min_confidence { -1 } else { k as i32 };
        confidence[i] = p.into();
    }
    let categories = (0..model.n_clusters()).map(|k| k.to_string()).collect();
    let clusters = Categorical::new(codes, categories, false)?;
    Ok(tree::levels(name, model.tree(), prediction, n_obs, min_confidence)?
        .obs(name, Column::Categorical(clusters))
        .obs(format!("{name}_confidence"), Column::Float(confidence))
        .obsm(format!("X_{name}"), spread(&prediction.latent, kept, n_obs)?)
        .obsm(format!("{name}_proba"), spread(&prediction.proba, kept, n_obs)?)
        .uns(name, describe(model, device)))
}

/// Adds the layout of a prediction's embedding by [`umap`](morula_preprocess::umap), as scanpy
/// stores it: `obsm["X_umap"]`, NaN for cells left out, and `uns["umap"]`, whose parameters include the
/// name of the embedding (`use_rep`) and its [checksum](DenseMatrix::checksum) (`use_rep_checksum`).
///
/// # Errors
/// [`DataError::Shape`] when the layout belongs to other cells.
pub fn umap_additions(
    additions: Additions,
    model: &str,
    prediction: &Prediction,
    n_obs: usize,
    layout: &[f32],
    params: &UmapParams,
) -> Result<Additions, DataError> {
    let kept = &prediction.kept_cells;
    let beyond = kept.iter().any(|&i| i >= n_obs);
    if beyond || layout.len() != 2 * kept.len() {
        let found = format!("coordinates of {} cells", layout.len() / 2);
        return Err(shape(found, format!("{} cells kept of {n_obs}", kept.len())));
    }
    let mut values = vec![f32::NAN; 2 * n_obs];
    for (&i, place) in kept.iter().zip(layout.chunks_exact(2)) {
        values[2 * i..2 * i + 2].copy_from_slice(place);
    }
    let made = UnsValue::from(&serde_json::to_value(params).unwrap_or_default());
    let made = made.with("use_rep", format!("X_{model}"));
    // A later run may replace the embedding and keep the layout.
    let made = made.with("use_rep_checksum", i64::from(prediction.latent.checksum()));
    let made = UnsValue::map().with("params", made);
    Ok(additions.obsm("X_umap", DenseMatrix::new(n_obs, 2, values)?).uns("umap", made))
}

/// Places the rows of the kept cells among all cells; NaN for the others.
fn spread(matrix: &DenseMatrix, kept: &[usize], n_obs: usize) -> Result<DenseMatrix, DataError> {
    let d = matrix.n_cols();
    let mut values = vec![f32::NAN; n_obs * d];
    for (row, &i) in kept.iter().enumerate() {
        values[i * d..(i + 1) * d].copy_from_slice(matrix.row(row));
    }
    DenseMatrix::new(n_obs, d, values)
}

fn describe(model: &dyn ClusterModel, device: &str) -> UnsValue {
    let Description { parameters, seed, per_cluster } = model.describe();
    let about = UnsValue::map()
        .with("params", &parameters)
        .with("seed", &Value::from(seed))
        .with("device", device)
        .with("version", env!("CARGO_PKG_VERSION"))
        .with("losses", losses(model.history()));
    let about = match model.batches() {
        [] => about,
        batches => about.with("batches", batches.to_vec()),
    };
    let about = match model.tree() {
        Some(tree) => about.with("tree", tree.to_uns()),
        None => about,
    };
    per_cluster.into_iter().fold(about, |about, (name, values)| about.with(name, values))
}

/// One list per quantity, with a value per epoch. A term that starts late is NaN before.
fn losses(history: &[EpochRecord]) -> UnsValue {
    let list = |of: &dyn Fn(&EpochRecord) -> f64| history.iter().map(of).collect::<Vec<f64>>();
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in history.iter().flat_map(|record| &record.terms) {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    let epochs: Vec<i64> = history.iter().map(|record| record.epoch as i64).collect();
    let stages: Vec<String> = history.iter().map(|record| record.stage.clone()).collect();
    let all = UnsValue::map()
        .with("epoch", epochs)
        .with("stage", stages)
        .with("learning_rate", list(&|record| record.learning_rate))
        .with("total", list(&|record| record.total.into()));
    names.into_iter().fold(all, |all, name| {
        let term = |record: &EpochRecord| {
            let found = record.terms.iter().find(|term| term.0 == name);
            found.map_or(f64::NAN, |term| term.1.into())
        };
        all.with(name, list(&term))
    })
}

fn shape(found: String, expected: String) -> DataError {
    DataError::Shape { what: "the prediction".into(), found, expected }
}
