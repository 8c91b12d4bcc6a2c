//! Detects communities; their stability is computed on request.

use morula_data::CsrMatrix;

use super::consensus::consensus;
use super::merge_tree::MergeTree;
use super::split::split;
use super::subcluster::subcluster;
use crate::error::require;
use crate::graph::AggregateGraph;
use crate::labels::{by_size, count};
use crate::leiden::{LeidenParams, Partitioner};
use crate::stability::{Ensemble, JaccardStability, ResolutionProfile};
use crate::{NClusters, Result};

/// Resolution for a graph of [`CELLS`] vertices without noise.
const RESOLUTION: f64 = 0.3;
const CELLS: f64 = 2000.0;

/// The resolution falls with this power of the number of cells.
const FALL: f64 = 0.1;

/// Resolution at which a cluster is clustered again by itself, as a share of the one without noise.
const WITHIN: f64 = 0.2;

/// Weight of the background in the resolution.
const NOISE: f64 = 4.0;

/// Highest resolution: that of modularity. Above it, Leiden splits homogeneous groups.
const HIGHEST: f64 = 1.0;

/// Highest resolution when the number of clusters is given. Fewer, larger communities are merged
/// into the right groups more often.
const HIGHEST_GIVEN: f64 = 0.6;

/// Number of partitions over which the background is averaged.
const LOOKS: u64 = 5;

/// The communities of the merge tree are detected at this multiple of the resolution.
pub(super) const FINENESS: f64 = 1.5;

/// Most communities of a merge tree, whose cost is cubic in their number. A graph with more
/// communities is in pieces.
pub(super) const MOST: usize = 512;

/// Communities, and the partitions that measure their stability.
pub struct Detected {
    /// Cluster of every vertex, the largest cluster 0.
    pub labels: Vec<usize>,
    /// Number of clusters.
    pub n_clusters: usize,
    /// The groups whose stability is measured. A part of a group has the stability of the group.
    groups: Vec<usize>,
    background: f64,
    resolution: f64,
    n_stable: usize,
    n_found: usize,
    ensemble: Ensemble,
}

impl Detected {
    /// Stability of the group of every vertex, 0 to 1.
    pub fn stability(&self) -> Vec<f32> {
        let mut again = JaccardStability::new(&self.groups);
        self.ensemble.partitions().for_each(|partition| again.add(partition));
        again.mean()
    }

    /// The chosen resolution, and the communities at resolutions around it.
    pub fn profile(&self) -> ResolutionProfile {
        ResolutionProfile {
            background: self.background,
            resolution: self.resolution,
            n_stable: self.n_stable,
            n_found: self.n_found,
            levels: self.ensemble.levels(&self.labels),
        }
    }
}

/// [`communities`](super::communities()) without their stability.
///
/// # Errors
/// As [`communities`](super::communities()).
pub fn detect(graph: &CsrMatrix, n_clusters: NClusters, seed: u64) -> Result<Detected> {
    let n = graph.n_rows();
    if let Some(k) = n_clusters.given() {
        require("n_clusters", k, (1..=n.max(1)).contains(&k), "give 1 to the number of cells")?;
    }
    let leiden = Partitioner::new(graph)?;
    let background = background(graph, &leiden, seed)?;
    let highest = n_clusters.given().map_or(HIGHEST, |_| HIGHEST_GIVEN);
    let noiseless = RESOLUTION * (n.max(1) as f64 / CELLS).powf(-FALL);
    let resolution = (noiseless + NOISE * background).min(highest);
    let fine = consensus(graph, FINENESS * resolution, seed)?;
    let ensemble = Ensemble::new(graph, resolution, seed)?;
    let whole = count(&fine);
    let tree =
        (whole <= MOST).then(|| MergeTree::new(graph, &fine, resolution, ensemble.partitions()));
    let groups = |k: Option<usize>| match (&tree, k) {
        (Some(tree), k) => tree.cut(k),
        (None, None) => (0..whole).collect(),
        (None, Some(k)) => {
            AggregateGraph::new(graph, &fine).join(&vec![0; whole], (k, 1), resolution)
        }
    };
    let of = |groups: Vec<usize>| -> Vec<usize> { fine.iter().map(|&c| groups[c]).collect() };
    let stable = by_size(&of(groups(None)));
    let n_stable = count(&stable);
    let parted = by_size(&subcluster(graph, &stable, WITHIN * noiseless, seed)?);
    let n_found = count(&parted);
    let given = |k: usize| -> Result<Vec<usize>> {
        if k <= whole {
            return Ok(by_size(&of(groups(Some(k)))));
        }
        let from = if n_found <= k { &parted } else { &stable };
        Ok(by_size(&split(graph, &leiden, from, (k, resolution), seed)?))
    };
    let (labels, groups) = match n_clusters.given().filter(|&k| k != n_found) {
        None => (parted, stable),
        Some(k) => given(k).map(|labels| (labels.clone(), labels))?,
    };
    let n_clusters = count(&labels);
    Ok(Detected { labels, n_clusters, groups, background, resolution, n_stable, n_found, ensemble })
}

/// The background of a graph. It is the mean over partitions, because each has other pairs of
/// groups.
fn background(graph: &CsrMatrix, leiden: &Partitioner, seed: u64) -> Result<f64> {
    let mut sum = 0.0;
    for look in 0..LOOKS {
        let params = LeidenParams { resolution: 1.0, seed: seed ^ (look << 40), n_init: 1 };
        sum += AggregateGraph::new(graph, &leiden.run(&params)?).background();
    }
    Ok(sum / LOOKS as f64)
}
