//! Partitions at other resolutions and with fewer edges.

use morula_data::CsrMatrix;

use super::{Level, agreement};
use crate::Result;
use crate::communities::KEPT;
use crate::labels::count;
use crate::leiden::{LeidenParams, Partitioner};
use crate::random::{Purpose, stream};

/// Plausible resolutions, as multiples of the chosen one.
const MULTIPLES: [f64; 7] = [0.5, 0.65, 0.85, 1.0, 1.4, 1.9, 2.5];

/// Number of graphs with fewer edges.
const THINNED: usize = 3;

/// Plausible partitions of a graph.
pub(crate) struct Ensemble {
    levels: Vec<Partitions>,
}

/// Partitions at one resolution.
struct Partitions {
    resolution: f64,
    whole: Vec<usize>,
    thinned: Vec<Vec<usize>>,
}

impl Ensemble {
    /// Partitions of the graph, whole and with four fifths of its edges, at half to two and a half
    /// times the resolution.
    pub fn new(graph: &CsrMatrix, resolution: f64, seed: u64) -> Result<Self> {
        let whole = Partitioner::new(graph)?;
        let thinned = (0..THINNED)
            .map(|i| Partitioner::sampled(graph, KEPT, &mut stream(seed, Purpose::Edges, i)));
        let thinned = thinned.collect::<Result<Vec<_>>>()?;
        let levels = MULTIPLES.into_iter().map(|times| {
            let params = LeidenParams { resolution: times * resolution, seed, n_init: 1 };
            Ok(Partitions {
                resolution: params.resolution,
                whole: whole.run(&params)?,
                thinned: thinned.iter().map(|graph| graph.run(&params)).collect::<Result<_>>()?,
            })
        });
        Ok(Self { levels: levels.collect::<Result<_>>()? })
    }

    /// All partitions.
    pub fn partitions(&self) -> impl Iterator<Item = &Vec<usize>> {
        self.levels.iter().flat_map(|level| std::iter::once(&level.whole).chain(&level.thinned))
    }

    /// The mean agreement of labels with the partitions of the graphs with fewer edges at one
    /// resolution, where it is largest.
    pub fn best_agreement(&self, labels: &[usize]) -> f64 {
        let mean = |at: &Partitions| {
            at.thinned.iter().map(|other| agreement(labels, other)).sum::<f64>() / THINNED as f64
        };
        self.levels.iter().map(mean).fold(0.0, f64::max)
    }

    /// The communities at every resolution, compared with the chosen ones.
    pub fn levels(&self, chosen: &[usize]) -> Vec<Level> {
        let level = |at: &Partitions| {
            let again = at.thinned.iter().map(|other| agreement(&at.whole, other));
            Level {
                resolution: at.resolution,
                n_clusters: count(&at.whole),
                stability: again.sum::<f64>() / THINNED as f64,
                agreement: agreement(&at.whole, chosen),
            }
        };
        self.levels.iter().map(level).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leiden::cliques;

    #[test]
    fn cliques_are_the_same_everywhere() {
        let ensemble = Ensemble::new(&cliques(&[20, 10]), 0.4, 0).unwrap();
        assert_eq!(ensemble.partitions().count(), MULTIPLES.len() * (1 + THINNED));
        let cut = [[0; 10], [1; 10], [2; 10]].concat();
        assert_eq!(ensemble.best_agreement(&[vec![0; 20], vec![1; 10]].concat()), 1.0);
        assert!(ensemble.best_agreement(&cut) < 0.8);
        for level in ensemble.levels(&cut) {
            assert_eq!((level.n_clusters, level.stability), (2, 1.0));
            assert!(level.agreement < 0.8, "{level:?}");
        }
    }

    #[test]
    fn no_vertices() {
        let ensemble = Ensemble::new(&CsrMatrix::default(), 0.3, 0).unwrap();
        assert!(ensemble.levels(&[]).iter().all(|level| level.n_clusters == 0));
    }
}
