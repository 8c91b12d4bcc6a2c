//! Communities of a graph at the granularity that its own noise allows, or in a given number.

use morula_data::CsrMatrix;

use super::found::find;
use super::granularity::Granularity;
use crate::{NClusters, Result};

/// What [`communities`] found.
#[derive(Debug, Clone, PartialEq)]
pub struct Communities {
    /// Cluster of every vertex, the largest cluster 0.
    pub labels: Vec<usize>,
    /// Number of clusters.
    pub n_clusters: usize,
    /// How well the cluster of every vertex is found again, 0 to 1: the mean over partitions
    /// `P`, of the whole graph and of four fifths of its edges at half to two and a half times the
    /// resolution, of `|C_i and P_i| / |C_i or P_i|` with the clusters `C_i` here and `P_i` there
    /// that vertex i is in (Jaccard's index, by which Hennig 2007 judges clusters; here of every
    /// vertex).
    pub stability: Vec<f32>,
    /// How the number came about.
    pub evidence: Granularity,
}

/// [Leiden](super::leiden()) communities of a weighted graph of neighbours, joined to those groups
/// that are found again whatever the resolution.
///
/// Leiden joins two groups when between them lie more than gamma times the edges that chance
/// would put there. In a noisy graph chance itself puts edges between any two groups, so gamma has
/// to rise with the noise, or everything grows together:
///
/// `gamma = min(0.3 (n / 2000)^-0.1 + 4 b, 1)`
///
/// where `n` is the number of vertices. The more cells are sequenced, the fewer of a type are
/// neighbours, as a share: at the same gamma the same tissue falls into the more parts the more of
/// its cells there are. A cut through a group of `s` cells in `D` dimensions meets edges in
/// proportion to `s^(1 - 1 / D)`, where chance would put `s^2 / n`, so gamma has to fall with a small
/// power of n; 0.1 is the one with which halves to eighths of the cells, in views of expression, show
/// the groups that all of them show. And `b`, the background, is the median over pairs of communities
/// (at resolution 1, the mean of five partitions) of `2m w_ab / (d_a d_b)`, weighted by `d_a d_b`:
/// most pairs of cell types have nothing to do with each other, and what lies between them is
/// noise. At 1 the objective is modularity; where b comes near to that, as it does in pure noise,
/// there is nothing to tell apart and all is one cluster. Given a number of clusters, gamma is at
/// most 0.6.
///
/// That is a guess; half of it and two and a half times as much are plausible too. So communities
/// are found at 1.5 gamma, and joined one by one, in the order of
/// `w_ab - gamma d_a d_b / 2m`, which is what the objective gains. Of all cuts through this tree
/// the one is taken whose groups are most alike to the clusters of 28 partitions (at seven
/// resolutions, of the graph and of three with four fifths of its edges):
///
/// `max sum_i mean_P |C_i and P_i| / |C_i or P_i|`
///
/// What is small is joined however separate it is, for chance would put next to nothing between
/// small groups; so a cluster is parted whose own graph has communities `a`, `b` at a fifth of the
/// resolution without noise,
///
/// `w_ab (1 / d_a + 1 / d_b) < 0.06 (n / 2000)^-0.1`
///
/// that are found again with four fifths of its edges. They are as stable as the cluster was.
///
/// Given a number of clusters, it is the best cut into that many. If there are too few communities,
/// the groups that are found without a number are split into the parts that a fine partition shows, as
/// the objective gains most or loses least by, so that a number that is too large finds small groups
/// rather than halves of large ones; one or two vertices are a group only where the number
/// cannot be met otherwise.
///
/// Which communities are the best may hang on a few edges. So those at 1.5 gamma are looked for in
/// ten graphs that keep four fifths of the edges, and are then the communities of the graph in
/// which an edge weighs `w_ij` times the share of the ten partitions that do not cut it (consensus
/// clustering, Monti et al. 2003).
///
/// # Errors
/// As [`leiden`](super::leiden()); [`ModelError::Parameter`](crate::ModelError::Parameter) for a
/// number of clusters that is 0 or larger than the number of vertices.
pub fn communities(graph: &CsrMatrix, n_clusters: NClusters, seed: u64) -> Result<Communities> {
    let found = find(graph, n_clusters, seed)?;
    let (stability, evidence) = (found.stability(), found.evidence());
    Ok(Communities { labels: found.labels, n_clusters: found.n_clusters, stability, evidence })
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::super::agreement::agreement;
    use super::super::consensus::consensus;
    use super::super::found::{FINENESS, MOST};
    use super::super::leiden::tests::cliques;
    use super::super::number;
    use super::*;

    fn found(sizes: &[usize], k: NClusters) -> Communities {
        communities(&cliques(sizes), k, 0).unwrap()
    }

    #[test]
    fn cliques_are_found_without_being_told() {
        let found = found(&[20, 30, 10, 25], NClusters::Auto);
        assert_eq!(found.n_clusters, 4);
        assert_eq!(found.labels[20..50], [0; 30]);
        let chosen = &found.evidence.around[3];
        assert_eq!((chosen.n_clusters, chosen.stability, chosen.agreement), (4, 1.0, 1.0));
        assert_eq!(found.stability, [1.0; 85]);
        assert!(found.evidence.background < 0.05, "{:?}", found.evidence);
    }

    #[test]
    fn any_number_that_is_given_is_met() {
        for k in [1, 2, 3, 4, 5, 9, 40, 85] {
            let found = found(&[20, 30, 10, 25], NClusters::Given(k));
            assert_eq!(found.n_clusters, k);
            assert_eq!(number(&found.labels), k);
            assert_eq!(found.evidence.n_found, 4);
        }
    }

    /// Two large groups, one of them with a small part that hangs on by a few edges: the third
    /// cluster is that part, not half of a large group.
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

    /// A ring of 120, whose halves are found again most often though communities at 1.5 gamma are
    /// quarters, and four double cliques. Told more than there are communities, those six stay.
    #[test]
    fn what_is_found_without_a_number_is_split_and_not_mixed() {
        let n = 120 + 4 * 14;
        let mut dense = vec![0.0; n * n];
        let mut join = |i: usize, j: usize, w: f32| {
            dense[i * n + j] = w;
            dense[j * n + i] = w;
        };
        (0..120).for_each(|i| (1..=9).for_each(|step| join(i, (i + step) % 120, 1.0)));
        for first in (120..n).step_by(14) {
            for i in 0..7 {
                for j in 0..i {
                    join(first + i, first + j, 1.0);
                    join(first + 7 + i, first + 7 + j, 1.0);
                }
                join(first + i, first + 7 + i, 0.9);
                join(first + i, first + 7 + (i + 1) % 7, 0.9);
            }
        }
        let graph = CsrMatrix::from_dense(n, n, &dense).unwrap();
        let found = communities(&graph, NClusters::Auto, 0).unwrap();
        let fine = consensus(&graph, FINENESS * found.evidence.resolution, 0).unwrap();
        assert_eq!((found.n_clusters, number(&fine)), (6, 8));
        let more = communities(&graph, NClusters::Given(9), 0).unwrap();
        let agreement = agreement(&found.labels, &more.labels);
        assert!(more.n_clusters == 9 && agreement > 0.95, "{agreement} {:?}", more.labels);
    }

    /// Two small cliques with one edge between them are one community among large ones.
    #[test]
    fn small_groups_that_are_all_but_separate_are_clusters() {
        let sizes = [8, 8, 60, 60, 60, 60];
        let six = found(&sizes, NClusters::Auto);
        assert_eq!((six.evidence.n_stable, six.evidence.n_found, six.n_clusters), (5, 6, 6));
        assert!(six.labels[..8] == [six.labels[0]; 8] && six.labels[0] != six.labels[8]);
        // They are as sure as the two are together.
        assert_eq!(six.stability, [1.0; 256]);
        assert_eq!(found(&sizes, NClusters::Given(6)), six);
        assert_eq!(found(&sizes, NClusters::Given(5)).labels[..16], [4; 16]);
        let seven = found(&sizes, NClusters::Given(7));
        assert!(seven.n_clusters == 7 && agreement(&six.labels, &seven.labels) > 0.8);
    }

    /// Rings of 50 vertices, with nothing between them.
    #[test]
    fn the_resolution_falls_as_there_are_more_vertices() {
        let near = |i: usize| {
            let mut ends = [1, 49].map(|step| (i / 50 * 50 + (i + step) % 50) as u32);
            ends.sort_unstable();
            ends
        };
        let resolution = |n: usize| {
            let (indptr, indices) = ((0..=n).map(|i| 2 * i).collect(), (0..n).flat_map(near));
            let rings = CsrMatrix::new(n, n, indptr, indices.collect(), vec![1.0; 2 * n]).unwrap();
            communities(&rings, NClusters::Auto, 0).unwrap().evidence.resolution
        };
        assert!((resolution(2000) - 0.3).abs() < 1e-9);
        assert!((resolution(200) - 0.3 * 10_f64.powf(0.1)).abs() < 1e-9);
    }

    /// Edges by chance between all groups raise the background, and the groups stay apart.
    #[test]
    fn noise_raises_the_resolution() {
        let sizes = [30; 5];
        let mut dense = cliques(&sizes).to_dense();
        dense.iter_mut().for_each(|w| *w = *w * 0.4 + 0.05);
        (0..150).for_each(|i| dense[i * 151] = 0.0);
        let noisy = CsrMatrix::from_dense(150, 150, &dense).unwrap();
        let found = communities(&noisy, NClusters::Auto, 0).unwrap();
        assert_eq!(found.n_clusters, 5, "{:?}", found.evidence);
        assert!(found.evidence.background > 0.2, "{:?}", found.evidence);
    }

    /// Three groups of 50, 24% of the pairs joined within and 9% between. With gamma at 1, as without
    /// a number, the agreement with the groups is .32.
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
        let agreement = agreement(&truth, &found.labels);
        assert!(agreement > 0.7, "{agreement} {:?}", found.evidence);
    }

    /// More pieces than a tree is made of.
    #[test]
    fn a_graph_in_pieces() {
        let pieces = MOST + 20;
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
