//! Whether confident cells are right.

use anyhow::Result;
use morula::metrics::{Contingency, encode_labels};
use serde::{Deserialize, Serialize};

/// Bins of the confidence, equally wide from 0 to 1.
pub const BINS: usize = 10;

/// Cells by bins of the confidence.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Reliability {
    /// Cells in the bin.
    pub cells: [usize; BINS],
    /// Cells whose cluster is matched to their type.
    pub correct: [usize; BINS],
    /// Sum of their confidences.
    pub confidence: [f64; BINS],
}

impl Reliability {
    /// Of cells with a type, a cluster and its probability each.
    pub fn of(truth: &[&str], pred: &[usize], confidence: &[f32]) -> Result<Self> {
        let (classes, _) = encode_labels(truth);
        let (clusters, _) = encode_labels(pred);
        let matching = Contingency::new(truth, pred)?.best_matching();
        let mut matched = vec![None; clusters.iter().max().map_or(0, |k| k + 1)];
        matching.pairs().iter().for_each(|pair| matched[pair.cluster] = Some(pair.class));
        let mut bins = Self::default();
        for ((class, &cluster), &p) in classes.into_iter().zip(&clusters).zip(confidence) {
            let bin = ((f64::from(p) * BINS as f64) as usize).min(BINS - 1);
            bins.cells[bin] += 1;
            bins.correct[bin] += usize::from(matched[cluster] == Some(class));
            bins.confidence[bin] += f64::from(p);
        }
        Ok(bins)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bin_counts_the_cells_of_matched_clusters() {
        // 7 is a, 2 is b; the third cell is wrong, and 5 is matched to nothing.
        let truth = ["a", "a", "b", "b", "b", "b"];
        let confidence = [0.95, 1.0, 0.31, 0.35, 0.99, 0.0];
        let bins = Reliability::of(&truth, &[7, 7, 7, 2, 2, 5], &confidence).unwrap();
        assert_eq!(bins.cells, [1, 0, 0, 2, 0, 0, 0, 0, 0, 3]);
        assert_eq!(bins.correct, [0, 0, 0, 1, 0, 0, 0, 0, 0, 3]);
        assert!((bins.confidence[9] - 2.94).abs() < 1e-6);
    }
}
