//! Builds a tree from a graph and its clusters.

use morula_data::CsrMatrix;

use super::{ClusterTree, Merge, STEP};
use crate::Result;
use crate::graph::AggregateGraph;
use crate::labels::{by_size, count};
use crate::leiden::{LeidenParams, Partitioner};

/// Least size of a leaf, unless its cluster is smaller.
const LEAST: usize = 3;

/// Most leaves: merging is quadratic in them. Beyond this number, every cluster is a leaf.
const MOST: usize = 1024;

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
        crate::error::require("labels", labels.len(), labels.len() == graph.n_rows(), expected)?;
        let within = Partitioner::of(labels.len(), edges_within(graph, labels))?;
        let finer = LeidenParams { resolution: STEP * resolution, seed, n_init: 1 };
        let mut leaves = without_crumbs(graph, &within.run(&finer)?, labels, resolution);
        if count(&leaves) > MOST {
            leaves = labels.to_vec();
        }
        let n_leaves = count(&leaves);
        let (mut clusters, mut sizes) = (vec![0; n_leaves], vec![0; n_leaves]);
        for (&leaf, &label) in leaves.iter().zip(labels) {
            clusters[leaf] = label;
            sizes[leaf] += 1;
        }
        let merges = match n_leaves > MOST {
            true => Vec::new(),
            false => merges(graph, &leaves, &clusters, resolution),
        };
        Ok((Self { resolution, clusters, sizes, merges }, leaves))
    }
}

/// Edges between vertices of the same cluster, each in one direction.
fn edges_within<'a>(
    graph: &'a CsrMatrix,
    labels: &'a [usize],
) -> impl Iterator<Item = (usize, usize, f32)> {
    graph.rows().enumerate().flat_map(move |(i, (columns, weights))| {
        let row = columns.iter().zip(weights).map(move |(&j, &w)| (i, j as usize, w));
        row.filter(|&(i, j, _)| j > i && labels[i] == labels[j])
    })
}

/// Joins parts of fewer than [`LEAST`] vertices with another part of their cluster. Cells without
/// edges, each a community of its own, would make too many parts to merge, so the small parts of a
/// cluster count as one.
fn without_crumbs(
    graph: &CsrMatrix,
    parts: &[usize],
    labels: &[usize],
    resolution: f64,
) -> Vec<usize> {
    let mut sizes = vec![0_usize; count(parts)];
    parts.iter().for_each(|&part| sizes[part] += 1);
    let n_parts = sizes.len();
    let pooled = parts.iter().zip(labels);
    let pooled = pooled.map(|(&part, &k)| if sizes[part] < LEAST { n_parts + k } else { part });
    let pooled = by_size(&pooled.collect::<Vec<_>>());
    let n = count(&pooled);
    let (mut parents, mut small) = (vec![0; n], vec![false; n]);
    for ((&part, &label), &old) in pooled.iter().zip(labels).zip(parts) {
        parents[part] = label;
        small[part] |= sizes[old] < LEAST;
    }
    // The pool of a cluster joins the part of it that gains most; a cluster of crumbs alone stays.
    let links = AggregateGraph::new(graph, &pooled);
    let to = |part: usize| match small[part] {
        true => (0..n)
            .filter(|&other| other != part && parents[other] == parents[part])
            .reduce(|a, b| {
                match links.gain([part, b], resolution) > links.gain([part, a], resolution) {
                    true => b,
                    false => a,
                }
            })
            .unwrap_or(part),
        false => part,
    };
    let to: Vec<usize> = (0..n).map(to).collect();
    by_size(&pooled.iter().map(|&part| to[part]).collect::<Vec<_>>())
}

/// The merges of leaves within clusters, then of clusters, with their contacts.
fn merges(graph: &CsrMatrix, leaves: &[usize], clusters: &[usize], resolution: f64) -> Vec<Merge> {
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
