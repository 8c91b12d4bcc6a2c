//! Clusters within clusters: a model is fitted to the cells of one cluster, with its own variable genes.
//!
//! | where | what |
//! | --- | --- |
//! | `obs["<key>"]` | the clusters, with `3.1`, `3.2`, ... in place of `3`; all other cells keep their labels |
//! | `obs["<key>_confidence"]` | confidence in that cluster: that in `3` times that in `3.1`, among the parts of 3 |
//! | `uns["<key>"]` | `groupby`, the column that was divided; `fits`: for each divided cluster its name (`of`), the names and sizes of its parts, the model, and what `uns["<model>"]` has of a fit |
//! | `uns["<key>_evidence"]` | the evidence for every split of these fits, with the divided cluster as `of` |

mod clusters;
mod error;
mod fit;
mod fit_of;
mod names;
mod parts;
mod source;
mod uns;

use morula_models::{AnyParams, ModelKind, NamedDevice};

pub use self::clusters::Subclusters;
pub use self::error::SubclusterError;
pub use self::fit_of::fit_of;
pub use self::source::key_of;

/// What evidence for the splits is computed from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EvidenceFrom {
    /// There is none.
    None,
    /// Clusters found anew in the views of expression ([`fitted_evidence`](super::fitted_evidence)).
    #[default]
    Views,
    /// Clusters found anew by the whole model ([`refitted_evidence`](super::refitted_evidence)).
    Full,
}

/// How clusters are divided.
pub struct SubclusterParams {
    /// The model.
    pub kind: ModelKind,
    /// Its parameters.
    pub params: Box<dyn AnyParams>,
    /// The device.
    pub device: NamedDevice,
    /// What the evidence is computed from.
    pub evidence: EvidenceFrom,
}

/// What was found within a cluster.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Subclustered {
    /// The name of the cluster.
    pub of: String,
    /// The names of its parts; that of the cluster where it is one.
    pub names: Vec<String>,
    /// Number of cells of each part.
    pub sizes: Vec<usize>,
    /// Cells of the cluster that preprocessing left out. They keep the name of the cluster.
    pub n_left_out: usize,
    /// Whether batches were ignored, because there are too few cells of each or a single one.
    pub without_batches: bool,
    /// Mean confidence of the cells among the parts.
    pub mean_confidence: f64,
    /// Number of parts that are supported by the evidence, and of splits between the parts.
    pub supported: Option<(usize, usize)>,
    /// The reason if evidence was asked for and there is none.
    pub no_evidence: Option<String>,
}
