//! Detects communities; their stability is computed on request.

use morula_data::CsrMatrix;

use super::Communities;
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

/// Least agreement of a cut with the partitions of graphs with fewer edges at some resolution. Cuts
/// of noise into two groups or more reach 0.22 to 0.57, cuts that show types 0.75 to 1.
const EVIDENCE: f64 = 0.65;

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
        stability(&self.ensemble, &self.groups)
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
    let detection = Detection::new(graph, n_clusters, seed)?;
    let (labels, groups) = match n_clusters.given() {
        None => detection.auto(),
        Some(k) => detection.given(k)?,
    };
    Ok(detection.into_detected(labels, groups))
}

/// The work on a graph that is the same for every number of clusters that may be given.
pub(crate) struct Detection<'a> {
    graph: &'a CsrMatrix,
    leiden: Partitioner,
    seed: u64,
    background: f64,
    resolution: f64,
    fine: Vec<usize>,
    ensemble: Ensemble,
    tree: Option<MergeTree>,
    stable: Vec<usize>,
    parted: Vec<usize>,
}

impl<'a> Detection<'a> {
    /// Finds communities without a number; with one, the resolution is lower.
    ///
    /// # Errors
    /// As [`detect`].
    pub fn new(graph: &'a CsrMatrix, n_clusters: NClusters, seed: u64) -> Result<Self> {
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
        let tree = (whole <= MOST)
            .then(|| MergeTree::new(graph, &fine, resolution, ensemble.partitions()));
        let groups = tree.as_ref().map_or_else(|| (0..whole).collect(), |tree| tree.cut(None));
        let mut stable = by_size(&of(&fine, &groups));
        if n_clusters == NClusters::Auto && ensemble.best_agreement(&stable) < EVIDENCE {
            stable = vec![0; n];
        }
        let parted = by_size(&subcluster(graph, &stable, WITHIN * noiseless, seed)?);
        Ok(Self {
            graph,
            leiden,
            seed,
            background,
            resolution,
            fine,
            ensemble,
            tree,
            stable,
            parted,
        })
    }

    /// The clusters found, and the groups whose stability counts.
    fn auto(&self) -> (Vec<usize>, Vec<usize>) {
        (self.parted.clone(), self.stable.clone())
    }

    /// `k` clusters with their stability.
    ///
    /// # Errors
    /// As [`detect`].
    pub fn communities(&self, k: usize) -> Result<Communities> {
        let (labels, groups) = self.given(k)?;
        let stability = stability(&self.ensemble, &groups);
        let (n_clusters, profile) = (count(&labels), ResolutionProfile::default());
        Ok(Communities { labels, n_clusters, stability, profile })
    }

    /// `k` clusters, and the groups whose stability counts.
    fn given(&self, k: usize) -> Result<(Vec<usize>, Vec<usize>)> {
        if k == count(&self.parted) {
            return Ok(self.auto());
        }
        self.labels(k).map(|labels| (labels.clone(), labels))
    }

    /// `k` clusters, from 1 to the number of cells, where another number is found.
    fn labels(&self, k: usize) -> Result<Vec<usize>> {
        let whole = count(&self.fine);
        if k <= whole {
            let groups = match &self.tree {
                Some(tree) => tree.cut(Some(k)),
                None => AggregateGraph::new(self.graph, &self.fine).join(
                    &vec![0; whole],
                    (k, 1),
                    self.resolution,
                ),
            };
            return Ok(by_size(&of(&self.fine, &groups)));
        }
        let from = if count(&self.parted) <= k { &self.parted } else { &self.stable };
        let wanted = (k, self.resolution);
        Ok(by_size(&split(self.graph, &self.leiden, from, wanted, self.seed)?))
    }

    fn into_detected(self, labels: Vec<usize>, groups: Vec<usize>) -> Detected {
        Detected {
            n_clusters: count(&labels),
            labels,
            groups,
            background: self.background,
            resolution: self.resolution,
            n_stable: count(&self.stable),
            n_found: count(&self.parted),
            ensemble: self.ensemble,
        }
    }
}

/// Stability of the group of every vertex, 0 to 1.
fn stability(ensemble: &Ensemble, groups: &[usize]) -> Vec<f32> {
    let mut again = JaccardStability::new(groups);
    ensemble.partitions().for_each(|partition| again.add(partition));
    again.mean()
}

/// The group of every vertex, from the groups of communities.
fn of(communities: &[usize], groups: &[usize]) -> Vec<usize> {
    communities.iter().map(|&community| groups[community]).collect()
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
