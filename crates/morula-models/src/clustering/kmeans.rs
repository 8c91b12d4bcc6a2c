//! K-means on a device, all restarts at once.

use burn::config::Config;
use burn::tensor::{Int, Tensor};
use morula_core::ops::{one_hot, squared_distances};
use rand::{Rng, RngExt};

/// Rows processed at once, which bounds the `rows x (restarts x clusters)` blocks.
const BLOCK: usize = 8192;

/// Iterations between two checks of the centroids' movement. These are the only reads from the
/// device.
const CHECK_EVERY: usize = 10;

/// Configuration of [`KMeans`].
#[derive(Config, Debug)]
pub struct KMeansConfig {
    /// Number of clusters K.
    pub n_clusters: usize,
    /// Number of independent starts; the result with the least inertia is kept.
    #[config(default = 10)]
    pub n_init: usize,
    /// Most Lloyd iterations.
    #[config(default = 200)]
    pub max_iter: usize,
    /// The iterations stop when the centroids' squared movement is below this share of the data's
    /// variance.
    #[config(default = 1e-6)]
    pub tolerance: f64,
}

/// Lloyd's algorithm with k-means++ starts. All restarts run side by side as one set of
/// `n_init * n_clusters` centroids, so each iteration is two matrix products per block of rows.
#[derive(Debug, Clone)]
pub struct KMeans {
    config: KMeansConfig,
}

/// The result of [`KMeans::fit`].
#[derive(Debug, Clone)]
pub struct KMeansFit {
    /// Centroids of the best restart, `[n_clusters, d]`.
    pub centroids: Tensor<2>,
    /// Cluster of every row, `[n]`.
    pub labels: Tensor<1, Int>,
    /// Sum of squared distances of the rows to their centroid.
    pub inertia: f64,
}

impl KMeansConfig {
    /// Creates the algorithm.
    pub fn init(&self) -> KMeans {
        KMeans { config: self.clone() }
    }

    /// Shape of the largest block of distances: at most 8192 of `n` rows to all centroids of all
    /// starts.
    pub fn block(&self, n: usize) -> [usize; 2] {
        [n.min(BLOCK), self.n_init.max(1).saturating_mul(self.n_clusters)]
    }
}

impl KMeans {
    /// Clusters the rows of `x`. `None` for fewer rows than clusters, no clusters, a value that is
    /// not finite, or a device that fails.
    ///
    /// A cluster that loses all its rows keeps its centroid, so with fewer distinct rows than
    /// clusters some clusters stay empty.
    ///
    /// # Shapes
    /// - x: `[n, d]`, outside autodiff
    #[allow(clippy::disallowed_methods, reason = "runs between epochs")]
    pub fn fit(&self, x: Tensor<2>, rng: &mut impl Rng) -> Option<KMeansFit> {
        let KMeansConfig { n_clusters, n_init, max_iter, tolerance } = self.config;
        let [n, d] = x.dims();
        if n_clusters == 0 || n < n_clusters {
            return None;
        }
        let restarts = n_init.max(1);
        let variance = f64::from(x.clone().var_bias(0).mean().try_into_scalar::<f32>().ok()?);
        if !variance.is_finite() {
            return None;
        }
        let mut centroids = plus_plus(&x, n_clusters, restarts, rng);
        for step in 1..=max_iter {
            let next = lloyd(&x, centroids.clone(), n_clusters);
            if step % CHECK_EVERY == 0 {
                let shift = (next.clone() - centroids).square().sum_dim(1);
                let shift = f64::from(shift.max().try_into_scalar::<f32>().ok()?);
                centroids = next;
                if shift <= tolerance * variance * d as f64 {
                    break;
                }
            } else {
                centroids = next;
            }
        }
        let inertia = inertia(&x, centroids.clone(), n_clusters);
        let inertia: Vec<f32> = inertia.try_into_vec_as::<f32>().ok()?;
        let best = (0..restarts).min_by(|&a, &b| inertia[a].total_cmp(&inertia[b]))?;
        let centroids = centroids.narrow(0, best * n_clusters, n_clusters);
        let labels = nearest(x, centroids.clone());
        Some(KMeansFit { centroids, labels, inertia: inertia[best] as f64 })
    }
}

/// One Lloyd iteration from given centroids: assigns every row to the nearest, then averages. It
/// stays on the device.
///
/// # Shapes
/// - x: `[n, d]`
/// - centroids: `[restarts * n_clusters, d]`; output alike
pub fn lloyd(x: &Tensor<2>, centroids: Tensor<2>, n_clusters: usize) -> Tensor<2> {
    let [rows, d] = centroids.dims();
    let mut sums = Tensor::<2>::zeros([rows, d], &x.device());
    let mut counts = Tensor::<2>::zeros([rows, 1], &x.device());
    for block in blocks(x) {
        let distance = grouped(squared_distances(block.clone(), centroids.clone()), n_clusters);
        let [b, restarts, _] = distance.dims();
        let member = one_hot(distance.argmin(2).reshape([b * restarts]), n_clusters);
        let member = member.reshape([b, rows]);
        counts = counts + member.clone().sum_dim(0).transpose();
        sums = sums + member.transpose().matmul(block);
    }
    let empty = counts.clone().lower_elem(0.5).expand::<2, _>([rows, d]);
    (sums / counts.clamp_min(1.0)).mask_where(empty, centroids)
}

