//! All scores of one clustering against true labels.

use crate::{Contingency, Result};

/// Agreement of a clustering with the true labels: the scores that papers report.
///
/// Every score is 1 for a perfect clustering (`fowlkes_mallows` only if some class has two
/// cells). `ari` and `ami` are 0 on average for a random clustering and can be negative. All other
/// scores are in `[0, 1]`. The methods of [`Contingency`] and [`Matching`](crate::Matching) give
/// the equations.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Evaluation {
    /// Number of cells.
    pub n_cells: usize,
    /// Number of distinct true labels.
    pub n_clusters_true: usize,
    /// Number of distinct predicted labels.
    pub n_clusters_pred: usize,
    /// [Adjusted Rand index](Contingency::adjusted_rand_index).
    pub ari: f64,
    /// [Normalised mutual information](Contingency::normalized_mutual_info), arithmetic mean.
    pub nmi: f64,
    /// [Adjusted mutual information](Contingency::adjusted_mutual_info), arithmetic mean.
    pub ami: f64,
    /// [Accuracy](crate::Matching::accuracy) after the best one-to-one matching.
    pub acc: f64,
    /// [Macro F1](crate::Matching::f1_macro) after the same matching.
    pub f1_macro: f64,
    /// [Homogeneity](Contingency::homogeneity).
    pub homogeneity: f64,
    /// [Completeness](Contingency::completeness).
    pub completeness: f64,
    /// [V-measure](Contingency::v_measure).
    pub v_measure: f64,
    /// [Fowlkes-Mallows index](Contingency::fowlkes_mallows).
    pub fowlkes_mallows: f64,
}

/// Computes all scores of the clustering `pred` against the true labels `truth` of the same cells.
///
/// # Errors
/// [`LengthMismatch`](crate::MetricsError::LengthMismatch) or
/// [`Empty`](crate::MetricsError::Empty).
pub fn evaluate<T: Ord, P: Ord>(truth: &[T], pred: &[P]) -> Result<Evaluation> {
    let table = Contingency::new(truth, pred)?;
    let matching = table.best_matching();
    Ok(Evaluation {
        n_cells: table.n_cells(),
        n_clusters_true: table.class_sizes().len(),
        n_clusters_pred: table.cluster_sizes().len(),
        ari: table.adjusted_rand_index(),
        nmi: table.normalized_mutual_info(),
        ami: table.adjusted_mutual_info(),
        acc: matching.accuracy(),
        f1_macro: matching.f1_macro(),
        homogeneity: table.homogeneity(),
        completeness: table.completeness(),
        v_measure: table.v_measure(),
        fowlkes_mallows: table.fowlkes_mallows(),
    })
}
