//! scSiameseClu: a Siamese graph model for single-cell clustering (IJCAI 2025, arXiv 2505.12626;
//! section 3 of its [page]).
//!
//! Every cell is encoded twice: from its expression (a ZINB autoencoder) and from its neighbours in
//! a cell graph (a graph autoencoder), each in two augmented views. A fusion module joins both into
//! one embedding; it decorrelates cells and dimensions and counters over-smoothing. An
//! optimal-transport plan over label-free cluster sizes sharpens the clusters.
//!
//! Call [`ScSiameseClu::params`], set what differs from the defaults, then
//! [`fit`](ScSiameseCluParams::fit) on raw counts. No function takes a label. Memory is linear in
//! the number of cells: no n x n matrix is formed.
//!
//! [page]: https://github.com/morula-bio/morula/blob/main/docs/models/scsiameseclu.md#3

mod cells;
mod centroids;
mod check;
mod checkpoint;
mod finish;
mod fit;
mod losses;
mod model;
mod network;
mod params;
mod partition;
mod projection;
mod reference;
mod schedule;
mod spaces;
mod state;
mod trainer;

use crate::model_kind::{Ablation, ModelKind};
use crate::{Checked, NClusters};
pub use model::ScSiameseCluModel;
pub use params::ScSiameseCluParams;

const NAME: &str = "scsiameseclu";

/// Its entry in the [registry](crate::MODELS).
pub(crate) const KIND: ModelKind = ModelKind::of::<ScSiameseCluParams>(
    "scSiameseClu",
    "A Siamese graph model with a ZINB decoder; it also denoises",
)
.with(true, true)
.with_ablations(ABLATIONS);

const ABLATIONS: &[Ablation] = &[
    Ablation { name: "without fusion", toml: "fusion = false" },
    Ablation { name: "without ZINB", toml: "zinb_weight = 0" },
    Ablation {
        name: "without reconstruction",
        toml: "expression_weight = 0\nsignal_weight = 0\nstructure_weight = 0",
    },
    Ablation { name: "components of z-scores", toml: "input_views = false" },
    Ablation { name: "with main stage", toml: "epochs = 10" },
    Ablation { name: "with main stage, no transport", toml: "epochs = 10\ntransport_weight = 0" },
    Ablation {
        name: "with main stage and cell refinement",
        toml: "epochs = 10\ncell_weight = 0.1\ngraph_cell_weight = 5",
    },
    Ablation {
        name: "without training",
        toml: "autoencoder_epochs = 0\ngraph_epochs = 0\njoint_epochs = 0",
    },
    Ablation { name: "components as they are", toml: "cosine = false" },
    Ablation { name: "graph of z-scores alone", toml: "graph_views = false" },
    Ablation { name: "K-means head", toml: "head = \"kmeans\"" },
];

/// Parameters that passed [`ScSiameseCluParams::check`].
pub type ScSiameseCluValidParams = Checked<ScSiameseCluParams>;

model_params!(ScSiameseCluParams, ScSiameseCluModel, fit::fit);

/// scSiameseClu; start with [`ScSiameseClu::params`].
#[derive(Debug, Clone, Copy)]
pub struct ScSiameseClu;

impl ScSiameseClu {
    /// Default parameters for a number of clusters, or for [`NClusters::Auto`].
    pub fn params(n_clusters: impl Into<NClusters>) -> ScSiameseCluParams {
        ScSiameseCluParams { n_clusters: n_clusters.into(), ..ScSiameseCluParams::default() }
    }
}
