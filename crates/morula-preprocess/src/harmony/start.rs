//! First centroids of the soft clusters.

use super::{dot, to_unit};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

/// Passes of K-means.
const PASSES: usize = 10;

/// Centroids of K-means over directions, row-major `K x d`. k-means++ (Arthur and Vassilvitskii
/// 2007) chooses distant seeds; some passes of K-means follow.
pub(super) fn centroids(unit: &[f32], d: usize, k: usize, rng: &mut ChaCha8Rng) -> Vec<f32> {
    let mut centroids = seeds(unit, d, k, rng);
    for _ in 0..PASSES {
        let nearest = |u: &[f32]| {
            let cosines = centroids.chunks_exact(d).map(|c| dot(u, c)).enumerate();
            cosines.fold((0, f32::NEG_INFINITY), |a, b| if b.1 > a.1 { b } else { a }).0
        };
        let labels: Vec<usize> = unit.par_chunks_exact(d).map(nearest).collect();
        let mut sums = vec![0.0; k * d];
        let mut sizes = vec![0_usize; k];
        for (u, &label) in unit.chunks_exact(d).zip(&labels) {
            sizes[label] += 1;
            sums[label * d..][..d].iter_mut().zip(u).for_each(|(s, u)| *s += u);
        }
        let moved = sums.chunks_exact_mut(d).zip(centroids.chunks_exact_mut(d)).zip(sizes);
        for ((sum, centroid), size) in moved {
            if size > 0 {
                to_unit(sum);
                centroid.copy_from_slice(sum);
            }
        }
    }
    centroids
}

fn seeds(unit: &[f32], d: usize, k: usize, rng: &mut ChaCha8Rng) -> Vec<f32> {
    let n = unit.len() / d;
    let row = |i: usize| &unit[i * d..][..d];
    let mut centroids = row(rng.random_range(0..n)).to_vec();
    let mut far = vec![f32::INFINITY; n];
    while centroids.len() < k * d {
        let last = &centroids[centroids.len() - d..];
        far.par_iter_mut().zip(unit.par_chunks_exact(d)).for_each(|(far, u)| {
            let squares = u.iter().zip(last).map(|(a, b)| (a - b) * (a - b));
            *far = far.min(squares.sum());
        });
        let total: f64 = far.iter().map(|&f| f64::from(f)).sum();
        let mut left = rng.random_range(0.0..1.0) * total;
        let chosen = far.iter().position(|&f| {
            left -= f64::from(f);
            left < 0.0
        });
        // If all cells coincide with seeds, any cell will do.
        let chosen = chosen.unwrap_or_else(|| rng.random_range(0..n));
        centroids.extend_from_slice(row(chosen));
    }
    centroids
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn every_group_gets_a_centroid() {
        let unit = [[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]];
        let cells: Vec<f32> = (0..60).flat_map(|i| unit[if i < 50 { 0 } else { i % 3 }]).collect();
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let found = centroids(&cells, 2, 3, &mut rng);
        for group in unit {
            assert!(found.chunks_exact(2).any(|c| dot(c, &group) > 0.999), "{found:?}");
        }
        // More centroids than distinct cells.
        assert_eq!(centroids(&[1.0, 0.0, 1.0, 0.0], 2, 2, &mut rng), [1.0, 0.0, 1.0, 0.0]);
    }
}
