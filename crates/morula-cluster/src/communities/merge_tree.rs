//! The merge tree of communities, and its most stable cut.

use crate::graph::{AggregateGraph, ContractedGraph};
use crate::labels::count;

/// A tree over communities, with the stability of each of its groups.
///
/// The stability of a group A of vertices is its overlap with the clusters of other partitions,
///
/// `S(A) = sum_{i in A} mean_P |A and P_i| / |A or P_i|`
///
/// where `P_i` is the cluster of vertex i in partition P. A cut is a set of groups that holds every
/// vertex once. The best cut has the largest sum of S (Campello et al. 2015 cut a tree of densities
/// in the same way).
pub(super) struct MergeTree {
    nodes: Vec<Node>,
    n_leaves: usize,
}

/// A community, or two merged nodes.
struct Node {
    children: Option<[usize; 2]>,
    /// The best cuts of this node into 1, 2, ... groups.
    cuts: Vec<Cut>,
}

/// The sum of S, and the number of groups in the first child.
#[derive(Clone, Copy)]
struct Cut {
    stability: f64,
    first: usize,
}

impl MergeTree {
    /// Merges the communities `fine` pair by pair ([`AggregateGraph::best_pair`]), down to one
    /// group.
    pub fn new<'a>(
        graph: &ContractedGraph<'_>,
        fine: &[usize],
        resolution: f64,
        partitions: impl Iterator<Item = &'a Vec<usize>>,
    ) -> Self {
        let n_leaves = count(fine);
        let overlaps = Overlaps::new(fine, partitions, graph.sizes());
        let mut shared = overlaps.rows.clone();
        let leaf = |row: &Vec<usize>| Node {
            children: None,
            cuts: vec![Cut { stability: overlaps.stability(row), first: 0 }],
        };
        let mut tree = Self { nodes: shared.iter().map(leaf).collect(), n_leaves };
        // The node of each merged community, at the index of its first community.
        let mut node: Vec<usize> = (0..n_leaves).collect();
        let (mut links, parents) = (AggregateGraph::new(graph, fine), vec![0; n_leaves]);
        while let Some([a, b]) = links.best_pair(&parents, 1, resolution) {
            links.merge([a, b]);
            let moved = std::mem::take(&mut shared[b]);
            shared[a].iter_mut().zip(moved).for_each(|(x, y)| *x += y);
            let children = [node[a], node[b]];
            let cuts = tree.cuts(children, overlaps.stability(&shared[a]));
            node[a] = tree.nodes.len();
            tree.nodes.push(Node { children: Some(children), cuts });
        }
        tree
    }

    /// The best cuts of a node from those of its children.
    fn cuts(&self, children: [usize; 2], whole: f64) -> Vec<Cut> {
        let [left, right] = children.map(|child| &self.nodes[child].cuts);
        let none = Cut { stability: f64::NEG_INFINITY, first: 0 };
        let mut cuts = vec![none; left.len() + right.len()];
        cuts[0].stability = whole;
        for (i, a) in left.iter().enumerate() {
            for (j, b) in right.iter().enumerate() {
                let stability = a.stability + b.stability;
                let cut = &mut cuts[i + j + 1];
                if stability > cut.stability {
                    *cut = Cut { stability, first: i + 1 };
                }
            }
        }
        cuts
    }

    /// The group of every community in the best cut, or in the best cut into `n_groups`. The number
    /// of groups is at most the number of communities.
    pub fn cut(&self, n_groups: Option<usize>) -> Vec<usize> {
        let mut groups = vec![0; self.n_leaves];
        let Some(root) = self.nodes.last() else { return groups };
        let best = |cuts: &[Cut]| {
            let most =
                |a: usize, b: usize| if cuts[b].stability > cuts[a].stability { b } else { a };
            (0..cuts.len()).reduce(most).map_or(1, |at| at + 1)
        };
        let n_groups = n_groups.unwrap_or_else(|| best(&root.cuts)).clamp(1, root.cuts.len());
        let mut open = vec![(self.nodes.len() - 1, n_groups)];
        let mut next = 0;
        while let Some((at, n_groups)) = open.pop() {
            match self.nodes[at].children {
                Some([left, right]) if n_groups > 1 => {
                    let first = self.nodes[at].cuts[n_groups - 1].first;
                    open.extend([(left, first), (right, n_groups - first)]);
                }
                _ => {
                    self.leaves(at, |leaf| groups[leaf] = next);
                    next += 1;
                }
            }
        }
        groups
    }

    /// Visits the communities below a node.
    fn leaves(&self, node: usize, mut visit: impl FnMut(usize)) {
        let mut open = vec![node];
        while let Some(at) = open.pop() {
            match self.nodes[at].children {
                Some(children) => open.extend(children),
                None => visit(at),
            }
        }
    }
}

