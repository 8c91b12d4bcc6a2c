//! The kNN classifier on 2000 cells of 8 clusters, in four views of 20 dimensions.
//!
//! `cargo bench -p morula-cluster --bench knn_classifier`.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use morula_cluster::representations::CellNeighbors;
use morula_cluster::{Communities, KnnClassifier};
use morula_data::DenseMatrix;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const CELLS: usize = 2000;
const DIMS: usize = 20;
const VIEWS: u64 = 4;
const CLUSTERS: usize = 8;

/// Cell i belongs to cluster i mod 8, whose points lie along an axis of its own.
fn view(seed: u64) -> DenseMatrix {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let value = |at: usize| {
        let centre = if at / DIMS % CLUSTERS == at % DIMS { 2.0 } else { 0.0 };
        centre + rng.random::<f32>()
    };
    DenseMatrix::from_rows((0..CELLS * DIMS).map(value).collect(), DIMS)
}

fn views(seed: u64) -> Vec<DenseMatrix> {
    (0..VIEWS).map(|v| view(VIEWS * seed + v)).collect()
}

/// Cells with their neighbours and clusters. Fit finds no neighbours.
fn input() -> (CellNeighbors, Communities) {
    let labels = (0..CELLS).map(|i| i % CLUSTERS).collect();
    let clusters = Communities {
        labels,
        n_clusters: CLUSTERS,
        stability: vec![0.9; CELLS],
        ..Default::default()
    };
    (CellNeighbors::new(views(0)).expect("views of the same cells"), clusters)
}

fn classifier(c: &mut Criterion) {
    let (cells, clusters) = input();
    c.bench_function(&format!("knn_classifier/neighbors/{CELLS}x{DIMS}x{VIEWS}"), |b| {
        b.iter_batched(|| views(0), CellNeighbors::new, BatchSize::LargeInput);
    });
    c.bench_function(&format!("knn_classifier/fit/{CELLS}x{DIMS}x{VIEWS}"), |b| {
        b.iter_batched(
            || (cells.clone(), clusters.clone()),
            |(cells, clusters)| KnnClassifier::fit(cells, clusters),
            BatchSize::LargeInput,
        );
    });
    let (classifier, _) = KnnClassifier::fit(cells, clusters).expect("a cluster per cell");
    let new = views(1);
    c.bench_function(&format!("knn_classifier/predict_proba/{CELLS}x{DIMS}x{VIEWS}"), |b| {
        b.iter(|| black_box(classifier.predict_proba(&new)));
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10);
    targets = classifier
}
criterion_main!(benches);
