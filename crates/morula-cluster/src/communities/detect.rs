//! Communities that are stable over resolutions, or a given number of them.

use morula_data::CsrMatrix;

use super::Communities;
use super::ensemble::Ensemble;
use super::merge_tree::MergeTree;
use super::split::split;
use super::stability::stability;
use super::subcluster::subcluster;
use crate::error::require;
use crate::graph::AggregateGraph;
use crate::labels::{by_size, count};
use crate::leiden::{LeidenParams, Partitioner};
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

/// The communities of the merge tree are detected at this multiple of the resolution.
const FINENESS: f64 = 1.5;

/// Least agreement of a cut with the partitions of graphs with fewer edges at some resolution. Cuts
/// of noise into two groups or more reach 0.22 to 0.57, cuts that show types 0.75 to 1.
const EVIDENCE: f64 = 0.65;

/// Most communities of a merge tree: its best cuts take time quadratic in them. Beyond this number,
/// the communities are merged by weight alone.
const MOST: usize = 512;

/// The work on a graph that is the same for every number of clusters.
pub(crate) struct Detection<'a> {
    graph: &'a CsrMatrix,
    leiden: Partitioner,
    seed: u64,
    resolution: f64,
    fine: Vec<usize>,
    ensemble: Ensemble,
    tree: Option<MergeTree>,
    stable: Vec<usize>,
    parted: Vec<usize>,
}

impl<'a> Detection<'a> {
    /// Detects communities without a number; with one, the resolution is lower.
    ///
    /// # Errors
    /// As [`communities`](super::communities()).
    pub fn new(graph: &'a CsrMatrix, n_clusters: NClusters, seed: u64) -> Result<Self> {
        let n = graph.n_rows();
        if let Some(k) = n_clusters.given() {
            require("n_clusters", k, (1..=n.max(1)).contains(&k), "give 1 to the number of cells")?;
        }
        let leiden = Partitioner::new(graph)?.for_many_runs()?;
        let run = |resolution: f64| leiden.run(&LeidenParams { resolution, seed, n_init: 1 });
        let background = AggregateGraph::new(graph, &run(1.0)?).background();
        let highest = n_clusters.given().map_or(HIGHEST, |_| HIGHEST_GIVEN);
        let noiseless = RESOLUTION * (n.max(1) as f64 / CELLS).powf(-FALL);
        let resolution = (noiseless + NOISE * background).min(highest);
        let fine = run(FINENESS * resolution)?;
        let ensemble = Ensemble::new(graph, &leiden, resolution, seed)?;
        let whole = count(&fine);
        let tree = (whole <= MOST)
            .then(|| MergeTree::new(graph, &fine, resolution, ensemble.partitions()));
        let groups = tree.as_ref().map_or_else(|| (0..whole).collect(), |tree| tree.cut(None));
        let mut stable = by_size(&of(&fine, &groups));
        if n_clusters == NClusters::Auto && ensemble.best_agreement(&stable) < EVIDENCE {
            stable = vec![0; n];
        }
        let parted = by_size(&subcluster(graph, &stable, WITHIN * noiseless, seed)?);
        Ok(Self { graph, leiden, seed, resolution, fine, ensemble, tree, stable, parted })
    }

    /// The communities, or `k` clusters, from 1 to the number of cells.
    ///
    /// # Errors
    /// As [`communities`](super::communities()).
    pub fn communities(&self, n_clusters: NClusters) -> Result<Communities> {
        let (labels, groups) = match n_clusters.given() {
            Some(k) if k != count(&self.parted) => {
                let labels = self.labels(k)?;
                (labels.clone(), labels)
            }
            // The parts of a group have its stability.
            _ => (self.parted.clone(), self.stable.clone()),
        };
        let stability = stability(&groups, self.ensemble.partitions());
        let (n_clusters, resolution) = (count(&labels), self.resolution);
        Ok(Communities { labels, n_clusters, stability, resolution })
    }

    fn labels(&self, k: usize) -> Result<Vec<usize>> {
        let whole = count(&self.fine);
        if k > whole {
            let wanted = (k, self.resolution);
            let from = if count(&self.parted) <= k { &self.parted } else { &self.stable };
            let split = split(self.graph, &self.leiden, from, wanted, self.seed);
            return Ok(by_size(&split?));
        }
        let groups = match &self.tree {
            Some(tree) => tree.cut(Some(k)),
            None => AggregateGraph::new(self.graph, &self.fine).join(
                &vec![0; whole],
                (k, 1),
                self.resolution,
            ),
        };
        Ok(by_size(&of(&self.fine, &groups)))
    }
}

/// The group of every vertex, from the groups of communities.
fn of(communities: &[usize], groups: &[usize]) -> Vec<usize> {
    communities.iter().map(|&community| groups[community]).collect()
}
