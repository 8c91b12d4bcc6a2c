//! The resolution profile: communities at resolutions around the chosen one.

use serde::{Deserialize, Serialize};

/// The chosen resolution, and the communities at resolutions around it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ResolutionProfile {
    /// Noise of the graph, 0 to 1: the median over pairs of communities of the weight between them
    /// as a share of the weight expected by chance.
    pub background: f64,
    /// The chosen resolution, which follows from the noise.
    pub resolution: f64,
    /// Number of communities in the most stable cut.
    pub n_stable: usize,
    /// Number of clusters: those communities, some of them split into parts.
    pub n_found: usize,
    /// Levels at rising resolutions around the chosen one.
    #[serde(rename = "around")]
    pub levels: Vec<Level>,
}

/// Communities at one resolution.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Level {
    /// The resolution.
    pub resolution: f64,
    /// Number of communities.
    pub n_clusters: usize,
    /// Agreement with the communities of the graph with four fifths of the edges (adjusted Rand
    /// index: 1 the same, 0 by chance).
    pub stability: f64,
    /// Agreement with the communities at the chosen resolution.
    pub agreement: f64,
}
