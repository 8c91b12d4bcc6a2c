//! Silhouette: how much closer a cell is to its own cluster than to the nearest other cluster.

use rayon::prelude::*;

use super::{LabelledPoints, distance::euclidean};

/// Cells per pass over all points. Their coordinates stay in the cache, and the points are read
/// once per block instead of once per cell.
const BLOCK: usize = 16;

impl LabelledPoints<'_> {
    /// Mean silhouette of all cells, in `[-1, 1]`.
    ///
    /// See [`silhouette_samples`](Self::silhouette_samples).
    pub fn silhouette(&self) -> f64 {
        let samples = self.silhouette_samples();
        samples.iter().sum::<f64>() / samples.len() as f64
    }

    /// Silhouette of every cell, `s = (b - a) / max(a, b)`, in `[-1, 1]` (Rousseeuw 1987).
    ///
    /// `a` is the mean distance to the other cells of the cell's cluster. `b` is the smallest mean
    /// distance to the cells of another cluster. 0 for a cell alone in its cluster and for
    /// `a = b = 0`. Time O(n^2 d) on all cores, memory O(n d): distances are summed as they are
    /// computed, without an n x n matrix. The result does not depend on the number of threads.
    pub fn silhouette_samples(&self) -> Vec<f64> {
        let sorted = SortedPoints::new(self);
        let mut samples = vec![0.0; self.cluster_of().len()];
        let by_rank: Vec<f64> = sorted
            .cells
            .par_chunks(BLOCK)
            .enumerate()
            .flat_map_iter(|(block, cells)| {
                let sums = sorted.distance_sums(block * BLOCK, cells.len());
                let silhouette = |(&cell, sums): (&usize, &[f64])| {
                    silhouette(sums, self.sizes(), self.cluster_of()[cell])
                };
                cells
                    .iter()
                    .zip(sums.chunks_exact(self.sizes().len()))
                    .map(silhouette)
                    .collect::<Vec<_>>()
            })
            .collect();
        for (&cell, value) in sorted.cells.iter().zip(by_rank) {
            samples[cell] = value;
        }
        samples
    }
}

/// Points sorted by cluster, so that every cluster is contiguous.
struct SortedPoints {
    cells: Vec<usize>,
    x: Vec<f64>,
    n_dims: usize,
    sizes: Vec<usize>,
}

impl SortedPoints {
    fn new(points: &LabelledPoints) -> Self {
        let rows: Vec<&[f32]> = points.rows().collect();
        let mut cells: Vec<usize> = (0..rows.len()).collect();
        cells.sort_by_key(|&cell| points.cluster_of()[cell]);
        let x = cells.iter().flat_map(|&cell| rows[cell]).map(|&v| f64::from(v)).collect();
        Self { cells, x, n_dims: points.n_dims(), sizes: points.sizes().to_vec() }
    }

    /// Sums of distances from `len` points, from `start` on, to every cluster: `len` x clusters.
    fn distance_sums(&self, start: usize, len: usize) -> Vec<f64> {
        let d = self.n_dims;
        let block = &self.x[start * d..(start + len) * d];
        let mut sums = vec![0.0; len * self.sizes.len()];
        let mut others = self.x.chunks_exact(d);
        for (cluster, &size) in self.sizes.iter().enumerate() {
            for other in others.by_ref().take(size) {
                let cluster_sums = sums.iter_mut().skip(cluster).step_by(self.sizes.len());
                for (sum, point) in cluster_sums.zip(block.chunks_exact(d)) {
                    *sum += euclidean(point, other);
                }
            }
        }
        sums
    }
}

/// Silhouette of a cell of cluster `own`, from its sums of distances to every cluster.
fn silhouette(sums: &[f64], sizes: &[usize], own: usize) -> f64 {
    if sizes[own] == 1 {
        return 0.0;
    }
    let within = sums[own] / (sizes[own] - 1) as f64;
    let nearest = sums
        .iter()
        .zip(sizes)
        .enumerate()
        .filter(|&(cluster, _)| cluster != own)
        .map(|(_, (sum, &size))| sum / size as f64)
        .fold(f64::INFINITY, f64::min);
    let scale = within.max(nearest);
    if scale == 0.0 { 0.0 } else { (nearest - within) / scale }
}
