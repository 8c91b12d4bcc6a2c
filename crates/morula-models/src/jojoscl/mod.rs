//! JojoSCL: shrinkage contrastive learning for single-cell clustering (BIBM 2024; section 2 of its
//! [page]).
//!
//! Instance contrast draws two augmented views of every cell together in an embedding. Cluster
//! contrast makes soft clusters agree between the views and keeps them balanced. Shrinkage draws
//! cells to the centre of their cluster, as far as Stein's unbiased risk estimate lowers the error
//! of the embedding.
//!
//! Call [`JojoScl::params`], set what differs from the defaults, then [`fit`](JojoSclParams::fit)
//! on raw counts. No function takes a label.
//!
//! [page]: https://github.com/morula-bio/morula/blob/main/docs/models/jojoscl.md#2

mod checkpoint;
mod encoder;
mod finish;
mod fit;
mod inputs;
mod losses;
mod model;
mod network;
mod params;
mod positives;
mod shrinkage;
mod state;
mod trainer;

use crate::model_kind::{Ablation, ModelKind};
use crate::{Checked, NClusters};
pub use encoder::JojoSclEncoder;
pub use inputs::Input;
pub use model::JojoSclModel;
pub use params::{Embedding, JojoSclParams};

const NAME: &str = "jojoscl";

/// Its entry in the [registry](crate::MODELS).
pub(crate) const KIND: ModelKind =
    ModelKind::of::<JojoSclParams>("JojoSCL", "Contrastive learning with shrinkage")
        .with_ablations(ABLATIONS);

const ABLATIONS: &[Ablation] = &[
    Ablation { name: "without instance contrast", toml: "instance_weight = 0" },
    Ablation { name: "without reconstruction", toml: "reconstruction_weight = 0" },
    Ablation { name: "without neighbours", toml: "neighbors = 0" },
    Ablation { name: "with shrinkage", toml: "shrinkage_weight = 1" },
    Ablation { name: "with cluster contrast", toml: "cluster_weight = 1" },
    Ablation { name: "with momentum", toml: "momentum = 0.5" },
    Ablation { name: "shrunk embedding", toml: "embedding = \"shrunk\"" },
    // A fit needs at least one epoch; at this learning rate the epoch changes nothing.
    Ablation { name: "without training", toml: "epochs = 1\nlearning_rate = 1e-12" },
    Ablation { name: "K-means head", toml: "head = \"kmeans\"" },
];

/// Parameters that passed [`JojoSclParams::check`].
pub type JojoSclValidParams = Checked<JojoSclParams>;

model_params!(JojoSclParams, JojoSclModel, fit::fit);

/// JojoSCL; start with [`JojoScl::params`].
#[derive(Debug, Clone, Copy)]
pub struct JojoScl;

impl JojoScl {
    /// Default parameters for a number of clusters, or for [`NClusters::Auto`].
    pub fn params(n_clusters: impl Into<NClusters>) -> JojoSclParams {
        JojoSclParams { n_clusters: n_clusters.into(), ..JojoSclParams::default() }
    }
}
