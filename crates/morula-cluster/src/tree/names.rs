//! Names of groups of leaves.

use std::cmp::Reverse;

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
            sizes[group] += self.sizes[leaf];
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
}
