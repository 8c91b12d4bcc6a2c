//! JojoSCL: shrinkage contrastive learning for single-cell clustering (METHODS 2; BIBM 2024).
//!
//! Two augmented views of every cell are drawn together in an embedding (instance contrast),
//! soft clusters are made to agree between the views and kept balanced (cluster contrast), and
//! cells are drawn towards their cluster's centre as far as Stein's unbiased risk estimate says
//! that lowers the error of the embedding (shrinkage).
//!
//! Call [`JojoScl::params`], set what differs from the defaults, then
//! [`fit`](JojoSclParams::fit) on raw counts. No label is asked for at any point.

mod checkpoint;
mod finish;
mod model;
mod network;
mod params;
mod positives;
mod train;

use crate::NClusters;
pub use model::JojoSclModel;
pub use params::{Embedding, JojoSclParams, JojoSclValidParams};

/// The method; start with [`JojoScl::params`].
#[derive(Debug, Clone, Copy)]
pub struct JojoScl;

impl JojoScl {
    /// Default parameters for a number of clusters, or for [`NClusters::Auto`].
    pub fn params(n_clusters: impl Into<NClusters>) -> JojoSclParams {
        JojoSclParams { n_clusters: n_clusters.into(), ..JojoSclParams::default() }
    }
}
