//! Minibatches of the cell graph ([3.9]).
//!
//! [3.9]: https://github.com/morula-bio/morula/blob/main/docs/models/scsiameseclu.md#3-9

use rand::Rng;
use rand::seq::SliceRandom;

/// Least number of parts in a batch, so that a batch shows cells from all over the data.
const PARTS_PER_BATCH: usize = 16;

/// Cells grouped into small parts of neighbours.
///
/// A batch is a random union of parts (cluster sampling; Chiang et al., KDD 2019). Neighbours
/// mostly share a part, so the graph within a batch keeps most of its edges, and any two parts may
/// be in the same batch. Parts come from halving the cells repeatedly at the median of the
/// coordinate with the largest variance.
#[derive(Debug, Clone)]
pub(super) struct Partition {
    parts: Vec<Vec<usize>>,
    n_batches: usize,
}

impl Partition {
    /// Parts for batches of at most `max_nodes` of the `n` rows of `x` (row-major, `d` wide).
    pub fn new(x: &[f32], d: usize, max_nodes: usize) -> Self {
        let n = x.len() / d.max(1);
        let all: Vec<usize> = (0..n).collect();
        if n <= max_nodes {
            return Self { parts: vec![all], n_batches: 1 };
        }
        let mut parts = Vec::new();
        halve(x, d, all, (max_nodes / PARTS_PER_BATCH).max(1), &mut parts);
        Self { parts, n_batches: n.div_ceil(max_nodes) }
    }

    /// The batches of an epoch. Every cell is in one of them; cells are in ascending order.
    pub fn batches(&self, rng: &mut impl Rng) -> Vec<Vec<usize>> {
        let mut order: Vec<usize> = (0..self.parts.len()).collect();
        order.shuffle(rng);
        let (n, b) = (order.len(), self.n_batches);
        (0..b)
            .map(|i| {
                let parts = &order[i * n / b..(i + 1) * n / b];
                let mut rows: Vec<usize> =
                    parts.iter().flat_map(|&p| self.parts[p].iter().copied()).collect();
                rows.sort_unstable();
                rows
            })
            .collect()
    }
}

/// Halves `rows` until no part has more than `size` cells.
fn halve(x: &[f32], d: usize, mut rows: Vec<usize>, size: usize, parts: &mut Vec<Vec<usize>>) {
    if rows.len() <= size {
        parts.push(rows);
        return;
    }
    let axis = widest(x, d, &rows);
    let half = rows.len() / 2;
    // The row number decides ties, so duplicates are always cut at the same place.
    let key = |row: usize| x[row * d + axis];
    rows.select_nth_unstable_by(half, |&a, &b| key(a).total_cmp(&key(b)).then(a.cmp(&b)));
    let upper = rows.split_off(half);
    halve(x, d, rows, size, parts);
    halve(x, d, upper, size, parts);
}

/// The coordinate with the largest variance.
fn widest(x: &[f32], d: usize, rows: &[usize]) -> usize {
    let mut sums = vec![(0.0f64, 0.0f64); d];
    for &row in rows {
        for (sum, &v) in sums.iter_mut().zip(&x[row * d..(row + 1) * d]) {
            sum.0 += f64::from(v);
            sum.1 += f64::from(v).powi(2);
        }
    }
    let variance = |&(s, q): &(f64, f64)| q - s * s / rows.len() as f64;
    (0..d).max_by(|&a, &b| variance(&sums[a]).total_cmp(&variance(&sums[b]))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn batches_cover_every_cell_once_and_are_small_enough() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let x: Vec<f32> = (0..1000 * 3).map(|_| rng.random()).collect();
        let partition = Partition::new(&x, 3, 128);
        assert_eq!(partition.n_batches, 8);
        let batches = partition.batches(&mut rng);
        let mut all: Vec<usize> = batches.concat();
        all.sort_unstable();
        assert_eq!(all, (0..1000).collect::<Vec<_>>());
        assert!(batches.iter().all(|b| (100..=140).contains(&b.len())), "{batches:?}");
        assert_ne!(batches, partition.batches(&mut rng), "every epoch combines other parts");
    }

    #[test]
    fn few_cells_are_one_batch_and_duplicates_do_not_hang() {
        let one = Partition::new(&[0.0; 30], 3, 10);
        assert_eq!(one.batches(&mut ChaCha8Rng::seed_from_u64(0)), [(0..10).collect::<Vec<_>>()]);
        assert_eq!(Partition::new(&[0.0; 300], 3, 10).n_batches, 10);
    }

    #[test]
    fn neighbours_share_a_part() {
        // Two distant groups: no part mixes them.
        let x: Vec<f32> =
            (0..64).map(|i| if i % 2 == 0 { i as f32 } else { 1e3 + i as f32 }).collect();
        let partition = Partition::new(&x, 1, 16);
        for part in &partition.parts {
            assert!(part.iter().all(|i| i % 2 == part[0] % 2), "{part:?}");
        }
    }
}
