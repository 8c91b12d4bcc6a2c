//! Views: clusters and an embedding without a network.
//!
//! Cells are compared in three views of their expression
//! ([`ExpressionViews`](morula_cluster::representations::ExpressionViews)): principal components of
//! z-scores, of log-normalised counts and of Pearson residuals. With batches, Harmony corrects each
//! view. The mean of their neighbour graphs is cut into clusters, as in the other models. The
//! embedding joins the views and averages every cell with its neighbours
//! ([`JointViews`](morula_cluster::representations::JointViews)).
//!
//! It is the baseline that a trained network has to beat, and the fastest way to clusters. Call
//! [`Views::params`], set what differs from the defaults, then [`fit`](ViewsParams::fit) on raw
//! counts. No function takes a label.

mod fit;
mod model;
mod params;

use crate::model_kind::{Ablation, ModelKind};
use crate::{Checked, NClusters};
pub use model::ViewsModel;
pub use params::ViewsParams;

const NAME: &str = "views";

/// Its entry in the [registry](crate::MODELS).
pub(crate) const KIND: ModelKind =
    ModelKind::of::<ViewsParams>("Views", "Three views of expression, without a network; fast")
        .untrained()
        .with_ablations(ABLATIONS);

const ABLATIONS: &[Ablation] =
    &[Ablation { name: "without smoothing", toml: "smoothing_neighbors = 0" }];

/// Parameters that passed [`ViewsParams::check`].
pub type ViewsValidParams = Checked<ViewsParams>;

/// Views; start with [`Views::params`].
#[derive(Debug, Clone, Copy)]
pub struct Views;

impl Views {
    /// Default parameters for a number of clusters, or for [`NClusters::Auto`].
    pub fn params(n_clusters: impl Into<NClusters>) -> ViewsParams {
        ViewsParams { n_clusters: n_clusters.into(), ..ViewsParams::default() }
    }
}
