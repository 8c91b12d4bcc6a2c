//! Names of leaves, nodes and groups of leaves.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::ClusterTree;

impl ClusterTree {
    /// The name of every group of leaves, which shows its clusters: `3` is a cluster, `3.1` and
    /// `3.2` are parts of it by falling size, and `0+4` holds two clusters.
    ///
    /// `groups` gives the group of every leaf, as from [`cut`](Self::cut).
    pub fn names(&self, groups: &[usize]) -> Vec<String> {
        let n_groups = groups.iter().max().map_or(0, |k| k + 1);
        let mut held: Vec<Vec<usize>> = vec![Vec::new(); n_groups];
        let mut sizes = vec![0_usize; n_groups];
        for (leaf, &group) in groups.iter().enumerate() {
            held[group].push(self.clusters[leaf]);
            sizes[group] = sizes[group].saturating_add(self.sizes[leaf]);
        }
        held.iter_mut().for_each(|clusters| {
            clusters.sort_unstable();
            clusters.dedup();
        });
        let joined = |clusters: &[usize]| {
            clusters.iter().map(ToString::to_string).collect::<Vec<_>>().join("+")
        };
        let name = |group: usize| {
            let mut parts: Vec<usize> = (0..n_groups).filter(|&g| held[g] == held[group]).collect();
            if parts.len() < 2 {
                return joined(&held[group]);
            }
            parts.sort_by_key(|&g| (Reverse(sizes[g]), g));
            let place = parts.iter().position(|&g| g == group).unwrap_or_default();
            format!("{}.{}", joined(&held[group]), place + 1)
        };
        (0..n_groups).map(name).collect()
    }

    /// The name of every node: the leaves, then the merges. Whole clusters have their names, parts
    /// of one the names of their leaves: `3`, `3.1`, `0+4`, `3.1+3.2`.
    ///
    /// `clusters` has the names of the clusters; a cluster beyond them has its number.
    pub fn node_names(&self, clusters: &[String]) -> Vec<String> {
        let cluster = |k: usize| clusters.get(k).cloned().unwrap_or_else(|| k.to_string());
        let leaves = self.leaf_names(&cluster);
        let mut n_leaves = vec![0; self.n_clusters()];
        self.clusters.iter().for_each(|&k| n_leaves[k] += 1);
        let name = |members: &Vec<usize>| {
            let held: BTreeSet<usize> = members.iter().map(|&leaf| self.clusters[leaf]).collect();
            let whole: usize = held.iter().map(|&k| n_leaves[k]).sum();
            let names: Vec<String> = match whole == members.len() {
                true => held.into_iter().map(cluster).collect(),
                false => members.iter().map(|&leaf| leaves[leaf].clone()).collect(),
            };
            names.join("+")
        };
        self.members().iter().map(name).collect()
    }

    /// The name of every leaf. Those of one cluster are numbered by falling size.
    fn leaf_names(&self, cluster: &impl Fn(usize) -> String) -> Vec<String> {
        let mut order: Vec<usize> = (0..self.n_leaves()).collect();
        order.sort_by_key(|&leaf| (self.clusters[leaf], Reverse(self.sizes[leaf])));
        let mut names = vec![String::new(); self.n_leaves()];
        for leaves in order.chunk_by(|&a, &b| self.clusters[a] == self.clusters[b]) {
            let name = cluster(self.clusters[leaves[0]]);
            for (place, &leaf) in (1..).zip(leaves) {
                names[leaf] = match leaves.len() {
                    1 => name.clone(),
                    _ => format!("{name}.{place}"),
                };
            }
        }
        names
    }
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::super::tests::tree;

    #[test]
    fn names_show_the_cluster() {
        let tree = tree();
        let names = |level| tree.names(&tree.cut(level).unwrap());
        assert_eq!(names(Level::Default), ["0", "1", "2"]);
        // By falling size: leaf 3, then the leaves 1, 2, 4, 0.
        assert_eq!(names(Level::Fine), ["1", "0.1", "0.2", "2", "0.3"]);
        assert_eq!(names(Level::Coarse), ["1+2", "0"]);
        let nodes = ["0.3", "0.1", "0.2", "1", "2", "0.1+0.2", "0", "1+2", "0+1+2"];
        assert_eq!(tree.node_names(&[]), nodes);
        let nodes = tree.node_names(&["T".into(), "B".into()]);
        assert_eq!(nodes[4..], ["2", "T.1+T.2", "T", "B+2", "T+B+2"]);
    }
}
