//! Finding communities, before they are examined.

use morula_data::CsrMatrix;

use super::affinity::Affinity;
use super::apart::apart;
use super::consensus::consensus;
use super::ensemble::Ensemble;
use super::granularity::{Granularity, Recovery};
use super::leiden::{LeidenParams, Partitioner};
use super::split::split;
use super::tree::Tree;
use super::{by_size, number};
use crate::check::require;
use crate::{NClusters, Result};

/// Resolution for a graph of [`CELLS`] vertices without noise.
const RESOLUTION: f64 = 0.3;
const CELLS: f64 = 2000.0;

/// The power of their number with which it falls.
const FALL: f64 = 0.1;

/// Resolution at which a cluster by itself falls apart, as a share of that without noise.
const APART: f64 = 0.2;

/// How much of the background is added to the resolution.
const NOISE: f64 = 4.0;

/// The resolution of modularity, at which groups are to have more edges between them than chance
/// would put there. Beyond it Leiden splits what has no parts.
const HIGHEST: f64 = 1.0;

/// The same when the number of clusters is given: they need not stay apart by themselves, and
/// fewer, larger communities are joined to the right groups more often.
const HIGHEST_GIVEN: f64 = 0.6;

/// Partitions that the background is the mean of.
const LOOKS: u64 = 5;

/// Communities that are joined are found at this multiple of the resolution.
pub(super) const FINENESS: f64 = 1.5;

/// With more communities than this no tree is made, which would take the cube of their number: the
/// graph is in pieces.
pub(super) const MOST: usize = 512;

/// What is found.
pub(crate) struct Found {
    /// Cluster of every vertex, the largest cluster 0.
    pub labels: Vec<usize>,
    pub n_clusters: usize,
    /// The groups that have to be found again for the clusters to be trusted: a part that is all
    /// but separate from the rest of a group is as sure as the group.
    groups: Vec<usize>,
    background: f64,
    resolution: f64,
    n_stable: usize,
    n_found: usize,
    ensemble: Ensemble,
}

impl Found {
    /// How well the group of every vertex is found again.
    pub fn stability(&self) -> Vec<f32> {
        let mut again = Recovery::new(&self.groups);
        self.ensemble.partitions().for_each(|partition| again.add(partition));
        again.mean()
    }

    /// How the number came about.
    pub fn evidence(&self) -> Granularity {
        Granularity {
            background: self.background,
            resolution: self.resolution,
            n_stable: self.n_stable,
            n_found: self.n_found,
            around: self.ensemble.levels(&self.labels),
        }
    }
}

/// [`communities`](super::communities()) without a look at how well each is found again.
pub(crate) fn find(graph: &CsrMatrix, n_clusters: NClusters, seed: u64) -> Result<Found> {
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
    let whole = number(&fine);
    let tree = (whole <= MOST).then(|| Tree::new(graph, &fine, resolution, ensemble.partitions()));
    let groups = |k: Option<usize>| match (&tree, k) {
        (Some(tree), k) => tree.cut(k),
        (None, None) => (0..whole).collect(),
        (None, Some(k)) => Affinity::new(graph, &fine).join(&vec![0; whole], (k, 1), resolution),
    };
    let of = |groups: Vec<usize>| -> Vec<usize> { fine.iter().map(|&c| groups[c]).collect() };
    let stable = by_size(&of(groups(None)));
    let n_stable = number(&stable);
    let parted = by_size(&apart(graph, &stable, APART * noiseless, seed)?);
    let n_found = number(&parted);
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
    let n_clusters = number(&labels);
    Ok(Found { labels, n_clusters, groups, background, resolution, n_stable, n_found, ensemble })
}

/// The noise of a graph: which pairs there are differs from one partition to the next.
fn background(graph: &CsrMatrix, leiden: &Partitioner, seed: u64) -> Result<f64> {
    let mut sum = 0.0;
    for look in 0..LOOKS {
        let params = LeidenParams { resolution: 1.0, seed: seed ^ (look << 40), n_init: 1 };
        sum += Affinity::new(graph, &leiden.run(&params)?).background();
    }
    Ok(sum / LOOKS as f64)
}
