//! What communities are at other resolutions, and how well each is found again.

use morula_data::CsrMatrix;
use serde::{Deserialize, Serialize};

use super::agreement::agreement;
use super::communities::count;
use super::consensus::KEPT;
use super::leiden::{LeidenParams, Partitioner};
use crate::Result;
use crate::rng::{Purpose, stream};

/// Resolutions looked at, as multiples of the one chosen.
const SHOWN: [f64; 7] = [0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 4.0];

/// Those of them that might as well have been chosen.
const PLAUSIBLE: std::ops::RangeInclusive<f64> = 0.5..=2.0;

/// Evidence for a number of clusters.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Granularity {
    /// Median share of the edges between two communities in what chance would put there: the
    /// noise of the graph, 0 to 1.
    pub background: f64,
    /// The resolution that follows from it.
    pub resolution: f64,
    /// Communities at that resolution.
    pub n_found: usize,
    /// Other resolutions around it.
    pub around: Vec<Level>,
}

/// Communities at one resolution.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Level {
    /// The resolution.
    pub resolution: f64,
    /// Communities found.
    pub n_clusters: usize,
    /// Adjusted agreement (Rand, 1: the same, 0: by chance) with those of four fifths of the edges.
    pub stability: f64,
    /// The same with the communities at the resolution chosen.
    pub agreement: f64,
}

/// Looks at the graph, whole and with fewer edges, at several resolutions; with how well the
/// cluster of every vertex is found again at the plausible ones.
pub(super) fn examine(
    graph: &CsrMatrix,
    labels: &[usize],
    chosen: f64,
    seed: u64,
) -> Result<(Vec<Level>, Vec<f32>)> {
    let whole = Partitioner::new(graph)?;
    let mut levels = Vec::with_capacity(SHOWN.len());
    let mut again = Recovery::new(labels);
    for (i, times) in SHOWN.into_iter().enumerate() {
        let params = LeidenParams { resolution: times * chosen, seed, n_init: 1 };
        let thinned = Partitioner::sampled(graph, KEPT, &mut stream(seed, Purpose::Edges, i))?;
        let [one, other] = [whole.run(&params)?, thinned.run(&params)?];
        levels.push(Level {
            resolution: params.resolution,
            n_clusters: count(&one),
            stability: agreement(&one, &other),
            agreement: agreement(&one, labels),
        });
        if PLAUSIBLE.contains(&times) {
            again.add(&one);
            again.add(&other);
        }
    }
    Ok((levels, again.mean()))
}

/// Sums of Jaccard's index between the cluster of every vertex here and in other partitions.
struct Recovery<'a> {
    labels: &'a [usize],
    sums: Vec<f64>,
    partitions: usize,
}

impl<'a> Recovery<'a> {
    fn new(labels: &'a [usize]) -> Self {
        Self { labels, sums: vec![0.0; labels.len()], partitions: 0 }
    }

    fn add(&mut self, other: &[usize]) {
        let (rows, columns) = (count(self.labels), count(other));
        let mut both = vec![0_usize; rows * columns];
        let (mut here, mut there) = (vec![0_usize; rows], vec![0_usize; columns]);
        for (&a, &b) in self.labels.iter().zip(other) {
            both[a * columns + b] += 1;
            here[a] += 1;
            there[b] += 1;
        }
        for ((sum, &a), &b) in self.sums.iter_mut().zip(self.labels).zip(other) {
            let common = both[a * columns + b];
            *sum += common as f64 / (here[a] + there[b] - common) as f64;
        }
        self.partitions += 1;
    }

    fn mean(self) -> Vec<f32> {
        let n = self.partitions.max(1) as f64;
        self.sums.into_iter().map(|sum| (sum / n) as f32).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::leiden::tests::cliques;
    use super::*;

    #[test]
    fn recovery_is_jaccards_index() {
        let mut again = Recovery::new(&[0, 0, 0, 1, 1]);
        again.add(&[0, 0, 1, 1, 1]);
        // {0, 1, 2} against {0, 1} and {2, 3, 4}; {3, 4} against {2, 3, 4}.
        let once = [2.0 / 3.0, 2.0 / 3.0, 1.0 / 5.0, 2.0 / 3.0, 2.0 / 3.0];
        for (sum, expected) in again.sums.iter().zip(once) {
            assert!((sum - expected).abs() < 1e-12, "{sum} {expected}");
        }
        again.add(&[4, 4, 4, 2, 2]);
        for (mean, expected) in again.mean().iter().zip(once) {
            assert!((f64::from(*mean) - (expected + 1.0) / 2.0).abs() < 1e-6);
        }
    }

    /// Two cliques, the larger of them cut at a place where nothing is.
    #[test]
    fn a_cluster_that_is_not_there_is_not_found_again() {
        let graph = cliques(&[20, 10]);
        let labels = [[0; 10], [1; 10], [2; 10]].concat();
        let (levels, stability) = examine(&graph, &labels, 0.5, 0).unwrap();
        assert_eq!(levels.len(), SHOWN.len());
        assert!(stability[..20].iter().all(|&s| s < 0.6), "{stability:?}");
        assert!(stability[20..].iter().all(|&s| s > 0.9), "{stability:?}");
    }

    #[test]
    fn no_vertices() {
        let (levels, stability) = examine(&CsrMatrix::default(), &[], 0.3, 0).unwrap();
        assert!(stability.is_empty() && levels.iter().all(|level| level.n_clusters == 0));
    }
}