/// The nearest centroid of every row.
///
/// # Shapes
/// - x: `[n, d]`
/// - centroids: `[k, d]`
/// - output: `[n]`
pub fn nearest(x: Tensor<2>, centroids: Tensor<2>) -> Tensor<1, Int> {
    let labels = blocks(&x).map(|block| {
        let [b, _] = block.dims();
        squared_distances(block, centroids.clone()).argmin(1).reshape([b])
    });
    Tensor::cat(labels.collect(), 0)
}

/// Sum of squared distances to the nearest centroid, per restart: `[restarts]`.
fn inertia(x: &Tensor<2>, centroids: Tensor<2>, n_clusters: usize) -> Tensor<1> {
    let mut total: Option<Tensor<1>> = None;
    for block in blocks(x) {
        let distance = grouped(squared_distances(block, centroids.clone()), n_clusters);
        let [_, restarts, _] = distance.dims();
        let part = distance.min_dim(2).sum_dim(0).reshape([restarts]);
        total = Some(total.map_or(part.clone(), |t| t + part));
    }
    total.unwrap_or_else(|| Tensor::zeros([1], &x.device()))
}

/// Greedy k-means++ (Arthur and Vassilvitskii 2007, section 4). The next centre is the best of a
/// few candidate rows: the one that leaves the least inertia. Candidates are drawn with a
/// probability proportional to their squared distance from the centres so far. Restart `r` owns the
/// rows `r * n_clusters ..` of the result.
fn plus_plus(x: &Tensor<2>, n_clusters: usize, restarts: usize, rng: &mut impl Rng) -> Tensor<2> {
    let device = x.device();
    let [n, d] = x.dims();
    let trials = 2 + (n_clusters as f64).ln() as usize;
    let first: Vec<i32> = (0..restarts).map(|_| rng.random_range(0..n) as i32).collect();
    let chosen = x.clone().select(0, Tensor::from_ints(first.as_slice(), &device));
    let mut nearest = squared_distances(x.clone(), chosen.clone());
    let mut centres = vec![chosen.reshape([restarts, 1, d])];
    for _ in 1..n_clusters {
        let running = nearest.clone().cumsum(0);
        let mut best = candidate(x, &running, &nearest, rng);
        for _ in 1..trials {
            let other = candidate(x, &running, &nearest, rng);
            best = best.better(other);
        }
        nearest = best.nearest;
        centres.push(best.centre.reshape([restarts, 1, d]));
    }
    Tensor::cat(centres, 1).reshape([restarts * n_clusters, d])
}

/// A candidate for the next centre of every restart.
struct Candidate {
    /// `[restarts, d]`
    centre: Tensor<2>,
    /// Squared distances to the nearest centre once the candidate is a centre, `[n, restarts]`.
    nearest: Tensor<2>,
    /// Their sum, `[1, restarts]`.
    inertia: Tensor<2>,
}

/// Draws a row for every restart by inverse transform sampling: the row where the running sum of
/// the squared distances passes u times the total.
fn candidate(
    x: &Tensor<2>,
    running: &Tensor<2>,
    nearest: &Tensor<2>,
    rng: &mut impl Rng,
) -> Candidate {
    let [n, restarts] = running.dims();
    let u: Vec<f32> = (0..restarts).map(|_| rng.random_range(0.0..1.0)).collect();
    let u = Tensor::<1>::from_floats(u.as_slice(), &x.device()).reshape([1, restarts]);
    let threshold = running.clone().narrow(0, n - 1, 1) * u;
    let row = running.clone().lower_equal(threshold.expand::<2, _>([n, restarts]));
    let row = row.int().sum_dim(0).clamp(0, n as i64 - 1).reshape([restarts]);
    let centre = x.clone().select(0, row);
    let nearest = nearest.clone().min_pair(squared_distances(x.clone(), centre.clone()));
    let inertia = nearest.clone().sum_dim(0);
    Candidate { centre, nearest, inertia }
}

