//! Splitting clusters until there are as many as asked for.

use morula_data::CsrMatrix;

use super::affinity::Affinity;
use super::leiden::{LeidenParams, Partitioner};
use super::number;
use crate::Result;

/// Where splits begin to be looked for, and how the search goes on.
const FINE: f64 = 10.0;
const FINER: f64 = 4.0;
const FINEST: f64 = 1e9;

/// Parts of one or two vertices are clusters only where the number cannot be met otherwise.
pub(super) const LEAST: usize = 3;

/// Splits clusters into the parts that a fine partition shows, and joins parts of the same cluster
/// until `k` are left, in the order of what the objective gains.
///
/// The resolution should be well below that of the clusters: at theirs, halves of a large type,
/// between which chance would put many edges too, come near to small groups of their own.
pub(super) fn split(
    graph: &CsrMatrix,
    leiden: &Partitioner,
    coarse: &[usize],
    (k, resolution): (usize, f64),
    seed: u64,
) -> Result<Vec<usize>> {
    let mut finer = FINE;
    loop {
        let fine = leiden.run(&LeidenParams { resolution: finer, seed, n_init: 1 })?;
        let parts = common(coarse, &fine);
        let m = number(&parts);
        if m >= k || finer > FINEST {
            let mut parents = vec![0; m];
            parts.iter().zip(coarse).for_each(|(&part, &c)| parents[part] = c);
            let joined = Affinity::new(graph, &parts).join(&parents, (k, LEAST), resolution);
            return Ok(parts.iter().map(|&part| joined[part]).collect());
        }
        finer *= FINER;
    }
}

/// The coarsest partition that is finer than both.
fn common(a: &[usize], b: &[usize]) -> Vec<usize> {
    let mut known = std::collections::HashMap::new();
    let pairs = a.iter().zip(b);
    pairs
        .map(|pair| {
            let next = known.len();
            *known.entry(pair).or_insert(next)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::leiden::tests::cliques;
    use super::*;

    #[test]
    fn the_common_refinement() {
        assert_eq!(common(&[0, 0, 1, 1], &[0, 1, 1, 1]), [0, 1, 2, 2]);
        assert!(common(&[], &[]).is_empty());
    }

    /// Twelve cliques in pairs: one pair more is cut, and between its cliques.
    #[test]
    fn clusters_are_split_where_parts_are() {
        let graph = cliques(&[6; 12]);
        let coarse: Vec<usize> = (0..72).map(|i| i / 12).collect();
        let leiden = Partitioner::new(&graph).unwrap();
        let seven = split(&graph, &leiden, &coarse, (7, 0.5), 0).unwrap();
        let distinct: std::collections::BTreeSet<_> = seven.iter().collect();
        assert_eq!(distinct.len(), 7, "{seven:?}");
        for clique in seven.chunks(6) {
            assert!(clique.iter().all(|k| *k == clique[0]), "{seven:?}");
        }
    }

    /// A group with two halves of 40, loosely joined, and one of 20 with a part of 5 that hangs on
    /// by a few edges.
    #[test]
    fn at_a_low_resolution_small_parts_go_before_halves() {
        let n = 105;
        let block = |i: usize| [40, 80, 100].iter().filter(|&&end| i >= end).count();
        let weight = |i: usize, j: usize| match [block(i), block(j)] {
            _ if i == j => 0.0,
            [a, b] if a == b => 1.0,
            [0, 1] | [1, 0] => 0.1,
            [2, 3] | [3, 2] => 0.04,
            _ => 0.0,
        };
        let dense: Vec<f32> = (0..n * n).map(|at| weight(at / n, at % n)).collect();
        let graph = CsrMatrix::from_dense(n, n, &dense).unwrap();
        let leiden = Partitioner::new(&graph).unwrap();
        let coarse: Vec<usize> = (0..n).map(|i| block(i) / 2).collect();
        let three = |resolution| split(&graph, &leiden, &coarse, (3, resolution), 0).unwrap();
        let low = three(0.06);
        assert!(low[0] == low[79] && low[80] != low[100] && low[80] == low[99], "{low:?}");
        let high = three(0.3);
        assert!(high[0] != high[79] && high[80] == high[104], "{high:?}");
    }
}
