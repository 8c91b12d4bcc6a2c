//! From trained networks to a model. The embedding is read to the host once.

use burn::module::Module;
use morula_cluster::{Classes, ClusterError};
use morula_preprocess::{Prepared, Recipe};

use super::projection::Projection;
use super::reference::Reference;
use super::state::State;
use super::trainer::Trainer;
use super::{ScSiameseCluModel, centroids};
use crate::clustering::{Classified, Classifier, Wanted};
use crate::device::read_matrix;
use crate::{ClusterMethod, Prediction, Result};

/// Builds the model. Its clusters are communities; with another cluster method, they are those of
/// the trained main stage, or of the method itself if no main stage was trained.
pub(super) fn finish(
    trainer: &Trainer<'_>,
    state: State,
    recipe: Recipe,
    projection: Projection,
    prepared: Prepared,
) -> Result<ScSiameseCluModel> {
    let params = trainer.params;
    let z = trainer.embed(&state)?;
    let latent = read_matrix(z.clone(), "the embedding")?;
    let mut network = state.network.valid();
    let trained = state.plan.is_some() && params.transport_weight > 0.0;
    let (classifier, proba, tree, neighbors) =
        if trained && params.cluster_method != ClusterMethod::Communities {
            let (assignment, proba) = centroids::settle(network.assignment, &z)?;
            network.assignment = assignment;
            // Another number would train another embedding, so this one is the most known.
            let n_possible = proba.n_cols();
            if let Some(n_asked) = params.n_clusters.given().filter(|&k| k > n_possible) {
                return Err(ClusterError::TooManyClusters { n_asked, n_possible }.into());
            }
            (None, proba, None, None)
        } else {
            let wanted = Wanted {
                method: params.cluster_method,
                n_clusters: params.n_clusters,
                n_init: params.n_init,
                seed: params.seed,
            };
            let Classified { classifier, proba, tree, neighbors } =
                Classifier::fit(&latent, wanted, &trainer.expression, &z.device())?;
            (Some(classifier), proba, tree, neighbors)
        };
    let x = read_matrix(trainer.cells.x.clone(), "the principal components")?;
    let (tree, leaves) = tree.unzip();
    let classes = Classes { proba, leaves };
    let mut fitted = Prediction::new(classes, latent, prepared.kept_cells, prepared.report);
    fitted.neighbors = neighbors;
    Ok(ScSiameseCluModel {
        params: params.clone(),
        recipe,
        projection,
        reference: Reference {
            x,
            spaces: trainer.cells.spaces.clone(),
            graph: trainer.cells.graph.clone(),
            kept: state.kept,
        },
        network,
        classifier,
        tree,
        history: state.history,
        fitted: Some(fitted),
    })
}
