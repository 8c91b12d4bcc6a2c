//! From a trained network to a model. The embedding is read to the host once, and clustered there.

use morula_cluster::Classes;
use morula_cluster::representations::BatchCorrection;
use morula_preprocess::Recipe;

use super::JojoSclModel;
use super::shrinkage::{Shrinkage, estimate};
use super::state::State;
use super::trainer::Trainer;
use crate::Result;
use crate::clustering::{Classified, Classifier, Wanted};
use crate::device::{read_matrix, upload};

/// Clusters the clean embedding and builds the model.
pub(super) fn finish(trainer: &Trainer<'_>, state: State, recipe: Recipe) -> Result<JojoSclModel> {
    let (params, prepared) = (trainer.params, trainer.inputs.cells);
    let (encoder, on_device) = trainer.embed(&state.network.encoder);
    let device = on_device.device();
    let batches = prepared.batches.as_deref();
    let h = read_matrix(on_device.clone(), "the embedding")?;
    let (correction, h) = BatchCorrection::fit(h, batches)?;
    let wanted = Wanted {
        method: params.cluster_method,
        n_clusters: params.n_clusters,
        n_init: params.n_init,
        seed: params.seed,
    };
    let Classified { classifier, proba, tree, neighbors } =
        Classifier::fit(&h, wanted, &trainer.cells, &device)?;
    let labels = proba.argmax();
    let (tree, leaves) = tree.unzip();
    // Batch correction changes the embedding, so the corrected one is uploaded.
    let on_device = if batches.is_some() { upload(&h, &device) } else { on_device };
    let cells = (on_device, labels.as_slice(), classifier.n_clusters());
    let Shrinkage { b, centres } = estimate(trainer, &state, &correction, batches, cells)?;
    let mut model = JojoSclModel {
        params: params.clone(),
        recipe,
        encoder,
        correction,
        classifier,
        tree,
        centres,
        shrinkage: b,
        history: state.history,
        fitted: None,
    };
    let (classes, kept) = (Classes { proba, leaves }, prepared.kept_cells.clone());
    let mut fitted = model.prediction(h, classes, kept, prepared.report.clone());
    fitted.neighbors = neighbors;
    model.fitted = Some(fitted);
    Ok(model)
}
