//! From trained networks to a model.

use burn::module::Module;
use morula_preprocess::{Prepared, Recipe};

use super::projection::Projection;
use super::reference::Reference;
use super::train::Training;
use super::{ScSiameseCluModel, clusters};
use crate::posterior::Posterior;
use crate::rng::{Purpose, stream};
use crate::{Matrix, Result};

/// Assembles the model. Cells belong to the clusters that the main stage has trained; without it
/// the head cuts the embedding into clusters.
pub(super) fn finish(
    training: Training<'_>,
    recipe: Recipe,
    projection: Projection,
    prepared: Prepared,
) -> Result<ScSiameseCluModel> {
    let trainer = training.trainer;
    let params = trainer.params;
    let z = training.embed()?;
    let mut network = training.network.valid();
    let trained = training.plan.is_some() && params.transport_weight > 0.0;
    let posterior = match trained {
        true => {
            network.assignment = clusters::by_size(network.assignment, &z)?;
            None
        }
        false => {
            let rng = &mut stream(params.seed, Purpose::KMeans, 0);
            let clustering = params.head.fit(&z, params.n_clusters, params.n_init, rng)?;
            Some(Posterior::fit(&z, clustering, params.n_clusters)?)
        }
    };
    let x = Matrix::read(trainer.cells.x.clone(), "the principal components")?;
    let mut model = ScSiameseCluModel {
        params: params.clone(),
        recipe,
        projection,
        reference: Reference { x, graph: trainer.cells.graph.clone(), kept: training.kept },
        network,
        posterior,
        history: training.history,
        fitted: None,
    };
    model.fitted = Some(model.describe(z, prepared.kept_cells, prepared.report)?);
    Ok(model)
}
