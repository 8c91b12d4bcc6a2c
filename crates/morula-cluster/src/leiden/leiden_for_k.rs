//! Leiden with its resolution tuned to a number of clusters.

use morula_data::CsrMatrix;

use super::{LeidenParams, Partitioner};
use crate::Result;
use crate::error::require;
use crate::labels::count;

/// Bounds of the search for the resolution, beyond what any data needs on both sides.
const COARSEST: f64 = 1e-3;
const FINEST: f64 = 1e2;

/// Most runs. This many halvings of the exponent's range leave factors below 1.0001.
const MAX_RUNS: usize = 20;

/// [`leiden`](super::leiden) at the resolution that gives `n_clusters`, found by bisection on its
/// logarithm. If no resolution gives that number, the result has the nearest number found. A graph
/// with more connected components than `n_clusters` has at least one cluster for each.
///
/// ```
/// use morula_cluster::leiden_for_k;
/// use morula_data::CsrMatrix;
///
/// // Two pairs, each joined by a heavy edge.
/// let w = [0., 5., 0., 1., 5., 0., 1., 0., 0., 1., 0., 5., 1., 0., 5., 0.];
/// let graph = CsrMatrix::from_dense(4, 4, &w)?;
/// assert_eq!(leiden_for_k(&graph, 2, 0)?, [0, 0, 1, 1]);
/// assert_eq!(leiden_for_k(&graph, 1, 0)?, [0; 4]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// As [`leiden`](super::leiden); [`ClusterError::Parameter`](crate::ClusterError::Parameter) when
/// `n_clusters` is 0.
pub fn leiden_for_k(graph: &CsrMatrix, n_clusters: usize, seed: u64) -> Result<Vec<usize>> {
    require("n_clusters", n_clusters, n_clusters >= 1, "give a whole number of at least 1")?;
    let graph = Partitioner::new(graph)?;
    let [mut low, mut high] = [COARSEST.ln(), FINEST.ln()];
    let mut best: Option<(usize, Vec<usize>)> = None;
    for _ in 0..MAX_RUNS {
        let middle = (low + high) / 2.0;
        let labels = graph.run(&LeidenParams { resolution: middle.exp(), seed, n_init: 1 })?;
        let found = count(&labels);
        match found.cmp(&n_clusters) {
            std::cmp::Ordering::Less => low = middle,
            std::cmp::Ordering::Greater => high = middle,
            std::cmp::Ordering::Equal => return Ok(labels),
        }
        let off = found.abs_diff(n_clusters);
        if best.as_ref().is_none_or(|b| off < b.0) {
            best = Some((off, labels));
        }
    }
    Ok(best.map(|b| b.1).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::super::cliques;
    use super::*;

    fn found(graph: &CsrMatrix, k: usize) -> usize {
        count(&leiden_for_k(graph, k, 0).unwrap())
    }

    #[test]
    fn the_given_number_is_returned() {
        let graph = cliques(&[6, 9, 7, 5, 8]);
        for k in [1, 2, 3, 5, 35] {
            assert_eq!(found(&graph, k), k);
        }
    }

    #[test]
    fn unconnected_parts_are_never_merged() {
        let parts = CsrMatrix::from_dense(3, 3, &[0.0; 9]).unwrap();
        assert_eq!(found(&parts, 2), 3);
        assert!(leiden_for_k(&parts, 0, 0).is_err());
        assert!(leiden_for_k(&CsrMatrix::default(), 2, 0).unwrap().is_empty());
    }
}
