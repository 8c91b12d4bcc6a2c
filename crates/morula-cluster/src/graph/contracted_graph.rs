//! A graph whose vertices are groups of cells.

use std::borrow::Cow;

use morula_data::CsrMatrix;
use rand::{Rng, RngExt};

/// A graph whose vertices are cells, or groups of cells.
///
/// Weights between two groups add up. Weights within a group are an edge of the group with itself.
/// So Leiden's objective of a partition into whole groups is the same in both graphs.
pub(crate) struct ContractedGraph<'a> {
    /// Symmetric. The diagonal holds the weights within a group, every edge in both directions.
    weights: Cow<'a, CsrMatrix>,
    /// Number of edges behind every weight; one each where there are no groups.
    n_edges: Option<Vec<u32>>,
    /// Number of cells of every vertex.
    sizes: Vec<usize>,
}

/// An edge, in one direction.
pub(crate) struct Edge {
    pub ends: [usize; 2],
    pub weight: f32,
    /// Number of edges between cells that it stands for.
    n_edges: u32,
}

impl<'a> ContractedGraph<'a> {
    /// The graph of the cells themselves.
    pub fn whole(graph: &'a CsrMatrix) -> Self {
        let sizes = vec![1; graph.n_rows()];
        Self { weights: Cow::Borrowed(graph), n_edges: None, sizes }
    }

    /// The graph of the groups `0..m` of the cells of a square graph.
    pub fn new(graph: &CsrMatrix, groups: &[usize]) -> Self {
        let m = groups.iter().max().map_or(0, |g| g + 1);
        let mut members = vec![Vec::new(); m];
        groups.iter().enumerate().for_each(|(i, &group)| members[group].push(i));
        let (mut indptr, mut indices, mut data) = (vec![0], Vec::new(), Vec::new());
        let mut n_edges = Vec::new();
        let mut sums = vec![(0.0_f64, 0_u32); m];
        for (group, members) in members.iter().enumerate() {
            let mut seen: Vec<usize> = Vec::new();
            for &i in members {
                let (columns, weights) = graph.row(i);
                for (&j, &w) in columns.iter().zip(weights) {
                    let other = groups[j as usize];
                    let sum = &mut sums[other];
                    if sum.1 == 0 {
                        seen.push(other);
                    }
                    *sum = (sum.0 + f64::from(w), sum.1 + 1);
                }
            }
            seen.sort_unstable();
            for other in seen {
                let (weight, n) = std::mem::take(&mut sums[other]);
                indices.push(other as u32);
                data.push(weight as f32);
                n_edges.push(if other == group { n / 2 } else { n });
            }
            indptr.push(indices.len());
        }
        let weights = CsrMatrix::new(m, m, indptr, indices, data)
            .unwrap_or_else(|_| unreachable!("the columns of a row are distinct groups"));
        let sizes = members.iter().map(Vec::len).collect();
        Self { weights: Cow::Owned(weights), n_edges: Some(n_edges), sizes }
    }

    /// Number of cells of every vertex.
    pub fn sizes(&self) -> &[usize] {
        &self.sizes
    }

    /// Number of vertices.
    pub fn n_vertices(&self) -> usize {
        self.sizes.len()
    }

    /// The other ends and weights of every vertex, every edge in both directions.
    pub fn rows(&self) -> impl Iterator<Item = (&[u32], &[f32])> {
        self.weights.rows()
    }

    /// The edges from a vertex to itself and to later ones.
    pub fn edges_of(&self, i: usize) -> impl Iterator<Item = Edge> {
        let (columns, weights) = self.weights.row(i);
        let n_edges = self.n_edges.as_ref().map(|n| {
            let first = self.weights.indptr()[i];
            &n[first..first + columns.len()]
        });
        let edge = move |at: usize| {
            let (j, n_edges) = (columns[at] as usize, n_edges.map_or(1, |n| n[at]));
            let weight = if j == i { weights[at] / 2.0 } else { weights[at] };
            Edge { ends: [i, j], weight, n_edges }
        };
        let from = columns.partition_point(|&j| (j as usize) < i);
        // A cell is no neighbour of itself.
        (from..columns.len()).map(edge).filter(move |e| n_edges.is_some() || e.ends[1] != i)
    }

    /// All edges, each in one direction.
    pub fn edges(&self) -> impl Iterator<Item = Edge> {
        (0..self.n_vertices()).flat_map(|i| self.edges_of(i))
    }
}

impl Edge {
    /// The same edge between vertices of other numbers.
    pub fn at(&self, ends: [usize; 2]) -> Self {
        Self { ends, ..*self }
    }

    /// The edge as it is.
    pub fn whole(&self) -> (usize, usize, f32) {
        let [i, j] = self.ends;
        (i, j, self.weight)
    }

    /// What is left when every edge between cells is kept with the probability `share`.
    pub fn thinned(&self, share: f64, rng: &mut impl Rng) -> Option<(usize, usize, f32)> {
        let kept = (0..self.n_edges).filter(|_| rng.random_bool(share)).count();
        let [i, j] = self.ends;
        (kept > 0).then(|| (i, j, self.weight * kept as f32 / self.n_edges as f32))
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;
    use crate::leiden::cliques;

    #[test]
    fn weights_between_groups_add_up() {
        // Two cliques of three, joined by an edge.
        let graph = cliques(&[3, 3]);
        let contracted = ContractedGraph::new(&graph, &[0, 0, 1, 2, 2, 2]);
        assert_eq!(contracted.sizes(), [2, 1, 3]);
        assert_eq!(contracted.weights.to_dense(), [2., 2., 0., 2., 0., 1., 0., 1., 6.]);
        let edges: Vec<_> = contracted.edges().map(|e| (e.whole(), e.n_edges)).collect();
        let expected = [((0, 0, 1.0), 1), ((0, 1, 2.0), 2), ((1, 2, 1.0), 1), ((2, 2, 3.0), 3)];
        assert_eq!(edges, expected);
    }

    #[test]
    fn without_groups_edges_are_those_of_cells() {
        let graph = CsrMatrix::from_dense(2, 2, &[9.0, 1.0, 1.0, 0.0]).unwrap();
        let edges: Vec<_> = ContractedGraph::whole(&graph).edges().map(|e| e.whole()).collect();
        assert_eq!(edges, [(0, 1, 1.0)]);
    }

    #[test]
    fn thinning_keeps_a_share_of_the_edges_between_cells() {
        let graph = cliques(&[40, 40]);
        let groups: Vec<usize> = (0..80).map(|i| i / 20).collect();
        let contracted = ContractedGraph::new(&graph, &groups);
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(0);
        let sum = |edges: &mut dyn Iterator<Item = (usize, usize, f32)>| edges.map(|e| e.2).sum();
        let all: f32 = sum(&mut contracted.edges().map(|e| e.whole()));
        let kept: f32 = sum(&mut contracted.edges().filter_map(|e| e.thinned(0.8, &mut rng)));
        assert_eq!(all, 1561.0);
        assert!((kept / all - 0.8).abs() < 0.03, "{kept}");
    }

    #[test]
    fn no_cells() {
        let contracted = ContractedGraph::new(&CsrMatrix::default(), &[]);
        assert_eq!((contracted.n_vertices(), contracted.edges().count()), (0, 0));
    }
}
