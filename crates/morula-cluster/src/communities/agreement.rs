//! Agreement of two partitions.

use std::collections::BTreeMap;

/// Adjusted Rand index (Hubert and Arabie 1985): 1 for the same partition, about 0 for unrelated
/// ones. Every vertex counts as its number of cells. It compares runs with each other; scores against
/// labels are in morula-metrics, which
/// models must not use.
pub(crate) fn agreement(a: &[usize], b: &[usize], n_cells: &[usize]) -> f64 {
    let pairs = |n: &usize| (*n as f64) * (*n as f64 - 1.0) / 2.0;
    let mut cells: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    let mut sums = [BTreeMap::new(), BTreeMap::new()];
    for ((&x, &y), &n) in a.iter().zip(b).zip(n_cells) {
        *cells.entry((x, y)).or_default() += n;
        *sums[0].entry(x).or_default() += n;
        *sums[1].entry(y).or_default() += n;
    }
    let together: f64 = cells.values().map(pairs).sum();
    let [x, y] = sums.map(|sum: BTreeMap<usize, usize>| sum.values().map(pairs).sum::<f64>());
    let expected = x * y / pairs(&n_cells.iter().sum()).max(1.0);
    let most = (x + y) / 2.0;
    if most == expected { 1.0 } else { (together - expected) / (most - expected) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agreement_is_the_adjusted_rand_index() {
        let a = [0, 0, 1, 1, 2, 2, 2, 0];
        let b = [1, 1, 0, 0, 0, 2, 2, 2];
        let ours = agreement(&a, &b, &[1; 8]);
        assert!((ours - morula_metrics::evaluate(&a, &b).unwrap().ari).abs() < 1e-12, "{ours}");
        assert_eq!(agreement(&a, &[5, 5, 3, 3, 9, 9, 9, 5], &[1; 8]), 1.0);
        assert_eq!(agreement(&[], &[], &[]), 1.0);
        assert_eq!(agreement(&[0], &[0], &[1]), 1.0);
    }
}
