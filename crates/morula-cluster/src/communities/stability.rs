//! Jaccard's index between the clusters of several partitions.

use crate::labels::count;

/// Stability of the cluster of every vertex, 0 to 1: the mean over other partitions P of Jaccard's
/// index `|C_i and P_i| / |C_i or P_i|` between the clusters of vertex i (Hennig
/// 2007). Every vertex counts as its number of cells.
pub(super) fn stability<'a>(
    labels: &[usize],
    others: impl Iterator<Item = &'a Vec<usize>>,
    n_cells: &[usize],
) -> Vec<f32> {
    let (mut sums, mut n) = (vec![0.0; labels.len()], 0);
    for other in others {
        n += 1;
        let (rows, columns) = (count(labels), count(other));
        let mut both = vec![0_usize; rows * columns];
        let (mut here, mut there) = (vec![0_usize; rows], vec![0_usize; columns]);
        for ((&a, &b), &n) in labels.iter().zip(other).zip(n_cells) {
            both[a * columns + b] += n;
            here[a] += n;
            there[b] += n;
        }
        for ((sum, &a), &b) in sums.iter_mut().zip(labels).zip(other) {
            let common = both[a * columns + b];
            *sum += common as f64 / (here[a] + there[b] - common) as f64;
        }
    }
    sums.into_iter().map(|sum| (sum / f64::from(n.max(1))) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stability_is_jaccards_index() {
        let labels = [0, 0, 0, 1, 1];
        let others = [vec![0, 0, 1, 1, 1], vec![4, 4, 4, 2, 2]];
        // {0, 1, 2} against {0, 1} and {2, 3, 4}; {3, 4} against {2, 3, 4}; then the same clusters.
        let once = [2.0 / 3.0, 2.0 / 3.0, 1.0 / 5.0, 2.0 / 3.0, 2.0 / 3.0];
        for (found, expected) in stability(&labels, others.iter(), &[1; 5]).iter().zip(once) {
            assert!((f64::from(*found) - (expected + 1.0) / 2.0).abs() < 1e-6);
        }
        assert_eq!(stability(&[], [].iter(), &[]), [] as [f32; 0]);
    }
}