/// Numbers of cells that communities share with the clusters of other partitions.
struct Overlaps {
    /// Per community, with every cluster of every partition.
    rows: Vec<Vec<usize>>,
    /// Cells of those clusters.
    sizes: Vec<usize>,
    n_partitions: usize,
}

impl Overlaps {
    fn new<'a>(
        fine: &[usize],
        partitions: impl Iterator<Item = &'a Vec<usize>>,
        n_cells: &[usize],
    ) -> Self {
        let mut rows = vec![Vec::new(); count(fine)];
        let (mut sizes, mut n_partitions) = (Vec::<usize>::new(), 0);
        for partition in partitions {
            let first = sizes.len();
            let width = first + count(partition);
            sizes.resize(width, 0);
            rows.iter_mut().for_each(|row| row.resize(width, 0));
            for ((&community, &cluster), &n) in fine.iter().zip(partition).zip(n_cells) {
                rows[community][first + cluster] += n;
                sizes[first + cluster] += n;
            }
            n_partitions += 1;
        }
        Self { rows, sizes, n_partitions }
    }

    /// S of the cells that share this many with each cluster.
    fn stability(&self, shared: &[usize]) -> f64 {
        // Every partition contains all vertices of the group.
        let size = shared.iter().sum::<usize>() / self.n_partitions.max(1);
        let index = |(&both, &of): (&usize, &usize)| {
            if both == 0 { 0.0 } else { (both * both) as f64 / (size + of - both) as f64 }
        };
        let sum: f64 = shared.iter().zip(&self.sizes).map(index).sum();
        sum / self.n_partitions.max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use morula_data::CsrMatrix;

    use super::*;
    use crate::communities::stability::stability;
    use crate::leiden::cliques;

    const FINE: [usize; 12] = [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3];

    /// Three partitions; most of them join the first two communities.
    fn partitions() -> [Vec<usize>; 3] {
        [
            vec![0, 0, 0, 0, 0, 0, 1, 1, 1, 2, 2, 2],
            vec![0, 0, 0, 0, 0, 0, 1, 1, 1, 2, 2, 2],
            vec![0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 2, 2],
        ]
    }

    fn of(graph: &CsrMatrix, fine: &[usize], partitions: &[Vec<usize>]) -> MergeTree {
        MergeTree::new(&ContractedGraph::whole(graph), fine, 0.5, partitions.iter())
    }

    /// Four cliques in a row.
    fn tree() -> MergeTree {
        of(&cliques(&[3, 3, 3, 3]), &FINE, &partitions())
    }

    #[test]
    fn the_most_stable_cut_is_found() {
        let groups = tree().cut(None);
        assert_eq!(groups[0], groups[1]);
        assert_eq!(count(&groups), 3, "{groups:?}");
    }

    #[test]
    fn a_given_number_of_groups_is_returned() {
        for k in 1..=4 {
            assert_eq!(count(&tree().cut(Some(k))), k);
        }
        let two = tree().cut(Some(2));
        assert!(two[0] == two[1] && two[2] == two[3] && two[0] != two[2], "{two:?}");
        assert_eq!(count(&tree().cut(Some(9))), 4);
        assert_eq!(count(&tree().cut(Some(0))), 1);
    }

    #[test]
    fn stability_is_the_sum_of_jaccards_indices() {
        let partitions = [vec![0, 0, 1, 1, 1], vec![0, 1, 2, 2, 2]];
        let overlaps = Overlaps::new(&[0, 0, 0, 1, 1], partitions.iter(), &[1; 5]);
        // {0, 1, 2} against {0, 1}, {2, 3, 4}; then against {0}, {1}, {2, 3, 4}.
        let expected = (2.0 * 2.0 / 3.0 + 1.0 / 5.0 + 1.0 / 3.0 + 1.0 / 3.0 + 1.0 / 5.0) / 2.0;
        assert!((overlaps.stability(&overlaps.rows[0]) - expected).abs() < 1e-12);
    }

    /// The cut maximises the stability that its vertices get from [`stability`].
    #[test]
    fn no_other_number_of_groups_is_more_stable() {
        let of = |groups: Vec<usize>| -> f64 {
            let labels: Vec<usize> = FINE.iter().map(|&c| groups[c]).collect();
            stability(&labels, partitions().iter(), &[1; 12]).into_iter().map(f64::from).sum()
        };
        let best = of(tree().cut(None));
        let all: Vec<f64> = (1..=4).map(|k| of(tree().cut(Some(k)))).collect();
        assert!(all.iter().all(|&s| s < best + 1e-5), "{best} {all:?}");
        assert!(all.iter().any(|&s| (s - best).abs() < 1e-5), "{best} {all:?}");
    }

    #[test]
    fn no_vertices_and_a_single_community() {
        let none = of(&CsrMatrix::default(), &[], &[]);
        assert!(none.cut(None).is_empty() && none.cut(Some(2)).is_empty());
        let one = of(&cliques(&[4]), &[0; 4], &[vec![0; 4]]);
        assert_eq!(one.cut(None), [0]);
    }
}
