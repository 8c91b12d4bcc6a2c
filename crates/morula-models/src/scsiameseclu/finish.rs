//! From trained networks to a model.

use burn::module::Module;
use morula_preprocess::{Prepared, Recipe};

use super::projection::Projection;
use super::reference::Reference;
use super::train::Training;
use super::{ScSiameseCluModel, clusters};
use crate::assignment::{Assignment, Wanted};
use crate::{Head, Matrix, Result};

/// Assembles the model. Cells belong to the communities among them; with another head, to the
/// clusters that the main stage has trained, or without it to those that the head cuts.
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
    let (assignment, proba, granularity) = if trained && params.head != Head::Communities {
        network.assignment = clusters::by_size(network.assignment, &z)?;
        let proba = network.assignment.forward(z.clone());
        (None, Matrix::read(proba, "the probabilities")?, None)
    } else {
        let wanted = Wanted {
            head: params.head,
            n_clusters: params.n_clusters,
            n_init: params.n_init,
            seed: params.seed,
        };
        let found = Assignment::fit(&z, wanted, &trainer.expression)?;
        (Some(found.assignment), found.proba, found.granularity)
    };
    let x = Matrix::read(trainer.cells.x.clone(), "the principal components")?;
    let mut model = ScSiameseCluModel {
        params: params.clone(),
        recipe,
        projection,
        reference: Reference {
            x,
            spaces: trainer.cells.spaces.clone(),
            graph: trainer.cells.graph.clone(),
            kept: training.kept,
        },
        network,
        assignment,
        granularity,
        history: training.history,
        fitted: None,
    };
    model.fitted = Some(model.describe(z, proba, prepared.kept_cells, prepared.report)?);
    Ok(model)
}
