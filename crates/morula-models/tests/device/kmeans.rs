//! K-means in f32 on every device, against f32 on the CPU.

use burn::tensor::{Device, Tensor, TensorData};
use morula_models::clustering::{KMeansConfig, lloyd};
use morula_testing::devices::{OPERATION, devices, error};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const SHAPE: [usize; 2] = [40, 8];
const CLUSTERS: usize = 4;

fn values(x: Tensor<2>) -> Vec<f64> {
    x.try_into_vec_as().unwrap()
}

/// Groups of cells far from each other.
fn groups() -> Vec<f64> {
    let [n, d] = SHAPE;
    let mut cells = normals(n * d);
    for (i, cell) in cells.chunks_mut(d).enumerate() {
        cell[i % CLUSTERS] += 20.0;
    }
    cells
}

fn normals(n: usize) -> Vec<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    (0..n).map(|_| rng.random_range(-1.0..1.0)).collect()
}

#[test]
fn kmeans() {
    let fit = |device: &Device| {
        let x = Tensor::<2>::from_data(TensorData::new(groups(), SHAPE), device);
        let start = x.clone().narrow(0, 0, 2 * CLUSTERS);
        let step = values(lloyd(&x, start, CLUSTERS));
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let fit = KMeansConfig::new(CLUSTERS).with_n_init(2).init().fit(x, &mut rng).unwrap();
        let labels: Vec<i64> = fit.labels.try_into_vec_as().unwrap();
        (step, labels, values(fit.centroids), fit.inertia)
    };
    let (step, labels, centroids, inertia) = fit(&devices()[0].device);
    assert!(labels.chunks_exact(CLUSTERS).all(|group| group == &labels[..CLUSTERS]));
    for on in devices() {
        let found = fit(&on.device);
        let errors =
            [error(&found.0, &step), error(&found.2, &centroids), error(&[found.3], &[inertia])];
        let [step, centroids, inertia] = errors;
        eprintln!(
            "k-means on {}: {step:.1e} an iteration, {centroids:.1e} centroids, {inertia:.1e} inertia",
            on.name
        );
        assert_eq!(found.1, labels, "{}", on.name);
        assert!(errors.iter().all(|&error| error <= OPERATION), "{}", on.name);
    }
}
