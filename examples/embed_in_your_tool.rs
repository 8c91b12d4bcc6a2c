//! Morula inside another program: from plain arrays in compressed rows to clusters of cells, and of
//! cells that arrive later. No files, no command line.

use std::error::Error;

use morula::prelude::*;

const CELLS: usize = 200;
const GENES: usize = 60;

fn main() -> Result<(), Box<dyn Error>> {
    // Your tool's data: offsets, columns and values of a cells x genes matrix.
    let (indptr, indices, data) = your_counts(0);
    let cells = (0..CELLS).map(|i| format!("cell{i}")).collect();
    let genes: Vec<String> = (0..GENES).map(|j| format!("gene{j}")).collect();
    let x = CsrMatrix::new(CELLS, GENES, indptr, indices, data)?;
    let counts = CountMatrix::new(x, cells, genes.clone())?;

    let device = DeviceChoice::Cpu.resolve()?;
    let model = JojoScl::params(2).epochs(30).batch_size(50).fit(&counts, &device.device)?;
    let prediction = model.fitted().ok_or("the model knows no cells")?;

    // Even and odd cells differ; the model does not know which is which.
    let label = |i: usize| prediction.labels[i];
    let apart = (0..CELLS).filter(|&i| label(i) == label(i % 2)).count();
    println!("{apart} of {CELLS} cells are in the cluster of their kind");
    assert_eq!(prediction.kept_cells.len(), CELLS);
    assert!(label(0) != label(1) && apart >= CELLS * 95 / 100);

    // The same model predicts cells that arrive later.
    let (indptr, indices, data) = your_counts(1);
    let x = CsrMatrix::new(CELLS, GENES, indptr, indices, data)?;
    let later = (0..CELLS).map(|i| format!("later{i}")).collect();
    let found = model.predict(&CountMatrix::new(x, later, genes)?)?;
    let agree = (0..CELLS).filter(|&i| found.labels[i] == label(i % 2)).count();
    println!("{agree} of {CELLS} later cells are in the cluster of their kind");
    assert!(agree >= CELLS * 95 / 100);
    Ok(())
}

/// Even cells express the first half of the genes, odd cells the second half, with some noise.
fn your_counts(seed: usize) -> (Vec<usize>, Vec<u32>, Vec<f32>) {
    let (mut indptr, mut indices, mut data) = (vec![0], Vec::new(), Vec::new());
    let mut state = 12345 + seed as u64;
    for i in 0..CELLS {
        for j in 0..GENES {
            // Knuth's linear congruential generator, so that this example needs no crate.
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let noise = (state >> 60) as usize % 4;
            let own = (i % 2 == 0) == (j < GENES / 2);
            let count = if own { 2 + j % 5 + noise } else { noise / 2 };
            if count > 0 {
                indices.push(j as u32);
                data.push(count as f32);
            }
        }
        indptr.push(data.len());
    }
    (indptr, indices, data)
}
