//! Scores that count pairs of cells.

use super::Contingency;

/// Ordered pairs of distinct cells that both labellings, one or neither put into one group.
struct PairCounts {
    both: f64,
    only_truth: f64,
    only_pred: f64,
    neither: f64,
}

/// Ordered pairs within groups of these sizes. `u128`, because squares of big groups overflow.
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
    /// `ARI = 2 (tp tn - fn fp) / ((tp + fn)(fn + tn) + (tp + fp)(fp + tn))`, where `tp`, `tn`,
    /// `fn` and `fp` are the pairs that share a group in both labellings, in neither, in the truth
    /// only and in the prediction only. 1 for a perfect clustering, at least -0.5. Also 1 when both
    /// labellings have one cluster, or both only singletons (Hubert and Arabie 1985).
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
    /// 0 when no pair of cells shares a group in both labellings, so also for singletons that agree
    /// perfectly (Fowlkes and Mallows 1983; scikit-learn's convention).
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
