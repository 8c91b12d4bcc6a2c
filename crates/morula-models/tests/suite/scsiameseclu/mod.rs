//! scSiameseClu from counts to clusters, on simulated data.

mod clusters;
mod degenerate;
mod fitted;
mod training;

use morula_models::{
    ClusterModel, EpochRecord, ScSiameseClu, ScSiameseCluModel, ScSiameseCluParams,
};
use morula_preprocess::RecipeParams;

/// Small and fast: two epochs of every stage.
fn params(n_clusters: usize) -> ScSiameseCluParams {
    let recipe = RecipeParams { n_top_genes: 150, ..RecipeParams::default() };
    ScSiameseClu::params(n_clusters)
        .autoencoder_epochs(2)
        .graph_epochs(2)
        .joint_epochs(2)
        .epochs(2)
        .components(15)
        .widths(vec![24, 32])
        .graph_widths(vec![24])
        .latent(6)
        .cell_weight(0.1)
        .graph_cell_weight(5.0)
        .recipe(recipe)
}

fn labels(model: &ScSiameseCluModel) -> Vec<usize> {
    model.fitted().unwrap().labels.clone()
}

fn finite(model: &ScSiameseCluModel) -> bool {
    let fitted = model.fitted().unwrap();
    let values = fitted.latent.values().iter().chain(fitted.proba.values());
    values.copied().all(f32::is_finite) && model.history().iter().all(|r| r.total.is_finite())
}

fn term_names(record: &EpochRecord) -> Vec<&str> {
    record.terms.iter().map(|t| t.0.as_str()).collect()
}
