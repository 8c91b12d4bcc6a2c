//! Every step of preprocessing, on simulated cells of 2000 genes.
//!
//! `cargo bench -p morula-preprocess`. `scripts/bench_preprocess.sh` compares the steps with
//! scanpy.

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use morula_data::{CountMatrix, CsrMatrix};
use morula_preprocess::*;
use std::hint::black_box;

const CELLS: usize = 14_000;
const GENES: usize = 2000;

fn counts() -> CountMatrix {
    let params = SimulateParams {
        cells: CELLS,
        genes: GENES,
        types: 8,
        library_size: 300.0,
        ..Default::default()
    };
    simulate(&params).expect("parameters in range").counts
}

fn normalized(counts: &CountMatrix) -> CsrMatrix {
    let mut x = counts.x().clone();
    normalize_total(&mut x, TargetSum::Median).expect("a target in range");
    x
}

fn sparse_steps(c: &mut Criterion) {
    let size = format!("{CELLS}x{GENES}");
    let counts = counts();
    let x = normalized(&counts);
    c.bench_function(&format!("normalize_total/{size}"), |b| {
        let copy = || counts.x().clone();
        b.iter_batched_ref(copy, |x| normalize_total(x, TargetSum::Median), BatchSize::LargeInput);
    });
    c.bench_function(&format!("log1p/{size}"), |b| {
        b.iter_batched_ref(|| x.clone(), log1p, BatchSize::LargeInput);
    });
    let mut logs = x;
    log1p(&mut logs);
    c.bench_function(&format!("highly_variable_genes/{size}"), |b| {
        b.iter(|| black_box(highly_variable_genes(&logs, &HvgParams::default())));
    });
    c.bench_function(&format!("scale/{size}"), |b| b.iter(|| black_box(scale(&logs, None))));
    c.bench_function(&format!("recipe/{size}"), |b| {
        b.iter(|| black_box(RecipeParams::default().fit(&counts)));
    });
}

fn components(c: &mut Criterion) {
    let mut logs = normalized(&counts());
    log1p(&mut logs);
    let (z, _) = scale(&logs, None).expect("no clip");
    for n_comps in [20, 50] {
        let params = PcaParams { n_comps, ..PcaParams::default() };
        c.bench_function(&format!("pca/{CELLS}x{GENES}/{n_comps}"), |b| {
            b.iter(|| black_box(pca_dense(&z, GENES, &params)));
        });
        let found = pca_dense(&z, GENES, &params).expect("finite z-scores");
        c.bench_function(&format!("neighbors/{CELLS}x{n_comps}/15"), |b| {
            b.iter(|| black_box(neighbors(&found.scores, n_comps, 15)));
        });
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10);
    targets = sparse_steps, components
}
criterion_main!(benches);
