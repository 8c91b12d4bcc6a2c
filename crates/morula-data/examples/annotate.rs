//! Adds a set of results to files: `annotate IN OUT [IN OUT ...]`.
//!
//! `scripts/check_h5ad.sh`, the check of interoperability, runs this.

use morula_data::{
    Additions, Column, CsrMatrix, DenseMatrix, ReadOptions, UnsValue, read, write_from,
};
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    for pair in arguments.chunks_exact(2) {
        let data = read(&pair[0])?;
        let additions = results(data.n_obs(), data.n_vars())?;
        for part in write_from(&pair[0], &pair[1], &additions, &ReadOptions::new())? {
            eprintln!("{}: not kept: {part}", pair[0]);
        }
    }
    Ok(())
}

/// One of each kind of result. `scripts/check_h5ad.py` expects these values.
fn results(n: usize, genes: usize) -> Result<Additions, morula_data::DataError> {
    let label = |i: usize| (i % 5 != 4).then(|| (i % 3).to_string());
    let confidence = |i: usize| if i % 5 == 4 { f64::NAN } else { i as f64 / n as f64 };
    let embedding = (0..n * 4).map(|i| i as f32 / 2.0).collect();
    // The first cell has no values. Every third gene has one in the other cells; some are 0.
    let columns: Vec<u32> = (0..genes as u32).step_by(3).collect();
    let offsets = (0..=n).map(|i| i.saturating_sub(1) * columns.len()).collect();
    let values: Vec<f32> =
        (0..n.saturating_sub(1) * columns.len()).map(|p| (p % 4) as f32 / 2.0).collect();
    let layer = CsrMatrix::new(n, genes, offsets, columns.repeat(n.saturating_sub(1)), values)?;
    let settings = UnsValue::map()
        .with("seed", 7)
        .with("device", "cpu")
        .with("learning_rate", 0.5)
        .with("converged", true)
        .with("loss", vec![3.0, 2.5, 2.25])
        .with("sizes", vec![1i64, 2, 3])
        .with("names", vec!["a".to_string(), "β".to_string(), String::new()])
        .with("params", UnsValue::map().with("empty", UnsValue::map()).with("k", 3));
    Ok(Additions::new()
        .obs("morula", Column::categorical((0..n).map(label)))
        .obs("morula_confidence", Column::Float((0..n).map(confidence).collect()))
        .obs("morula_rank", Column::Int((0..n).map(|i| (i % 5 != 4).then_some(i as i64)).collect()))
        .obs("morula_core", Column::Bool((0..n).map(|i| Some(i % 2 == 0)).collect()))
        .obs("morula_note", Column::Text((0..n).map(|i| Some(format!("n{i}"))).collect()))
        .var("morula_used", Column::Bool((0..genes).map(|j| Some(j % 3 == 0)).collect()))
        .layer("morula", layer)
        .obsm("X_morula", DenseMatrix::new(n, 4, embedding)?)
        .uns("morula", settings))
}
