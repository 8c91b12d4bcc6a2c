//! Total weight of every label among the neighbours of a cell.

/// Sums weights by label. One value serves many cells, so a cell costs O(k) for any number of
/// labels.
pub(super) struct LabelTotals(Vec<f64>);

impl LabelTotals {
    /// For labels in `0..n_labels`.
    pub fn new(n_labels: usize) -> Self {
        Self(vec![0.0; n_labels])
    }

    /// Labels with their positive totals, in the order in which they first occur.
    pub fn of(
        &mut self,
        weighted: impl Iterator<Item = (usize, f64)> + Clone,
    ) -> Vec<(usize, f64)> {
        weighted.clone().for_each(|(label, weight)| self.0[label] += weight);
        let taken = weighted.map(|(label, _)| (label, std::mem::take(&mut self.0[label])));
        taken.filter(|&(_, total)| total > 0.0).collect()
    }
}
