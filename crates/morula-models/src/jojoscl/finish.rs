//! From a trained network to a model. The embedding is read to the host once, and clustered there.

use morula_cluster::Classes;
use morula_cluster::representations::{BatchCorrection, CellFeatures};
use morula_preprocess::thinning::halves;
use morula_preprocess::{Prepared, Recipe};

use super::inputs::Inputs;
use super::shrinkage::{Shrinkage, noise};
use super::state::State;
use super::trainer::Trainer;
use super::{Embedding, JojoSclModel};
use crate::Result;
use crate::clustering::{Classified, Classifier, Wanted};
use crate::device::{read_matrix, upload};

/// Halves that training has not seen have seeds from here.
const FRESH: u64 = 1 << 40;

/// Clusters the clean embedding and builds the model.
pub(super) fn finish(
    trainer: &Trainer<'_>,
    state: State,
    recipe: Recipe,
    features: Option<CellFeatures>,
) -> Result<JojoSclModel> {
    let (params, prepared) = (trainer.params, trainer.prepared);
    let (encoder, on_device) = trainer.embed(&state.network.encoder);
    let device = on_device.device();
    let batches = prepared.batches.as_deref();
    let h = read_matrix(on_device, "the embedding")?;
    let (correction, h) = BatchCorrection::fit(h, batches)?;
    let half = |prepared: &Prepared| {
        let inputs = Inputs::new(params, features.as_ref(), prepared, &device)?;
        Result::Ok(correction.apply(inputs.embed(|x| encoder.forward(x))?, batches)?)
    };
    let [a, b] = halves(prepared, FRESH.wrapping_add(params.seed))?;
    let sigma2 = noise(&half(&a)?, &half(&b)?);

    let wanted = Wanted {
        method: params.cluster_method,
        n_clusters: params.n_clusters,
        n_init: params.n_init,
        seed: params.seed,
    };
    let classify = |h| Classifier::fit(h, wanted, &trainer.cells, &device);
    let shrinkage = |h, found: &Classified| {
        let (labels, k) = (found.proba.argmax(), found.classifier.n_clusters());
        Shrinkage::estimate(upload(h, &device), &labels, k, params.variance, sigma2)
    };
    let mut found = classify(&h)?;
    let (prior, latent) = match params.embedding {
        Embedding::Raw => (None, h.clone()),
        Embedding::Shrunk => {
            let prior = shrinkage(&h, &found)?;
            let shrunk = prior.apply(&h);
            found = classify(&shrunk)?;
            (Some(prior), shrunk)
        }
    };
    let b = shrinkage(&h, &found)?.b;
    let Classified { classifier, proba, tree, neighbors } = found;
    let (tree, leaves) = tree.unzip();
    let mut model = JojoSclModel {
        params: params.clone(),
        recipe,
        features,
        encoder,
        correction,
        classifier,
        tree,
        prior,
        shrinkage: b,
        history: state.history,
        fitted: None,
    };
    let (classes, kept) = (Classes { proba, leaves }, prepared.kept_cells.clone());
    let mut fitted = crate::Prediction::new(classes, latent, kept, prepared.report.clone());
    fitted.neighbors = neighbors;
    model.fitted = Some(fitted);
    Ok(model)
}
