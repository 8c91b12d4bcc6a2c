//! The leaves of a tree in which the cells of a fit lie.

use morula_preprocess::Neighbors;

use super::Ballot;

/// Leaves of the cells of a fit, each within one cluster.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Leaves {
    /// Leaf of every cell.
    pub of_cell: Vec<usize>,
    /// Cluster of every leaf.
    pub clusters: Vec<usize>,
}

impl Leaves {
    /// The leaf of new cells with these neighbours and clusters: that of their cluster with the most
    /// votes. As for clusters, a vote counts as the share of the places that its leaf can fill.
    /// Without a neighbour there, it is the first leaf of the cluster.
    pub fn of_new(&self, labels: &[usize], found: &[Neighbors]) -> Vec<usize> {
        let n_leaves = self.clusters.len();
        let Ballot { weights, .. } = Ballot::of_sizes(self.of_cell.clone(), Vec::new(), n_leaves);
        let mut votes = vec![0.0; n_leaves];
        let of = |(i, &label): (usize, &usize)| {
            votes.fill(0.0);
            for view in found {
                for &near in &view.indices[i * view.k..(i + 1) * view.k] {
                    let leaf = self.of_cell[near as usize];
                    votes[leaf] += weights[leaf];
                }
            }
            let of_cluster = (0..n_leaves).filter(|&leaf| self.clusters[leaf] == label);
            of_cluster.reduce(|a, b| if votes[b] > votes[a] { b } else { a }).unwrap_or_default()
        };
        labels.iter().enumerate().map(of).collect()
    }
}
