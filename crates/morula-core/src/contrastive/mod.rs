//! Contrastive learning on two views of the same cells.

mod cluster;
mod heads;
mod instance;
mod momentum;

pub use cluster::{ClusterContrastiveLoss, ClusterContrastiveLossConfig, ClusterContrastiveOutput};
pub use heads::{ClusterHead, ClusterHeadConfig, ProjectionHead, ProjectionHeadConfig};
pub use instance::{InstanceContrastiveLoss, InstanceContrastiveLossConfig};
pub use momentum::momentum_update;
