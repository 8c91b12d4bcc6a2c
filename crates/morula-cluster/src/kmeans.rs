//! K-means on the host.

use morula_data::DenseMatrix;
use rand::{Rng, RngExt};
use rayon::prelude::*;

use crate::Result;
use crate::labels::{by_size, check_points};
use crate::random::{Purpose, stream};

/// Most Lloyd iterations.
const MAX_ITER: usize = 200;

/// The iterations stop when the centroids move by less than this share of the data's variance.
const TOLERANCE: f64 = 1e-6;

/// Parameters of [`kmeans`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KMeansParams {
    /// Number of clusters K.
    pub n_clusters: usize,
    /// Number of starts; the result with the least inertia is kept.
    pub n_init: usize,
    /// Seed of the starts.
    pub seed: u64,
}

/// Cluster of every row of `x` by Lloyd's algorithm with greedy k-means++ starts (Arthur and
/// Vassilvitskii 2007, section 4), numbered by falling size. It minimises the inertia
/// `sum_i min_k |x_i - c_k|^2`. With fewer distinct rows than clusters some clusters stay empty.
///
/// The result is the same for any number of threads.
///
/// ```
/// use morula_cluster::{KMeansParams, kmeans};
/// use morula_data::DenseMatrix;
///
/// let points = DenseMatrix::new(5, 1, vec![0., 9., 1., 8., 2.])?;
/// let params = KMeansParams { n_clusters: 2, n_init: 10, seed: 0 };
/// assert_eq!(kmeans(&points, &params)?, [0, 1, 0, 1, 0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`ClusterError::Points`](crate::ClusterError::Points) with fewer rows than clusters, no
/// clusters, or values that are not finite.
pub fn kmeans(x: &DenseMatrix, params: &KMeansParams) -> Result<Vec<usize>> {
    let KMeansParams { n_clusters, n_init, seed } = *params;
    check_points(x, n_clusters)?;
    let starts = plus_plus(x, n_clusters, n_init.max(1), &mut stream(seed, Purpose::KMeans, 0));
    let limit = TOLERANCE * variance(x);
    let fits: Vec<Fit> = starts.into_par_iter().map(|rows| lloyd(x, &rows, limit)).collect();
    let best = fits.into_iter().reduce(|a, b| if b.inertia < a.inertia { b } else { a });
    Ok(by_size(&best.map(|fit| fit.labels).unwrap_or_default()))
}

/// The result of one start.
struct Fit {
    labels: Vec<usize>,
    inertia: f64,
}

fn squared_distance(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2)).sum()
}

/// Sum over the columns of their variance.
fn variance(x: &DenseMatrix) -> f64 {
    let n = x.n_rows() as f64;
    let mut sums = vec![[0.0_f64; 2]; x.n_cols()];
    for row in x.rows() {
        for (sum, &v) in sums.iter_mut().zip(row) {
            sum[0] += f64::from(v);
            sum[1] += f64::from(v).powi(2);
        }
    }
    sums.iter().map(|[s, q]| (q - s * s / n).max(0.0) / n).sum()
}

/// Lloyd iterations from centroids at `rows` until convergence.
fn lloyd(x: &DenseMatrix, rows: &[usize], limit: f64) -> Fit {
    let (k, d) = (rows.len(), x.n_cols());
    let mut centroids: Vec<f32> = rows.iter().flat_map(|&row| x.row(row)).copied().collect();
    for _ in 0..MAX_ITER {
        let (mut sums, mut sizes) = (vec![0.0_f64; k * d], vec![0_usize; k]);
        for row in x.rows() {
            let (cluster, _) = nearest(row, &centroids);
            sizes[cluster] += 1;
            sums[cluster * d..].iter_mut().zip(row).for_each(|(sum, &v)| *sum += f64::from(v));
        }
        let mut shift = 0.0_f64;
        // A cluster without rows keeps its centroid.
        for cluster in (0..k).filter(|&cluster| sizes[cluster] > 0) {
            let mean = sums[cluster * d..(cluster + 1) * d].iter();
            let mean: Vec<f32> = mean.map(|sum| (sum / sizes[cluster] as f64) as f32).collect();
            let centroid = &mut centroids[cluster * d..(cluster + 1) * d];
            shift = shift.max(squared_distance(centroid, &mean));
            centroid.copy_from_slice(&mean);
        }
        if shift <= limit {
            break;
        }
    }
    let found: Vec<(usize, f64)> = x.rows().map(|row| nearest(row, &centroids)).collect();
    Fit {
        inertia: found.iter().map(|found| found.1).sum(),
        labels: found.into_iter().map(|found| found.0).collect(),
    }
}

