//! Hierarchical clustering.

mod average_linkage;
mod ward;

pub use average_linkage::average_linkage;
pub use ward::ward;
