//! Leiden and communities on the graph of neighbours of 4000 simulated cells of 8 types.
//!
//! `cargo bench -p morula-cluster --bench communities`.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use morula_cluster::{LeidenParams, NClusters, communities, leiden};
use morula_data::CsrMatrix;
use morula_preprocess::{PcaParams, RecipeParams, SimulateParams, neighbors, pca_offset, simulate};

const CELLS: usize = 4000;

/// Neighbours in 50 principal components, as scanpy weights them.
fn graph() -> CsrMatrix {
    let params = SimulateParams { cells: CELLS, genes: 2000, types: 8, ..Default::default() };
    let counts = simulate(&params).expect("parameters in range").counts;
    let (_, prepared) = RecipeParams::default().fit(&counts).expect("enough genes");
    let pca = PcaParams { n_comps: 50, ..Default::default() };
    let pca = pca_offset(&prepared.scaled(), &pca).expect("enough components");
    let neighbors = neighbors(&pca.scores, pca.n_comps, 15).expect("enough cells");
    neighbors.fuzzy_connectivities()
}

fn clusters(c: &mut Criterion) {
    let graph = graph();
    c.bench_function(&format!("leiden/{CELLS}"), |b| {
        b.iter(|| black_box(leiden(&graph, &LeidenParams::default())));
    });
    c.bench_function(&format!("communities/{CELLS}/auto"), |b| {
        b.iter(|| black_box(communities(&graph, NClusters::Auto, 0)));
    });
    c.bench_function(&format!("communities/{CELLS}/8"), |b| {
        b.iter(|| black_box(communities(&graph, 8.into(), 0)));
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10);
    targets = clusters
}
criterion_main!(benches);
