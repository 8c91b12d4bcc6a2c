//! Reading and writing an `.h5ad` file of 4000 cells and 2000 genes, a tenth of the entries not 0.
//!
//! `cargo bench -p morula-data --bench h5ad`; the file is in the temporary folder, so that it is read
//! from memory once it has been written.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use morula_data::{Additions, AnnData, Column, CsrMatrix, read, read_counts, read_obs, write_h5ad};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const CELLS: usize = 4000;
const GENES: usize = 2000;

/// Counts from 1 to 9 at random places, and a label per cell.
fn data() -> AnnData {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let (mut offsets, mut columns, mut counts) = (vec![0], vec![], vec![]);
    for _ in 0..CELLS {
        for gene in 0..GENES as u32 {
            if rng.random_bool(0.1) {
                columns.push(gene);
                counts.push(rng.random_range(1..10) as f32);
            }
        }
        offsets.push(columns.len());
    }
    let x = CsrMatrix::new(CELLS, GENES, offsets, columns, counts).expect("rows in order");
    let names = |kind: &str, n: usize| (0..n).map(|i| format!("{kind}{i}")).collect();
    let mut data = AnnData::new(x, names("cell", CELLS), names("gene", GENES)).expect("its names");
    let types = Column::categorical((0..CELLS).map(|i| Some(format!("type {}", i % 8))));
    data.add(&Additions::new().obs("cell_type", types)).expect("a value per cell");
    data
}

fn h5ad(c: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("cells.h5ad");
    let data = data();
    write_h5ad(&path, &data).expect("a writable folder");
    let size = format!("{CELLS}x{GENES}");
    c.bench_function(&format!("h5ad/read/{size}"), |b| b.iter(|| black_box(read(&path))));
    c.bench_function(&format!("h5ad/read_counts/{size}"), |b| {
        b.iter(|| black_box(read_counts(&path, None)));
    });
    c.bench_function(&format!("h5ad/read_obs/{size}"), |b| b.iter(|| black_box(read_obs(&path))));
    let copy = folder.path().join("copy.h5ad");
    c.bench_function(&format!("h5ad/write/{size}"), |b| b.iter(|| write_h5ad(&copy, &data)));
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = h5ad
}
criterion_main!(benches);
