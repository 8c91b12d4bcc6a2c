//! Groups of vertices as the vertices of a smaller graph, and merging them.

use super::ContractedGraph;

/// Sums of edge weights within and between groups of vertices, every edge in both directions.
pub(crate) struct AggregateGraph {
    /// Row-major `m x m`, symmetric.
    weights: Vec<f64>,
    /// Sum of the weights of each group.
    degrees: Vec<f64>,
    /// Sum of all weights, `2m`.
    total: f64,
    /// Cells of each group.
    sizes: Vec<usize>,
    /// Groups that are not merged into another.
    alive: Vec<usize>,
    m: usize,
}

impl AggregateGraph {
    /// Sums the weights of `graph` over the groups `0..m` of `labels`.
    pub fn new(graph: &ContractedGraph<'_>, labels: &[usize]) -> Self {
        let m = labels.iter().max().map_or(0, |k| k + 1);
        let (mut weights, mut sizes) = (vec![0.0; m * m], vec![0; m]);
        for (((columns, values), &a), &size) in graph.rows().zip(labels).zip(graph.sizes()) {
            sizes[a] += size;
            for (&j, &w) in columns.iter().zip(values) {
                weights[a * m + labels[j as usize]] += f64::from(w);
            }
        }
        let degrees: Vec<f64> = (0..m).map(|a| weights[a * m..(a + 1) * m].iter().sum()).collect();
        let total = degrees.iter().sum();
        Self { weights, degrees, total, sizes, alive: (0..m).collect(), m }
    }

    fn between(&self, [a, b]: [usize; 2]) -> f64 {
        self.weights[a * self.m + b]
    }

    /// What merging a pair adds to Leiden's objective: `w_ab - gamma d_a d_b / 2m`.
    pub fn gain(&self, [a, b]: [usize; 2], resolution: f64) -> f64 {
        let cost = if self.total > 0.0 { resolution / self.total } else { 0.0 };
        self.between([a, b]) - cost * self.degrees[a] * self.degrees[b]
    }

    /// Leiden's objective of these groups: `sum_a w_aa / 2 - gamma d_a^2 / 4m`.
    #[cfg(test)]
    pub fn objective(&self, resolution: f64) -> f64 {
        self.alive.iter().map(|&a| self.gain([a, a], resolution) / 2.0).sum()
    }

    /// The contact of a pair, `2m w_ab / (d_a d_b)`: the weight between them as a share of the
    /// weight expected by chance. 0 where nothing is expected.
    pub fn contact(&self, [a, b]: [usize; 2]) -> f64 {
        let chance = self.degrees[a] * self.degrees[b];
        if chance > 0.0 { self.between([a, b]) * self.total / chance } else { 0.0 }
    }

    /// The background: the weighted median over pairs of groups of their contact
    /// `2m w_ab / (d_a d_b)`, the weight between two groups as a share of the weight expected by
    /// chance. A pair weighs `d_a d_b`. 0 for fewer than two groups.
    pub fn background(&self) -> f64 {
        let pairs = (0..self.m).flat_map(|a| (0..a).map(move |b| (a, b)));
        let mut shares: Vec<(f64, f64)> = pairs
            .map(|(a, b)| (self.contact([a, b]), self.degrees[a] * self.degrees[b]))
            .filter(|pair| pair.1 > 0.0)
            .collect();
        shares.sort_by(|a, b| a.0.total_cmp(&b.0));
        let half = shares.iter().map(|share| share.1).sum::<f64>() / 2.0;
        let mut below = 0.0;
        let median = shares.iter().find(|share| {
            below += share.1;
            below >= half
        });
        median.map_or(0.0, |share| share.0)
    }

    /// The pair of groups with the same parent whose merging gains most, or costs least; pairs with
    /// a group of fewer than `least` cells come first.
    pub fn best_pair(
        &self,
        parents: &[usize],
        least: usize,
        resolution: f64,
    ) -> Option<[usize; 2]> {
        let pairs = self.alive.iter().enumerate().flat_map(|(p, &a)| {
            self.alive[..p].iter().filter(move |&&b| parents[a] == parents[b]).map(move |&b| [b, a])
        });
        let rated = pairs.map(|pair| {
            let small = self.sizes[pair[0]].min(self.sizes[pair[1]]) < least;
            (pair, small, self.gain(pair, resolution))
        });
        let best = rated.max_by(|x, y| x.1.cmp(&y.1).then(x.2.total_cmp(&y.2)));
        best.map(|(pair, _, _)| pair)
    }

