//! From a trained network to a model. The embedding is read to the host once; the clustering, the
//! classifier and the centres are host code.

use morula_cluster::representations::BatchCorrection;
use morula_preprocess::{Prepared, Recipe};

use super::JojoSclModel;
use super::shrinkage::{centres, estimate};
use super::state::State;
use super::trainer::Trainer;
use crate::Result;
use crate::clustering::{Classified, Classifier, Wanted};
use crate::device::read_matrix;

/// Clusters the clean embedding and assembles the model.
pub(super) fn finish(
    trainer: &Trainer<'_>,
    state: State,
    recipe: Recipe,
    prepared: Prepared,
) -> Result<JojoSclModel> {
    let params = trainer.params;
    let (encoder, h) = trainer.embed(&state.network.encoder);
    let device = h.device();
    let batches = prepared.batches.as_deref();
    let (correction, h) = BatchCorrection::fit(read_matrix(h, "the embedding")?, batches)?;
    let wanted = Wanted {
        method: params.cluster_method,
        n_clusters: params.n_clusters,
        n_init: params.n_init,
        seed: params.seed,
    };
    let Classified { classifier, proba, profile, neighbors } =
        Classifier::fit(&h, wanted, &trainer.cells, &device)?;
    let labels = proba.argmax();
    let n_clusters = classifier.n_clusters();
    let shrinkage = estimate(trainer, &state, &correction, batches, (&labels, n_clusters))?;
    let mut model = JojoSclModel {
        params: params.clone(),
        recipe,
        encoder,
        correction,
        classifier,
        profile,
        centres: centres(&h, &labels, n_clusters),
        shrinkage,
        history: state.history,
        fitted: None,
    };
    let mut fitted = model.prediction(h, proba, prepared.kept_cells, prepared.report);
    fitted.neighbors = neighbors;
    model.fitted = Some(fitted);
    Ok(model)
}
