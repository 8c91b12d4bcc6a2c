//! scSiameseClu: a Siamese graph model for single-cell clustering (METHODS 3; IJCAI 2025,
//! arXiv 2505.12626).
//!
//! Every cell is seen through its expression (a ZINB autoencoder) and through its neighbours in a
//! cell graph (a graph autoencoder), each in two augmented views. A fusion module joins both into
//! one embedding while it decorrelates cells and dimensions and works against over-smoothing; an
//! optimal-transport plan over label-free cluster sizes sharpens the clusters.
//!
//! Call [`ScSiameseClu::params`], set what differs from the defaults, then
//! [`fit`](ScSiameseCluParams::fit) on raw counts. No label is asked for at any point, memory is
//! linear in cells, and nothing n x n is ever formed.

mod cells;
mod check;
mod checkpoint;
mod clusters;
mod finish;
mod losses;
mod model;
mod network;
mod params;
mod partition;
mod projection;
mod reference;
mod schedule;
mod spaces;
mod train;

use crate::NClusters;
pub use model::ScSiameseCluModel;
pub use params::{ScSiameseCluParams, ScSiameseCluValidParams};

/// The method; start with [`ScSiameseClu::params`].
#[derive(Debug, Clone, Copy)]
pub struct ScSiameseClu;

impl ScSiameseClu {
    /// Default parameters for a number of clusters, or for [`NClusters::Auto`].
    pub fn params(n_clusters: impl Into<NClusters>) -> ScSiameseCluParams {
        ScSiameseCluParams { n_clusters: n_clusters.into(), ..ScSiameseCluParams::default() }
    }
}
