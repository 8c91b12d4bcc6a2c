//! Communities of a graph of neighbours that are stable over resolutions.

mod agreement;
mod detect;
mod ensemble;
mod merge_tree;
mod split;
mod stability;
mod subcluster;

use morula_data::CsrMatrix;

pub(crate) use self::detect::Detection;
pub(crate) use self::split::common;
use crate::{NClusters, Result};

/// The result of [`communities`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Communities {
    /// Cluster of every vertex, the largest cluster 0.
    pub labels: Vec<usize>,
    /// Number of clusters.
    pub n_clusters: usize,
    /// Stability of the cluster of every vertex, 0 to 1: the mean over partitions `P` of Jaccard's
    /// index `|C_i and P_i| / |C_i or P_i|` (Hennig 2007). `C_i` and `P_i` are the clusters of
    /// vertex i, here and in P. The partitions are those of the whole graph and of four fifths of
    /// its edges, at half to two and a half times the resolution.
    pub stability: Vec<f32>,
    /// The resolution.
    pub resolution: f64,
    /// Group of every vertex, if communities were found in the graph of these groups.
    pub vertices: Option<Vec<usize>>,
}

/// [Leiden](crate::leiden()) communities of a weighted graph of neighbours, joined into the groups
/// that are most stable over resolutions.
///
/// **Resolution.** Leiden joins two groups when the weight between them is more than gamma times
/// the weight expected by chance. Noise puts edges between any two groups, so gamma rises with it:
///
/// `gamma = min(0.3 (n / 2000)^-0.1 + 4 b, 1)`
///
/// - `n` is the number of vertices. A cut through a group of `s` cells in `D` dimensions meets
///   edges in proportion to `s^(1 - 1 / D)`, while chance gives `s^2 / n`. So gamma falls with a
///   small power of n. With the power 0.1, halves to eighths of the cells show the same groups.
/// - `b`, the background, is the median over pairs of communities of their contact
///   `2m w_ab / (d_a d_b)`, weighted by `d_a d_b`, at resolution 1.
///   Most pairs of cell types are unrelated, so the edges between them are noise.
/// - At gamma = 1 the objective is modularity. In pure noise b comes near 1, and all cells are one
///   cluster. With a number of clusters given, gamma is at most 0.6.
///
/// **Tree.** Communities are detected at 1.5 gamma and merged one by one, in the order of the gain
/// `w_ab - gamma d_a d_b / 2m`. The result is the cut through this tree that agrees most with 14
/// partitions (seven resolutions from half to two and a half times gamma, each on the graph and on a
/// graph with four fifths of its edges):
///
/// `max sum_i mean_P |C_i and P_i| / |C_i or P_i|`
///
/// **Evidence.** Communities of noise change with the resolution and with the edges; still one of
/// the many cuts may be more stable than all cells together, above all with few cells. So a cut
/// counts only if there is a resolution at which it is found again: its mean agreement (adjusted
/// Rand index) with the partition of fewer edges is at least 0.65. Otherwise all cells are
/// one group.
///
/// **Small groups.** Modularity merges small, well-separated groups. So each cluster is clustered
/// again by itself, at a fifth of the resolution without noise. It is split where its parts satisfy
///
/// `w_ab (1 / d_a + 1 / d_b) < 0.06 (n / 2000)^-0.1`
///
/// and are found again with four fifths of the edges. The parts have the stability of the cluster.
///
/// **Large graphs.** Above 30,000 vertices the graph is contracted first: its communities at
/// resolution 20, far above all others, become its vertices. The objective of a partition into whole
/// groups is the same in both graphs, so one run over all vertices is enough.
///
/// **A given number.** The result is the best cut of the tree into that many groups. If the tree
/// has too few communities, the groups detected without a number are split along a fine partition,
/// where the objective gains most or loses least. So a number that is too large gives small groups,
/// not halves of large ones. Groups of one or two vertices appear only when nothing else gives the
/// number.
///
/// ```
/// use morula_cluster::{NClusters, communities};
/// use morula_data::CsrMatrix;
///
/// // Two groups of 10 vertices, joined by weak edges.
/// let weight = |i: usize, j: usize| match i / 10 == j / 10 {
///     _ if i == j => 0.0,
///     true => 1.0,
///     false => 0.01,
/// };
/// let dense: Vec<f32> = (0..400).map(|at| weight(at / 20, at % 20)).collect();
/// let graph = CsrMatrix::from_dense(20, 20, &dense)?;
///
/// let found = communities(&graph, NClusters::Auto, 0)?;
/// assert_eq!(found.labels, [[0; 10], [1; 10]].concat());
/// assert_eq!(found.stability, [1.0; 20]);
/// assert_eq!(communities(&graph, NClusters::Given(1), 0)?.labels, [0; 20]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// As [`leiden`](crate::leiden()); [`ClusterError::Parameter`](crate::ClusterError::Parameter) for
/// a number of clusters that is 0 or larger than the number of vertices.
pub fn communities(graph: &CsrMatrix, n_clusters: NClusters, seed: u64) -> Result<Communities> {
    Detection::new(graph, n_clusters, seed)?.communities(n_clusters)
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::agreement::agreement;
    use super::*;
    use crate::labels::count;
    use crate::leiden::cliques;

    fn found(sizes: &[usize], k: NClusters) -> Communities {
        communities(&cliques(sizes), k, 0).unwrap()
    }

    #[test]
    fn cliques_are_detected_without_a_number() {
        let found = found(&[20, 30, 10, 25], NClusters::Auto);
        assert_eq!(found.n_clusters, 4);
        assert_eq!(found.labels[20..50], [0; 30]);
        assert_eq!(found.stability, [1.0; 85]);
    }

    #[test]
    fn any_given_number_is_returned() {
        for k in [1, 2, 3, 4, 5, 9, 40, 85] {
            let found = found(&[20, 30, 10, 25], NClusters::Given(k));
            assert_eq!(found.n_clusters, k);
            assert_eq!(count(&found.labels), k);
        }
    }

    /// Two large groups, and a small part joined to one of them by weak edges. The third cluster is
    /// that part, not half of a large group.
    #[test]
    fn small_parts_are_split_off_before_large_groups_are_halved() {
        let n = 84;
        let mut dense = vec![0.0; n * n];
        let group = |i: usize| {
            if i < 40 {
                0
            } else if i < 80 {
                1
            } else {
                2
            }
        };
        for i in 0..n {
            for j in (0..n).filter(|&j| j != i) {
                let heavy = group(i) == group(j);
                let linked = group(i).max(group(j)) == 2 && group(i).min(group(j)) == 1;
                dense[i * n + j] = if heavy {
                    1.0
                } else if linked {
                    0.05
                } else {
                    0.0
                };
            }
        }
        let graph = CsrMatrix::from_dense(n, n, &dense).unwrap();
        assert_eq!(communities(&graph, NClusters::Given(2), 0).unwrap().n_clusters, 2);
        let three = communities(&graph, NClusters::Given(3), 0).unwrap().labels;
        assert_eq!(three[80..], [2; 4]);
        assert!(three[..80].iter().all(|&l| l < 2));
    }

    /// Two small cliques with one edge between them are one community among large ones.
    #[test]
    fn small_groups_that_are_almost_separate_are_clusters() {
        let sizes = [8, 8, 60, 60, 60, 60];
        let six = found(&sizes, NClusters::Auto);
        assert_eq!(six.n_clusters, 6);
        assert!(six.labels[..8] == [six.labels[0]; 8] && six.labels[0] != six.labels[8]);
        // Both have the stability of the community that they share.
        assert_eq!(six.stability, [1.0; 256]);
        assert_eq!(found(&sizes, NClusters::Given(6)), six);
        assert_eq!(found(&sizes, NClusters::Given(5)).labels[..16], [4; 16]);
        let seven = found(&sizes, NClusters::Given(7));
        assert!(seven.n_clusters == 7 && agreement(&six.labels, &seven.labels, &[1; 256]) > 0.8);
    }

    /// Three groups of 50, 24% of the pairs joined within and 9% between.
    #[test]
    fn a_given_number_is_found_in_noise() {
        let n = 150;
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut dense = vec![0.0; n * n];
        for i in 0..n {
            for j in 0..i {
                let share = if i / 50 == j / 50 { 0.24 } else { 0.09 };
                if rng.random_bool(share) {
                    dense[i * n + j] = 1.0;
                    dense[j * n + i] = 1.0;
                }
            }
        }
        let graph = CsrMatrix::from_dense(n, n, &dense).unwrap();
        let found = communities(&graph, NClusters::Given(3), 0).unwrap();
        let truth: Vec<usize> = (0..n).map(|i| i / 50).collect();
        let agreement = agreement(&truth, &found.labels, &vec![1; n]);
        assert!(agreement > 0.7, "{agreement}");
    }

    /// Many pieces.
    #[test]
    fn a_graph_in_pieces() {
        let pieces = 532;
        let ends = |i: usize| if i.is_multiple_of(2) { i + 1 } else { i - 1 };
        let indices = (0..2 * pieces).map(|i| ends(i) as u32).collect();
        let indptr = (0..=2 * pieces).collect();
        let n = 2 * pieces;
        let pairs = CsrMatrix::new(n, n, indptr, indices, vec![1.0; n]).unwrap();
        assert_eq!(communities(&pairs, NClusters::Auto, 0).unwrap().n_clusters, pieces);
        for k in [3, n] {
            assert_eq!(communities(&pairs, NClusters::Given(k), 0).unwrap().n_clusters, k);
        }
    }

    #[test]
    fn degenerate_graphs_and_numbers() {
        let none = CsrMatrix::from_dense(3, 3, &[0.0; 9]).unwrap();
        for k in 1..=3 {
            assert_eq!(communities(&none, NClusters::Given(k), 0).unwrap().n_clusters, k);
        }
        for k in [0, 4] {
            assert!(communities(&none, NClusters::Given(k), 0).is_err());
        }
        let empty = communities(&CsrMatrix::default(), NClusters::Auto, 0).unwrap();
        assert_eq!((empty.n_clusters, empty.labels.len()), (0, 0));
    }
}
