//! Small inputs.
#![allow(dead_code)] // Each test file uses a part of it.

use morula_data::{Categorical, CsrMatrix};

/// A label per letter, `None` for a dot.
pub fn labels(letters: &str) -> Categorical {
    Categorical::from_labels(letters.chars().map(|c| (c != '.').then(|| c.to_string())))
}

pub fn matrix(n_genes: usize, values: &[f32]) -> CsrMatrix {
    CsrMatrix::from_dense(values.len() / n_genes, n_genes, values).unwrap()
}

pub fn names(n: usize) -> Vec<String> {
    (0..n).map(|i| format!("g{i}")).collect()
}
