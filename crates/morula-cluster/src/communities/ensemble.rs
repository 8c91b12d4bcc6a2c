//! Partitions at other resolutions and with fewer edges.

use rayon::prelude::*;

use super::agreement::agreement;
use crate::Result;
use crate::graph::ContractedGraph;
use crate::leiden::{LeidenParams, Partitioner};
use crate::random::{Purpose, stream};

/// Plausible resolutions, as multiples of the chosen one.
const MULTIPLES: [f64; 7] = [0.5, 0.65, 0.85, 1.0, 1.4, 1.9, 2.5];

/// Share of the edges that they keep.
pub(super) const KEPT: f64 = 0.8;

/// Plausible partitions of a graph.
pub(super) struct Ensemble {
    /// Number of cells of every vertex.
    n_cells: Vec<usize>,
    levels: Vec<Partitions>,
}

/// Partitions at one resolution.
struct Partitions {
    whole: Vec<usize>,
    thinned: Vec<usize>,
}

impl Ensemble {
    /// Partitions of the graph, whole and with four fifths of its edges, at half to two and a half
    /// times the resolution. They are independent of each other and run in parallel.
    pub fn new(
        graph: &ContractedGraph<'_>,
        whole: &Partitioner,
        resolution: f64,
        seed: u64,
    ) -> Result<Self> {
        let mut rng = stream(seed, Purpose::Edges, 0);
        let kept = graph.edges().filter_map(|edge| edge.thinned(KEPT, &mut rng));
        let thinned = Partitioner::of(graph.n_vertices(), kept)?;
        let levels = MULTIPLES.into_par_iter().map(|times| {
            let params = LeidenParams { resolution: times * resolution, seed, n_init: 1 };
            Ok(Partitions { whole: whole.run(&params)?, thinned: thinned.run(&params)? })
        });
        Ok(Self { n_cells: graph.sizes().to_vec(), levels: levels.collect::<Result<_>>()? })
    }

    /// All partitions.
    pub fn partitions(&self) -> impl Iterator<Item = &Vec<usize>> {
        self.levels.iter().flat_map(|level| [&level.whole, &level.thinned])
    }

    /// The agreement of labels with the partition of the graph with fewer edges at one resolution,
    /// where it is largest.
    pub fn best_agreement(&self, labels: &[usize]) -> f64 {
        let of = |at: &Partitions| agreement(labels, &at.thinned, &self.n_cells);
        self.levels.iter().map(of).fold(0.0, f64::max)
    }
}

#[cfg(test)]
mod tests {
    use morula_data::CsrMatrix;

    use super::*;
    use crate::leiden::cliques;

    fn of(graph: &CsrMatrix) -> Result<Ensemble> {
        Ensemble::new(&ContractedGraph::whole(graph), &Partitioner::new(graph)?, 0.4, 0)
    }

    #[test]
    fn cliques_are_the_same_everywhere() {
        let ensemble = of(&cliques(&[20, 10])).unwrap();
        assert_eq!(ensemble.partitions().count(), 2 * MULTIPLES.len());
        let cut = [[0; 10], [1; 10], [2; 10]].concat();
        assert_eq!(ensemble.best_agreement(&[vec![0; 20], vec![1; 10]].concat()), 1.0);
        assert!(ensemble.best_agreement(&cut) < 0.8);
    }

    #[test]
    fn no_vertices() {
        let ensemble = of(&CsrMatrix::default()).unwrap();
        assert!(ensemble.partitions().all(Vec::is_empty));
    }
}
