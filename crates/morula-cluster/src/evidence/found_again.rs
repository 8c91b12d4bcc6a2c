//! Which split of another tree is most like a split.

use crate::tree::{ClusterTree, Merge};

/// Cells in common of all nodes of two trees.
pub(super) struct FoundAgain<'a> {
    shown: &'a ClusterTree,
    found: &'a ClusterTree,
    /// Cells of every node of the first tree in every node of the second.
    common: Vec<Vec<f64>>,
    /// Cells of every node of the second tree.
    sizes: Vec<f64>,
    /// Cells of every node of the first tree.
    shown_sizes: Vec<f64>,
}

impl<'a> FoundAgain<'a> {
    /// Two trees, with the leaf that each cell has in them. Cells that are in one tree alone count
    /// as cells of that tree.
    pub fn new(
        shown: &'a ClusterTree,
        shown_leaves: &[Option<usize>],
        found: &'a ClusterTree,
        found_leaves: &[Option<usize>],
    ) -> Self {
        let mut common = vec![vec![0.0; found.n_leaves()]; shown.n_leaves()];
        for (a, b) in shown_leaves.iter().zip(found_leaves) {
            if let (Some(a), Some(b)) = (a, b) {
                common[*a][*b] += 1.0;
            }
        }
        for row in &mut common {
            for merge in found.merges() {
                row.push(merge.parts.iter().map(|&part| row[part]).sum());
            }
        }
        for merge in shown.merges() {
            let [a, b] = merge.parts.map(|part| &common[part]);
            common.push(a.iter().zip(b).map(|(a, b)| a + b).collect());
        }
        let sizes = |tree: &ClusterTree| {
            let mut sizes: Vec<f64> = tree.sizes().iter().map(|&n| n as f64).collect();
            for merge in tree.merges() {
                sizes.push(merge.parts.iter().map(|&part| sizes[part]).sum());
            }
            sizes
        };
        Self { shown, found, common, sizes: sizes(found), shown_sizes: sizes(shown) }
    }

    /// The split of the second tree that is most like split `at` of the first, with its agreement.
    pub fn best(&self, at: usize) -> Option<(usize, f64)> {
        let [a, b] = self.shown.merges()[at].parts;
        let size = self.shown_sizes[a] + self.shown_sizes[b];
        let agreement = |merge: &Merge| {
            let [x, y] = merge.parts;
            let in_both = |a: usize, x: usize| self.common[a][x];
            let same = (in_both(a, x) + in_both(b, y)).max(in_both(a, y) + in_both(b, x));
            let shared: f64 = [a, b].iter().flat_map(|&a| [x, y].map(|x| in_both(a, x))).sum();
            let all = size + self.sizes[x] + self.sizes[y] - shared;
            if all > 0.0 { same / all } else { 0.0 }
        };
        let rated = self.found.merges().iter().map(agreement).enumerate();
        rated.reduce(|best, next| if next.1 > best.1 { next } else { best })
    }
}
