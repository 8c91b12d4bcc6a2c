//! A tree whose clusters are another cut through it.

use super::{ClusterTree, Level, Merge, STEP};
use crate::Result;

impl ClusterTree {
    /// The same leaves and merges with the groups of a level as the clusters: the merges within them
    /// come first.
    ///
    /// The resolution becomes that of the level. For a number of clusters it changes only as far as
    /// needed: fewer clusters have at most the contact of the last pair that is joined, more clusters
    /// at least that of the first pair that is not.
    ///
    /// # Errors
    /// As [`cut`](Self::cut).
    pub fn at(&self, level: Level) -> Result<Self> {
        let clusters = self.cut(level)?;
        let joined = self.joined(level)?;
        let n_leaves = self.n_leaves();
        let (first, last): (Vec<usize>, Vec<usize>) =
            (0..self.merges.len()).partition(|&i| joined[i]);
        let contact = |i: Option<&usize>| i.map(|&i| self.merges[i].contact);
        let resolution = match level {
            Level::Default => self.resolution,
            Level::Coarse => self.resolution / STEP,
            Level::Fine => self.resolution * STEP,
            Level::Resolution(at) => at,
            Level::NClusters(n) if n < self.n_clusters() => {
                contact(first.last()).map_or(self.resolution, |c| c.min(self.resolution))
            }
            Level::NClusters(_) => {
                contact(last.first()).map_or(self.resolution, |c| c.max(self.resolution))
            }
        };
        let mut place: Vec<usize> = (0..n_leaves + self.merges.len()).collect();
        let order = [first, last].concat();
        order.iter().enumerate().for_each(|(new, &old)| place[n_leaves + old] = n_leaves + new);
        let merge = |&old: &usize| {
            let Merge { parts, contact } = self.merges[old];
            Merge { parts: parts.map(|part| place[part]), contact }
        };
        let merges = order.iter().map(merge).collect();
        Self::from_parts(resolution, clusters, self.sizes.clone(), merges)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::tree;
    use super::*;

    #[test]
    fn a_level_becomes_the_clusters() {
        let tree = tree();
        let levels = [Level::Coarse, Level::Default, Level::Fine].into_iter();
        let levels = levels.chain([0.02, 0.3, 0.7, 5.0].map(Level::Resolution));
        for level in levels.chain((1..=5).map(Level::NClusters)) {
            let (groups, at) = (tree.cut(level).unwrap(), tree.at(level).unwrap());
            assert_eq!(at.clusters(), groups, "{level:?}");
            assert_eq!(at.cut(Level::Default).unwrap(), groups, "{level:?}");
            assert_eq!(at.cut(Level::Fine).unwrap(), tree.cut(Level::Fine).unwrap(), "{level:?}");
            // Every merge has the same cells as before.
            let cells = |tree: &ClusterTree| {
                let mut cells: Vec<Vec<usize>> = tree.members();
                cells.iter_mut().for_each(|leaves| leaves.sort());
                cells.sort();
                cells
            };
            assert_eq!(cells(&at), cells(&tree), "{level:?}");
        }
    }

    #[test]
    fn numbers_of_clusters_stay_cuts_of_the_new_tree() {
        let tree = tree();
        for level in (1..=5).map(Level::NClusters) {
            let at = tree.at(level).unwrap();
            let number = Level::NClusters(at.n_clusters());
            assert_eq!(at.cut(number).unwrap(), at.cut(Level::Default).unwrap());
            assert_eq!(at.at(Level::Default).unwrap(), at);
        }
        assert!(tree.at(Level::NClusters(6)).is_err());
    }
}
