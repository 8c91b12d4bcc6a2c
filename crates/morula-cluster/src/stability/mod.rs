//! Stability of clusters: how often other partitions contain them.

mod agreement;
mod ensemble;
mod jaccard;
mod profile;

pub(crate) use agreement::agreement;
pub(crate) use ensemble::Ensemble;
pub(crate) use jaccard::JaccardStability;
pub use profile::{Level, ResolutionProfile};
