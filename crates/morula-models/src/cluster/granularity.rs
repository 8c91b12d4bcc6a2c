//! What communities are at other resolutions, and how well each is found again.

use serde::{Deserialize, Serialize};

use super::number;

/// Evidence for a number of clusters.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Granularity {
    /// Median share of the edges between two communities in what chance would put there: the
    /// noise of the graph, 0 to 1.
    pub background: f64,
    /// The resolution that follows from it.
    pub resolution: f64,
    /// Communities in the most stable cut.
    pub n_stable: usize,
    /// Clusters: those, and the parts that some of them fall into.
    pub n_found: usize,
    /// Resolutions around it, rising: those that the cut is stable under.
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

/// Sums of Jaccard's index between the cluster of every vertex here and in other partitions.
pub(super) struct Recovery<'a> {
    labels: &'a [usize],
    sums: Vec<f64>,
    partitions: usize,
}

impl<'a> Recovery<'a> {
    pub fn new(labels: &'a [usize]) -> Self {
        Self { labels, sums: vec![0.0; labels.len()], partitions: 0 }
    }

    pub fn add(&mut self, other: &[usize]) {
        let (rows, columns) = (number(self.labels), number(other));
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

    pub fn mean(self) -> Vec<f32> {
        let n = self.partitions.max(1) as f64;
        self.sums.into_iter().map(|sum| (sum / n) as f32).collect()
    }
}

#[cfg(test)]
mod tests {
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
}
