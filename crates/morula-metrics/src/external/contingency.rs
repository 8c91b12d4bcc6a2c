//! Number of cells that each class shares with each cluster.

use std::collections::BTreeMap;

use crate::{
    MetricsError, Result,
    labels::{class_sizes, encode_labels},
};

/// Number of cells that a class of the truth and a predicted cluster share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overlap {
    /// Class of the truth, numbered by [`encode_labels`].
    pub class: usize,
    /// Predicted cluster, numbered by [`encode_labels`].
    pub cluster: usize,
    /// Cells in both, at least one.
    pub count: usize,
}

/// Sparse contingency table of two labellings: classes of the truth x predicted clusters.
///
/// The equations of the scores write it as `n_ij`, with row sums `a_i` (class sizes), column sums
/// `b_j` (cluster sizes) and `N` cells. Only overlaps that occur are stored, so that even singleton
/// clusters need memory linear in the number of cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contingency {
    n_cells: usize,
    class_sizes: Vec<usize>,
    cluster_sizes: Vec<usize>,
    overlaps: Vec<Overlap>,
}

impl Contingency {
    /// Counts the overlaps of two labellings of the same cells.
    ///
    /// # Errors
    /// [`MetricsError::LengthMismatch`] when the lengths differ. [`MetricsError::Empty`] when both
    /// are empty; scikit-learn returns 1 or 0 there, which has no meaning.
    pub fn new<T: Ord, P: Ord>(truth: &[T], pred: &[P]) -> Result<Self> {
        if truth.len() != pred.len() {
            return Err(MetricsError::LengthMismatch { truth: truth.len(), pred: pred.len() });
        }
        if truth.is_empty() {
            return Err(MetricsError::Empty);
        }
        let (class_of, classes) = encode_labels(truth);
        let (cluster_of, clusters) = encode_labels(pred);
        let mut counts = BTreeMap::new();
        for pair in class_of.iter().copied().zip(cluster_of.iter().copied()) {
            *counts.entry(pair).or_insert(0) += 1;
        }
        Ok(Self {
            n_cells: truth.len(),
            class_sizes: class_sizes(&class_of, classes.len()),
            cluster_sizes: class_sizes(&cluster_of, clusters.len()),
            overlaps: counts
                .into_iter()
                .map(|((class, cluster), count)| Overlap { class, cluster, count })
                .collect(),
        })
    }

    /// Number of cells, `N`.
    pub fn n_cells(&self) -> usize {
        self.n_cells
    }

    /// Sizes of the classes of the truth, `a_i`.
    pub fn class_sizes(&self) -> &[usize] {
        &self.class_sizes
    }

    /// Sizes of the predicted clusters, `b_j`.
    pub fn cluster_sizes(&self) -> &[usize] {
        &self.cluster_sizes
    }

    /// The overlaps that occur, `n_ij > 0`, sorted by class and then by cluster.
    pub fn overlaps(&self) -> &[Overlap] {
        &self.overlaps
    }

    /// Whether both labellings make the same groups of cells, whatever the labels are.
    pub fn is_perfect(&self) -> bool {
        let n = self.overlaps.len();
        n == self.class_sizes.len() && n == self.cluster_sizes.len()
    }
}
