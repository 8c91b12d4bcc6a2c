//! Splits clusters until they reach a given number.

use crate::Result;
use crate::graph::{AggregateGraph, ContractedGraph};
use crate::labels::count;
use crate::leiden::{LeidenParams, Partitioner};

/// First resolution of the search for parts, its factor, and the last resolution.
const FINE: f64 = 10.0;
const FINER: f64 = 4.0;
const FINEST: f64 = 1e9;

/// Least number of cells of a part. Parts of one or two cells become clusters only when nothing else
/// gives the number.
pub(super) const LEAST: usize = 3;

/// Splits clusters into the parts of a fine partition, then merges parts of the same cluster until
/// `k` are left.
pub(super) fn split(
    graph: &ContractedGraph<'_>,
    leiden: &Partitioner,
    coarse: &[usize],
    (k, resolution): (usize, f64),
    seed: u64,
) -> Result<Vec<usize>> {
    let mut finer = FINE;
    loop {
        let fine = leiden.run(&LeidenParams { resolution: finer, seed, n_init: 1 })?;
        let parts = common(coarse, &fine);
        let m = count(&parts);
        if m >= k || finer > FINEST {
            let mut parents = vec![0; m];
            parts.iter().zip(coarse).for_each(|(&part, &c)| parents[part] = c);
            let joined = AggregateGraph::new(graph, &parts).join(&parents, (k, LEAST), resolution);
            return Ok(parts.iter().map(|&part| joined[part]).collect());
        }
        finer *= FINER;
    }
}

/// The coarsest partition that is finer than both.
pub(crate) fn common(a: &[usize], b: &[usize]) -> Vec<usize> {
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
    use super::*;
    use crate::leiden::cliques;

    #[test]
    fn the_common_refinement() {
        assert_eq!(common(&[0, 0, 1, 1], &[0, 1, 1, 1]), [0, 1, 2, 2]);
        assert!(common(&[], &[]).is_empty());
    }

    /// Twelve cliques, two per cluster. The seventh cluster splits one of these pairs between its
    /// cliques.
    #[test]
    fn clusters_are_split_between_their_parts() {
        let graph = cliques(&[6; 12]);
        let coarse: Vec<usize> = (0..72).map(|i| i / 12).collect();
        let leiden = Partitioner::new(&graph).unwrap();
        let seven = split(&ContractedGraph::whole(&graph), &leiden, &coarse, (7, 0.5), 0).unwrap();
        let distinct: std::collections::BTreeSet<_> = seven.iter().collect();
        assert_eq!(distinct.len(), 7, "{seven:?}");
        for clique in seven.chunks(6) {
            assert!(clique.iter().all(|k| *k == clique[0]), "{seven:?}");
        }
    }
}
