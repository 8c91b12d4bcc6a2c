//! Shuffled minibatches.

use rand::Rng;
use rand::seq::SliceRandom;

/// Batches are never made smaller than this to have more of them.
const SMALLEST_BATCH: usize = 32;

/// Number of batches for `n` cells at `batch_size` cells each, and at least `min_batches` while a
/// batch holds 32 cells. With few cells, smaller batches give enough steps to learn.
pub(crate) fn number(n: usize, batch_size: usize, min_batches: usize) -> usize {
    n.div_ceil(batch_size).max(min_batches.min(n / SMALLEST_BATCH))
}

/// `steps` batches of `size` cells, or of all if there are fewer. Every cell is drawn once before
/// any is drawn again.
pub(crate) fn drawn(n: usize, steps: usize, size: usize, rng: &mut impl Rng) -> Vec<Vec<usize>> {
    let (size, mut order) = (size.min(n), Vec::new());
    let mut next = || {
        while order.len() < size && size > 0 {
            let mut again: Vec<usize> = (0..n).collect();
            again.shuffle(rng);
            order.extend(again);
        }
        order.drain(..size).collect()
    };
    (0..steps).map(|_| next()).collect()
}

/// Shuffled cells in `parts` batches. Their sizes differ by at most one, so the last batch is large
/// enough for batch statistics.
pub(crate) fn shuffled(n: usize, parts: usize, rng: &mut impl Rng) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..n).collect();
    order.shuffle(rng);
    (0..parts).map(|b| order[b * n / parts..(b + 1) * n / parts].to_vec()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn few_cells_make_smaller_batches_but_not_tiny_ones() {
        assert_eq!(number(10_000, 200, 16), 50);
        assert_eq!(number(1_000, 200, 16), 16);
        assert_eq!(number(100, 200, 16), 3);
        assert_eq!(number(20, 200, 16), 1);
        assert_eq!(number(20, 1, 16), 20);
    }

    #[test]
    fn cells_are_drawn_in_turn() {
        let rng = &mut ChaCha8Rng::seed_from_u64(0);
        let batches = drawn(10, 5, 4, rng);
        assert!(batches.iter().all(|batch| batch.len() == 4));
        let all = batches.concat();
        for turn in all.chunks(10) {
            let mut turn = turn.to_vec();
            turn.sort_unstable();
            assert_eq!(turn, (0..10).collect::<Vec<_>>());
        }
        assert_eq!(drawn(3, 2, 4, rng).concat().len(), 6, "no more cells than there are");
        assert_eq!(drawn(100, 2, 10, rng).len(), 2, "a part of many cells");
    }

    #[test]
    fn every_cell_is_in_one_batch() {
        let batches = shuffled(10, 3, &mut ChaCha8Rng::seed_from_u64(0));
        assert_eq!(batches.iter().map(Vec::len).collect::<Vec<_>>(), [3, 3, 4]);
        let mut all = batches.concat();
        all.sort_unstable();
        assert_eq!(all, (0..10).collect::<Vec<_>>());
    }
}
