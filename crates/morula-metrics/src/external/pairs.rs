//! Scores that count pairs of cells.

use super::Contingency;

/// Ordered pairs of distinct cells that both, one or none of the labellings put together.
struct PairCounts {
    both: f64,
    only_truth: f64,
    only_pred: f64,
    neither: f64,
}

/// Ordered pairs within groups of these sizes; `u128` because squares of big groups overflow.
fn pairs_within(sizes: impl Iterator<Item = usize>) -> u128 {
    sizes.map(|s| s as u128).map(|s| s * (s - 1)).sum()
}

impl PairCounts {
    fn of(table: &Contingency) -> Self {
        let all = pairs_within(std::iter::once(table.n_cells()));
        let truth = pairs_within(table.class_sizes().iter().copied());
        let pred = pairs_within(table.cluster_sizes().iter().copied());
        let both = pairs_within(table.overlaps().iter().map(|o| o.count));
        Self {
            both: both as f64,
            only_truth: (truth - both) as f64,
            only_pred: (pred - both) as f64,
            neither: (all + both - truth - pred) as f64,
        }
    }
}

impl Contingency {
    /// Adjusted Rand index: agreement on pairs of cells, 0 on average for a random clustering.
    ///
    /// With `tp`, `tn`, `fn`, `fp` the pairs put together by both labellings, by neither, by
    /// the truth only and by the prediction only,
    /// `ARI = 2 (tp tn - fn fp) / ((tp + fn)(fn + tn) + (tp + fp)(fp + tn))`.
    /// 1 for a perfect clustering, at least -0.5; 1 too when both labellings are one single
    /// cluster or both all singletons (Hubert and Arabie 1985).
    pub fn adjusted_rand_index(&self) -> f64 {
        let PairCounts { both: tp, only_truth: fn_, only_pred: fp, neither: tn } =
            PairCounts::of(self);
        if fn_ == 0.0 && fp == 0.0 {
            return 1.0;
        }
        2.0 * (tp * tn - fn_ * fp) / ((tp + fn_) * (fn_ + tn) + (tp + fp) * (fp + tn))
    }

    /// Fowlkes-Mallows index: geometric mean of the precision and recall of pairs,
    /// `FMI = tp / sqrt((tp + fp)(tp + fn))`, in `[0, 1]`.
    ///
    /// 0 when no pair of cells is together in both labellings, hence also for singletons
    /// that agree perfectly (Fowlkes and Mallows 1983; scikit-learn's convention).
    pub fn fowlkes_mallows(&self) -> f64 {
        let pairs = PairCounts::of(self);
        if pairs.both == 0.0 {
            return 0.0;
        }
        let precision = pairs.both / (pairs.both + pairs.only_pred);
        let recall = pairs.both / (pairs.both + pairs.only_truth);
        precision.sqrt() * recall.sqrt()
    }
}
