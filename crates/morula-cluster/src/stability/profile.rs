//! Communities around the chosen resolution.

use serde::{Deserialize, Serialize};

/// The chosen resolution, and the communities at resolutions around it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ResolutionProfile {
    /// Noise of the graph, 0 to 1: the median over pairs of communities of the weight between them
    /// as a share of the weight expected by chance.
    pub background: f64,
    /// The resolution that follows from the noise.
    pub resolution: f64,
    /// Communities in the most stable cut.
    pub n_stable: usize,
    /// Clusters: those communities, some of them split into parts.
    pub n_found: usize,
    /// Resolutions around it, rising.
    #[serde(rename = "around")]
    pub levels: Vec<Level>,
}

/// Communities at one resolution.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Level {
    /// The resolution.
    pub resolution: f64,
    /// Communities found.
    pub n_clusters: usize,
    /// Agreement (adjusted Rand index: 1 the same, 0 by chance) with those of four fifths of the
    /// edges.
    pub stability: f64,
    /// Agreement with the communities at the resolution chosen.
    pub agreement: f64,
}