impl Candidate {
    /// The candidate with less inertia, restart by restart.
    fn better(self, other: Self) -> Self {
        let win = other.inertia.clone().lower(self.inertia.clone());
        let [n, restarts] = self.nearest.dims();
        let d = self.centre.dims()[1];
        let rows = win.clone().expand::<2, _>([n, restarts]);
        let columns = win.clone().transpose().expand::<2, _>([restarts, d]);
        Self {
            centre: self.centre.mask_where(columns, other.centre),
            nearest: self.nearest.mask_where(rows, other.nearest),
            inertia: self.inertia.mask_where(win, other.inertia),
        }
    }
}

/// Blocks of consecutive rows.
fn blocks(x: &Tensor<2>) -> impl Iterator<Item = Tensor<2>> {
    let n = x.dims()[0];
    (0..n).step_by(BLOCK).map(move |start| x.clone().narrow(0, start, BLOCK.min(n - start)))
}

/// `[n, restarts * k]` as `[n, restarts, k]`.
fn grouped(distance: Tensor<2>, n_clusters: usize) -> Tensor<3> {
    let [n, columns] = distance.dims();
    distance.reshape([n, columns / n_clusters, n_clusters])
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    fn blobs(per: usize, centers: &[[f32; 2]]) -> Tensor<2> {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut rows = Vec::new();
        for c in centers {
            for _ in 0..per {
                rows.push(c[0] + rng.random_range(-0.5..0.5f32));
                rows.push(c[1] + rng.random_range(-0.5..0.5f32));
            }
        }
        Tensor::<1>::from_floats(rows.as_slice(), &Device::flex()).reshape([per * centers.len(), 2])
    }

    fn fit(x: Tensor<2>, k: usize, seed: u64) -> Option<(Vec<i32>, f64)> {
        let fit = KMeansConfig::new(k).init().fit(x, &mut ChaCha8Rng::seed_from_u64(seed))?;
        Some((fit.labels.try_into_vec_as::<i32>().unwrap(), fit.inertia))
    }

    #[test]
    fn separated_blobs_are_found() {
        let x = blobs(30, &[[0., 0.], [9., 0.], [0., 9.], [9., 9.]]);
        let (labels, inertia) = fit(x, 4, 0).unwrap();
        for blob in labels.chunks(30) {
            assert!(blob.iter().all(|l| l == &blob[0]));
        }
        let distinct: std::collections::BTreeSet<_> = labels.iter().collect();
        assert_eq!(distinct.len(), 4);
        assert!(inertia < 120.0 * 0.5);
    }

    #[test]
    fn same_seed_same_labels() {
        let x = blobs(50, &[[0., 0.], [1., 0.5], [0.3, 1.]]);
        assert_eq!(fit(x.clone(), 5, 3), fit(x, 5, 3));
    }

    #[test]
    fn one_cluster_is_the_mean() {
        let x = blobs(20, &[[3., -1.]]);
        let mean = x.clone().mean_dim(0).try_into_vec_as::<f32>().unwrap();
        let fit = KMeansConfig::new(1).init().fit(x, &mut ChaCha8Rng::seed_from_u64(0)).unwrap();
        let centroid = fit.centroids.try_into_vec_as::<f32>().unwrap();
        for (a, b) in centroid.iter().zip(&mean) {
            approx::assert_relative_eq!(a, b, epsilon = 1e-5);
        }
    }

    #[test]
    fn as_many_clusters_as_rows() {
        let (labels, inertia) = fit(blobs(1, &[[0., 0.], [5., 0.], [0., 5.]]), 3, 0).unwrap();
        let distinct: std::collections::BTreeSet<_> = labels.iter().collect();
        assert_eq!((distinct.len(), inertia), (3, 0.0));
    }

    #[test]
    fn identical_rows_leave_clusters_empty_without_nan() {
        let x = Tensor::<2>::ones([6, 2], &Device::flex());
        let (labels, inertia) = fit(x, 3, 0).unwrap();
        assert!(labels.iter().all(|&l| (0..3).contains(&l)));
        assert_eq!(inertia, 0.0);
    }

    #[test]
    fn too_few_rows_or_nan_are_refused() {
        assert!(fit(blobs(1, &[[0., 0.]]), 2, 0).is_none());
        let nan = Tensor::<2>::from_floats([[f32::NAN, 0.], [1., 1.]], &Device::flex());
        assert!(fit(nan, 1, 0).is_none());
    }

    #[test]
    fn an_iteration_never_raises_the_inertia() {
        let x = blobs(40, &[[0., 0.], [2., 1.], [1., 3.]]);
        let mut c = plus_plus(&x, 3, 2, &mut ChaCha8Rng::seed_from_u64(5));
        let mut last = vec![f32::INFINITY; 2];
        for _ in 0..6 {
            c = lloyd(&x, c, 3);
            let now = inertia(&x, c.clone(), 3).try_into_vec_as::<f32>().unwrap();
            assert!(now.iter().zip(&last).all(|(a, b)| *a <= b * (1.0 + 1e-5)));
            last = now;
        }
    }
}
