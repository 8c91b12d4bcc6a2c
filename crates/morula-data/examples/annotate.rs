//! Adds a set of results to files: `annotate IN OUT [IN OUT ...]`.
//!
//! The interoperability check (`scripts/check_h5ad.sh`) runs this.

use morula_data::{Additions, Column, DenseMatrix, UnsValue, read_obs, write_h5ad_with};
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    for pair in arguments.chunks_exact(2) {
        let additions = results(read_obs(&pair[0])?.n_rows())?;
        for part in write_h5ad_with(&pair[0], &pair[1], &additions)? {
            eprintln!("{}: not kept: {part}", pair[0]);
        }
    }
    Ok(())
}

/// One of each kind of result. `scripts/check_h5ad.py` expects these values.
fn results(n: usize) -> Result<Additions, morula_data::DataError> {
    let label = |i: usize| (i % 5 != 4).then(|| (i % 3).to_string());
    let confidence = |i: usize| if i % 5 == 4 { f64::NAN } else { i as f64 / n as f64 };
    let embedding = (0..n * 4).map(|i| i as f32 / 2.0).collect();
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
        .obsm("X_morula", DenseMatrix::new(n, 4, embedding)?)
        .uns("morula", settings))
}
