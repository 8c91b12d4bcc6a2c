//! Builds a tree from a graph and its clusters.

use morula_data::CsrMatrix;

use super::{ClusterTree, Merge, STEP};
use crate::Result;
use crate::communities::{Communities, common};
use crate::error::require;
use crate::graph::{AggregateGraph, ContractedGraph};
use crate::labels::{by_size, count};
use crate::leiden::{LeidenParams, Partitioner};

/// Least size of a leaf, unless its cluster is smaller.
const LEAST: usize = 3;

/// Most leaves: merging is quadratic in them. Beyond this number, every cluster is a leaf.
pub(super) const MOST: usize = 1024;

impl ClusterTree {
    /// The tree of clusters of a graph that were found at a resolution, and the leaf of every
    /// vertex.
    ///
    /// # Errors
    /// As [`leiden`](crate::leiden()); [`ClusterError::Parameter`](crate::ClusterError::Parameter)
    /// for another number of labels than vertices.
    pub fn fit(
        graph: &CsrMatrix,
        labels: &[usize],
        resolution: f64,
        seed: u64,
    ) -> Result<(Self, Vec<usize>)> {
        let expected = "give one for every vertex";
        require("labels", labels.len(), labels.len() == graph.n_rows(), expected)?;
        Self::of(&ContractedGraph::whole(graph), labels, resolution, seed)
    }

    /// The tree of communities, in the same groups of cells that they were found in. `labels` may
    /// differ from theirs.
    pub(crate) fn of_communities(
        graph: &CsrMatrix,
        found: &Communities,
        labels: &[usize],
        seed: u64,
    ) -> Result<(Self, Vec<usize>)> {
        let Some(vertices) = &found.vertices else {
            return Self::fit(graph, labels, found.resolution, seed);
        };
        let groups = common(vertices, labels);
        let mut label = vec![0; count(&groups)];
        groups.iter().zip(labels).for_each(|(&group, &of)| label[group] = of);
        let contracted = ContractedGraph::new(graph, &groups);
        let (tree, leaves) = Self::of(&contracted, &label, found.resolution, seed)?;
        Ok((tree, groups.iter().map(|&group| leaves[group]).collect()))
    }

    fn of(
        graph: &ContractedGraph<'_>,
        labels: &[usize],
        resolution: f64,
        seed: u64,
    ) -> Result<(Self, Vec<usize>)> {
        let within = graph.edges().filter(|edge| labels[edge.ends[0]] == labels[edge.ends[1]]);
        let within = Partitioner::of(labels.len(), within.map(|edge| edge.whole()))?;
        let finer = LeidenParams { resolution: STEP * resolution, seed, n_init: 1 };
        let parts = pooled(&within.run(&finer)?, labels, graph.sizes());
        let leaves = match count(&parts.labels) > MOST {
            true => labels.to_vec(),
            false => parts.joined(graph, labels, resolution),
        };
        let n_leaves = count(&leaves);
        let (mut clusters, mut sizes) = (vec![0; n_leaves], vec![0; n_leaves]);
        for ((&leaf, &label), &n) in leaves.iter().zip(labels).zip(graph.sizes()) {
            clusters[leaf] = label;
            sizes[leaf] += n;
        }
        let merges = match n_leaves > MOST {
            true => Vec::new(),
            false => merges(graph, &leaves, &clusters, resolution),
        };
        Ok((Self { resolution, clusters, sizes, merges }, leaves))
    }
}

/// Parts of clusters, the small ones of a cluster as one.
struct Pooled {
    /// Part of every vertex, the largest part 0.
    labels: Vec<usize>,
    /// Whether a part is made of small ones.
    small: Vec<bool>,
}

/// Pools the parts of fewer than [`LEAST`] cells in each cluster. Cells without edges, each a
/// community of its own, would make too many parts to merge.
fn pooled(parts: &[usize], clusters: &[usize], n_cells: &[usize]) -> Pooled {
    let mut sizes = vec![0_usize; count(parts)];
    parts.iter().zip(n_cells).for_each(|(&part, &n)| sizes[part] += n);
    let is_small = |part: usize| sizes[part] < LEAST;
    let pool = |(&part, &cluster): (&usize, &usize)| match is_small(part) {
        true => sizes.len() + cluster,
        false => part,
    };
    let labels = by_size(&parts.iter().zip(clusters).map(pool).collect::<Vec<_>>());
    let mut small = vec![false; count(&labels)];
    labels.iter().zip(parts).for_each(|(&label, &part)| small[label] |= is_small(part));
    Pooled { labels, small }
}

impl Pooled {
    /// Joins each pool to the part of its cluster that gains most. A cluster of small parts alone
    /// stays.
    fn joined(
        &self,
        graph: &ContractedGraph<'_>,
        clusters: &[usize],
        resolution: f64,
    ) -> Vec<usize> {
        let n = self.small.len();
        let mut parents = vec![0; n];
        self.labels.iter().zip(clusters).for_each(|(&part, &cluster)| parents[part] = cluster);
        let links = AggregateGraph::new(graph, &self.labels);
        let gain = |a: usize, b: usize| links.gain([a, b], resolution);
        let to = |part: usize| {
            let others = (0..n).filter(|&other| other != part && parents[other] == parents[part]);
            let best = others.reduce(|a, b| if gain(part, b) > gain(part, a) { b } else { a });
            best.filter(|_| self.small[part]).unwrap_or(part)
        };
        let to: Vec<usize> = (0..n).map(to).collect();
        by_size(&self.labels.iter().map(|&part| to[part]).collect::<Vec<_>>())
    }
}

/// The merges of leaves within clusters, then of clusters, with their contacts.
fn merges(
    graph: &ContractedGraph<'_>,
    leaves: &[usize],
    clusters: &[usize],
    resolution: f64,
) -> Vec<Merge> {
    let n_leaves = clusters.len();
    let mut links = AggregateGraph::new(graph, leaves);
    // The node of every group, at the index of its first leaf.
    let mut node: Vec<usize> = (0..n_leaves).collect();
    let mut found = Vec::with_capacity(n_leaves.saturating_sub(1));
    for parents in [clusters.to_vec(), vec![0; n_leaves]] {
        while let Some([a, b]) = links.best_pair(&parents, 1, resolution) {
            let contact = links.contact([a, b]);
            links.merge([a, b]);
            let parts = [node[a], node[b]];
            node[a] = n_leaves + found.len();
            found.push(Merge { parts, contact });
        }
    }
    found
}