    /// Merges a pair of groups. The first of them denotes both.
    pub fn merge(&mut self, [a, b]: [usize; 2]) {
        for c in 0..self.m {
            let moved = self.between([b, c]);
            self.weights[a * self.m + c] += moved;
        }
        for c in 0..self.m {
            let moved = self.between([c, b]);
            self.weights[c * self.m + a] += moved;
        }
        self.degrees[a] += self.degrees[b];
        self.sizes[a] += self.sizes[b];
        self.alive.retain(|&c| c != b);
    }

    /// Merges groups until `n_groups` are left. Only groups with the same parent are merged; groups
    /// with fewer than `least` cells come first. A merged group has the number of its first
    /// member.
    pub fn join(
        mut self,
        parents: &[usize],
        (n_groups, least): (usize, usize),
        resolution: f64,
    ) -> Vec<usize> {
        let mut group: Vec<usize> = (0..self.m).collect();
        while self.alive.len() > n_groups.max(1) {
            let Some([a, b]) = self.best_pair(parents, least, resolution) else { break };
            self.merge([a, b]);
            group.iter_mut().filter(|g| **g == b).for_each(|g| *g = a);
        }
        group
    }
}

#[cfg(test)]
mod tests {
    use morula_data::CsrMatrix;

    use super::*;
    use crate::leiden::cliques;

    fn of(graph: &CsrMatrix, labels: &[usize]) -> AggregateGraph {
        AggregateGraph::new(&ContractedGraph::whole(graph), labels)
    }

    #[test]
    fn weights_are_summed_in_both_directions() {
        let graph = CsrMatrix::from_dense(3, 3, &[0., 1., 2., 1., 0., 0., 2., 0., 0.]).unwrap();
        let groups = of(&graph, &[0, 0, 1]);
        assert_eq!(groups.weights, [2.0, 2.0, 2.0, 0.0]);
        assert_eq!((groups.degrees[0], groups.between([1, 0])), (4.0, 2.0));
        // 2m = 6: 2 * 6 / (4 * 2).
        assert_eq!(groups.contact([0, 1]), 1.5);
    }

    #[test]
    fn the_weighted_median_of_pairs() {
        // Groups in a row: neighbours share an edge, the two ends do not.
        let labels = [0, 0, 0, 1, 1, 1, 2, 2, 2];
        let groups = of(&cliques(&[3, 3, 3]), &labels);
        let [ends, middle] = [7.0, 8.0];
        assert!((groups.background() - 22.0 / (ends * middle)).abs() < 1e-12);
        assert_eq!(of(&cliques(&[4]), &[0; 4]).background(), 0.0);
        assert_eq!(of(&CsrMatrix::default(), &[]).background(), 0.0);
    }

    #[test]
    fn the_pair_that_costs_least_is_merged_first() {
        // 0 - 1 - 2 - 3 with one edge each: merging the two small groups costs least.
        let graph = cliques(&[6, 3, 4, 6]);
        let labels = [0, 0, 0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3];
        let join =
            |parents: [usize; 4], n, gamma| of(&graph, &labels).join(&parents, (n, 1), gamma);
        assert_eq!(join([0; 4], 3, 1.0), [0, 1, 1, 3]);
        // Into two groups: 3 + 4 with one of the 6, never both 6.
        let two = join([0; 4], 2, 1.0);
        assert!(two == [0, 0, 0, 3] || two == [0, 1, 1, 1], "{two:?}");
        assert_eq!(join([0, 1, 0, 1], 2, 1.0), [0, 1, 0, 1]);
        assert_eq!(join([0; 4], 0, 0.3), [0; 4]);
    }

    #[test]
    fn unconnected_groups_are_merged_to_reach_the_number() {
        let graph = CsrMatrix::from_dense(3, 3, &[0.0; 9]).unwrap();
        let joined = of(&graph, &[0, 1, 2]).join(&[0; 3], (1, 1), 1.0);
        assert_eq!(joined, [0, 0, 0]);
    }

    #[test]
    fn small_groups_are_merged_first() {
        // 0 and 1 are halves of one clique; 2 and 3 are single vertices, each joined to it by one
        // edge.
        let mut dense = vec![0.0; 64];
        let edges = (0..6).flat_map(|i| (0..i).map(move |j| (i, j))).chain([(6, 0), (7, 5)]);
        for (i, j) in edges {
            dense[i * 8 + j] = 1.0;
            dense[j * 8 + i] = 1.0;
        }
        let graph = CsrMatrix::from_dense(8, 8, &dense).unwrap();
        let labels = [0, 0, 0, 1, 1, 1, 2, 3];
        let join = |n, least| of(&graph, &labels).join(&[0; 4], (n, least), 1.0);
        assert_eq!(join(3, 1), [0, 0, 2, 3]);
        assert_eq!(join(2, 3), [0, 1, 0, 1]);
        assert_eq!(join(3, 3), [0, 1, 2, 1], "the given number");
    }
}
