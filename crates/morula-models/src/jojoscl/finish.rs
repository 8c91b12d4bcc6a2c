//! From a trained network to a model: clean statistics, final clustering, shrinkage report.

use burn::module::Module;
use burn::tensor::{Int, Tensor};
use morula_core::ops;
use morula_core::shrinkage::{Memberships, SureInput, SureShrinkageConfig, Variance};
use morula_preprocess::{Prepared, Recipe};

use super::JojoSclModel;
use super::train::{EVAL_BATCH, Training};
use crate::assignment::{Assigned, Assignment, Wanted};
use crate::correction::Correction;
use crate::rng::{Purpose, stream};
use crate::{Matrix, Result, read};

/// Clusters the clean embedding and assembles the model.
pub(super) fn finish(
    training: Training<'_>,
    recipe: Recipe,
    prepared: Prepared,
) -> Result<JojoSclModel> {
    let trainer = training.trainer;
    let params = trainer.params;
    let (encoder, h) = trainer.embed(&training.network.encoder);
    let batches = prepared.batches.as_deref();
    let (correction, h) = Correction::fit_embedding(h, batches)?;
    let wanted = Wanted {
        head: params.head,
        n_clusters: params.n_clusters,
        n_init: params.n_init,
        seed: params.seed,
    };
    let Assigned { assignment, proba, granularity } =
        Assignment::fit(&h, wanted, &trainer.expression)?;
    let labels = ops::indices(&proba.argmax(), &h.device());
    let n_clusters = assignment.n_clusters();
    let corrected = |h| correction.apply_embedding(h, batches);
    let shrinkage = shrinkage(&training, corrected, labels.clone(), n_clusters)?;
    let centres = centres(&h, labels, n_clusters);
    let centres = Matrix::read(centres, "the centres of the clusters")?;
    let mut model = JojoSclModel {
        params: params.clone(),
        recipe,
        encoder,
        correction,
        assignment,
        granularity,
        centres,
        shrinkage,
        history: training.history,
        fitted: None,
    };
    model.fitted = Some(model.describe(h, proba, prepared.kept_cells, prepared.report)?);
    Ok(model)
}

/// How much each cluster is shrunk towards its centre: b from SURE, with the noise variance of
/// the embedding measured between two augmented views of every cell.
fn shrinkage(
    training: &Training<'_>,
    corrected: impl Fn(Tensor<2>) -> Result<Tensor<2>>,
    labels: Tensor<1, Int>,
    n_clusters: usize,
) -> Result<Vec<f32>> {
    let trainer = training.trainer;
    let params = trainer.params;
    let encoder = training.network.encoder.clone().no_grad();
    let mut views: [Vec<Tensor<2>>; 2] = Default::default();
    for (i, x) in trainer.x.clone().split(EVAL_BATCH, 0).into_iter().enumerate() {
        // Streams of training end below this index: epochs x batches stay far under 2^48.
        let mut rng = stream(params.seed, Purpose::Views, (1 << 48) + i);
        for all in &mut views {
            all.push(encoder.forward(trainer.losses.view(x.clone(), &mut rng)).inner());
        }
    }
    let [a, b] = views.map(|parts| corrected(Tensor::cat(parts, 0)));
    let (a, b) = (a?, b?);
    let members = Memberships::hard(labels, n_clusters);
    let input = SureInput::new(a, members);
    let input = match params.variance {
        Variance::Replicates => input.with_replicate(b),
        Variance::CentroidClt => input,
    };
    let sure = SureShrinkageConfig::new().with_variance(params.variance).init()?;
    read(sure.forward(input)?.b, "the shrinkage of the clusters")
}

/// Mean embedding of every cluster, the origin for an empty one: `[K, d]`.
fn centres(h: &Tensor<2>, labels: Tensor<1, Int>, n_clusters: usize) -> Tensor<2> {
    let member = ops::one_hot(labels, n_clusters);
    let size = member.clone().sum_dim(0).transpose().clamp_min(1.0);
    member.transpose().matmul(h.clone()) / size
}

/// Draws embeddings to their cluster's centre: `theta_hat_i = (1 - b_k) h_i + b_k mu_k`.
///
/// # Shapes
/// - h: `[n, d]`; centers: `[K, d]`; labels: `[n]`; output: `[n, d]`
pub(super) fn shrink(
    h: Tensor<2>,
    centers: Tensor<2>,
    labels: Tensor<1, Int>,
    b: &[f32],
) -> Tensor<2> {
    let n = labels.dims()[0];
    let b = Tensor::<1>::from_floats(b, &h.device()).select(0, labels.clone()).reshape([n, 1]);
    let mu = ops::one_hot(labels, centers.dims()[0]).matmul(centers);
    h.clone() + (mu - h) * b
}
