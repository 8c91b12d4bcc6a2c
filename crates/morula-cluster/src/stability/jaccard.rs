//! Jaccard's index between the clusters of several partitions.

use crate::labels::count;

/// Stability of clusters: Jaccard's index between the cluster of every vertex and its cluster in
/// other partitions (Hennig 2007).
pub(crate) struct JaccardStability<'a> {
    labels: &'a [usize],
    sums: Vec<f64>,
    partitions: usize,
}

impl<'a> JaccardStability<'a> {
    pub fn new(labels: &'a [usize]) -> Self {
        Self { labels, sums: vec![0.0; labels.len()], partitions: 0 }
    }

    pub fn add(&mut self, other: &[usize]) {
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

    pub fn mean(self) -> Vec<f32> {
        let n = self.partitions.max(1) as f64;
        self.sums.into_iter().map(|sum| (sum / n) as f32).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stability_is_jaccards_index() {
        let mut again = JaccardStability::new(&[0, 0, 0, 1, 1]);
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
