//! A classifier into the groups of another cut of its tree.

use std::collections::BTreeSet;

use super::leaves::Leaves;
use super::{Ballot, KnnClassifier};
use crate::{ClusterError, ClusterTree, Result};

impl KnnClassifier {
    /// A classifier into the groups of leaves that are the clusters of `tree`, another cut of the
    /// tree of the fit ([`ClusterTree::at`]).
    ///
    /// A group that is a cluster of the fit keeps its voters and their weight. In other groups, votes
    /// count as the share of the places that the group can fill. Voters keep their stability, so the
    /// parts of a cluster have its confidence.
    ///
    /// # Errors
    /// [`ClusterError::Parameter`] without a tree, or for one with other leaves.
    pub fn cut(&self, tree: &ClusterTree) -> Result<Self> {
        let leaves = self.leaves.as_ref().filter(|known| known.clusters.len() == tree.n_leaves());
        let Some(Leaves { of_cell, clusters }) = leaves else {
            let (name, value) = ("tree", format!("{} leaves", tree.n_leaves()));
            let expected =
                "give a cut of the tree of the fit; a model without leaves is fitted anew";
            return Err(ClusterError::Parameter { name, value, expected });
        };
        // Groups of every cluster, and clusters of every group.
        let pairs: BTreeSet<_> = clusters.iter().zip(tree.clusters()).collect();
        let mut groups_of: Vec<Vec<usize>> = vec![Vec::new(); self.n_clusters()];
        let mut clusters_of: Vec<Vec<usize>> = vec![Vec::new(); tree.n_clusters()];
        for (&cluster, &group) in pairs {
            groups_of[cluster].push(group);
            clusters_of[group].push(cluster);
        }
        let voters = self.ballot.labels.iter().zip(of_cell);
        let labels = voters.map(|(&cluster, &leaf)| match groups_of[cluster][..] {
            [group] => group,
            _ => tree.clusters()[leaf],
        });
        let stability = self.ballot.stability.clone();
        let mut ballot = Ballot::of_sizes(labels.collect(), stability, tree.n_clusters());
        for (weight, clusters) in ballot.weights.iter_mut().zip(&clusters_of) {
            if let [cluster] = clusters[..]
                && groups_of[cluster].len() == 1
            {
                *weight = self.ballot.weights[cluster];
            }
        }
        Self { views: self.views.clone(), ballot, leaves: None }.with_tree(tree, of_cell)
    }
}
