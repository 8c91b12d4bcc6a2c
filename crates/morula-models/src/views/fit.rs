//! From raw counts to a model.

use morula_cluster::representations::JointViews;
use morula_cluster::{Classes, ClusterParams};
use morula_data::CountMatrix;

use super::{ViewsModel, ViewsParams};
use crate::training::Setup;
use crate::{Prediction, Result};

pub(super) fn fit(params: ViewsParams, counts: &CountMatrix) -> Result<ViewsModel> {
    let Setup { recipe, prepared, cells, .. } =
        Setup::new(&params.recipe, params.n_clusters, counts)?;
    let (joint, latent) =
        JointViews::fit(cells.scores(), params.components, params.smoothing_neighbors)?;
    let graph = cells.expression_graph()?;
    let (views, cells) = cells.into_parts()?;
    let found = ClusterParams::new(params.n_clusters).fit_graph(cells, &graph, params.seed)?;
    let classes = Classes { proba: found.proba, leaves: Some(found.leaves) };
    let fitted = Prediction::new(classes, latent, prepared.kept_cells, prepared.report);
    Ok(ViewsModel {
        params,
        recipe,
        views,
        joint,
        knn: found.classifier,
        tree: Some(found.tree),
        history: Vec::new(),
        fitted: Some(fitted),
    })
}
