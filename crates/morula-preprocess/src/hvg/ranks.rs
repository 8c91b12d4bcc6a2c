//! Deterministic ranking of genes by a score.

use std::cmp::Ordering;

/// Descending order, NaN last.
pub(super) fn descending(a: f64, b: f64) -> Ordering {
    a.is_nan().cmp(&b.is_nan()).then(b.total_cmp(&a))
}

/// Positions of the `n` highest scores, ascending. The lower position wins a tie.
pub(super) fn best(score: &[f64], n: usize) -> Vec<usize> {
    let mut order = by_score(score);
    order.truncate(n);
    order.sort_unstable();
    order
}

/// Rank of every score, 0 for the highest.
pub(super) fn ranks(score: &[f64]) -> Vec<usize> {
    let mut ranks = vec![0; score.len()];
    for (rank, gene) in by_score(score).into_iter().enumerate() {
        ranks[gene] = rank;
    }
    ranks
}

fn by_score(score: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..score.len()).collect();
    order.sort_by(|&a, &b| descending(score[a], score[b]));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_keep_their_order_and_nan_comes_last() {
        let score = [1.0, f64::NAN, 3.0, 1.0];
        assert_eq!(best(&score, 2), [0, 2]);
        assert_eq!(best(&score, 9), [0, 1, 2, 3]);
        assert_eq!(ranks(&score), [1, 3, 0, 2]);
    }
}