/// The nearest centroid and its squared distance; the first centroid of a tie.
fn nearest(row: &[f32], centroids: &[f32]) -> (usize, f64) {
    let distances = centroids.chunks_exact(row.len().max(1)).map(|c| squared_distance(row, c));
    distances.enumerate().reduce(|a, b| if b.1 < a.1 { b } else { a }).unwrap_or((0, 0.0))
}

/// Starting rows for every restart. Each next centre is the best of a few candidate rows, the one
/// that leaves the least inertia. Candidates are drawn with a probability proportional to their
/// squared distance from the centres so far.
fn plus_plus(x: &DenseMatrix, k: usize, restarts: usize, rng: &mut impl Rng) -> Vec<Vec<usize>> {
    let trials = 2 + (k as f64).ln() as usize;
    let mut starts: Vec<Start> =
        (0..restarts).map(|_| Start::new(x, rng.random_range(0..x.n_rows()))).collect();
    for _ in 1..k {
        // All random numbers are drawn before the work is spread over threads.
        let mut draws = vec![Vec::with_capacity(trials); restarts];
        for _ in 0..trials {
            draws.iter_mut().for_each(|draws| draws.push(rng.random_range(0.0..1.0_f32).into()));
        }
        starts.par_iter_mut().zip(draws).for_each(|(start, draws)| start.grow(x, &draws));
    }
    starts.into_iter().map(|start| start.rows).collect()
}

/// Centres chosen so far, and every row's squared distance to the nearest of them.
struct Start {
    rows: Vec<usize>,
    nearest: Vec<f64>,
}

impl Start {
    fn new(x: &DenseMatrix, row: usize) -> Self {
        let nearest = x.rows().map(|other| squared_distance(other, x.row(row))).collect();
        Self { rows: vec![row], nearest }
    }

    /// Adds the best of the rows at the given quantiles of the distances.
    fn grow(&mut self, x: &DenseMatrix, quantiles: &[f64]) {
        let total: f64 = self.nearest.iter().sum();
        let candidates = quantiles.iter().map(|quantile| {
            let mut sum = 0.0;
            let past = |distance: &f64| {
                sum += distance;
                sum > quantile * total
            };
            let row = self.nearest.iter().position(past).unwrap_or(x.n_rows() - 1);
            let distances = x.rows().map(|other| squared_distance(other, x.row(row)));
            let nearest: Vec<f64> =
                distances.zip(&self.nearest).map(|(d, near)| d.min(*near)).collect();
            (nearest.iter().sum::<f64>(), row, nearest)
        });
        if let Some((_, row, nearest)) = candidates.reduce(|a, b| if b.0 < a.0 { b } else { a }) {
            self.rows.push(row);
            self.nearest = nearest;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(x: &[f32], n_dims: usize, n_clusters: usize) -> Result<Vec<usize>> {
        let params = KMeansParams { n_clusters, n_init: 3, seed: 0 };
        kmeans(&DenseMatrix::from_rows(x.to_vec(), n_dims), &params)
    }

    #[test]
    fn blobs_are_found_and_numbered_by_size() {
        assert_eq!(fit(&[9.0, 9.1, 0.0, 0.1, 0.2], 1, 2).unwrap(), [1, 1, 0, 0, 0]);
        assert!(fit(&[9.0, 9.1], 1, 3).is_err());
        assert!(fit(&[f32::NAN, 0.0], 1, 1).is_err());
    }

    #[test]
    fn the_partition_of_least_inertia_is_found() {
        // Every contiguous partition of points on a line into three, by hand: {0, 1}, {4, 5}, {9}.
        assert_eq!(fit(&[0., 1., 4., 5., 9.], 1, 3).unwrap(), [0, 0, 1, 1, 2]);
    }

    #[test]
    fn as_many_clusters_as_rows_and_identical_rows() {
        assert_eq!(fit(&[0., 0., 5., 0., 0., 5.], 2, 3).unwrap(), [0, 1, 2]);
        assert_eq!(fit(&[1.0; 12], 2, 3).unwrap(), [0; 6]);
        assert_eq!(fit(&[1.0; 12], 2, 1).unwrap(), [0; 6]);
    }
}
