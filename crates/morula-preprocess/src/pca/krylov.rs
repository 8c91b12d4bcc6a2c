//! Top eigenpairs of `A' A` by a block Krylov iteration with thick restarts.

use super::basis::{BLOCK, Basis};
use super::eigen::symmetric_eigen;
use super::gram::Gram;
use super::operator::Shifted;
use crate::Result;

/// A pair has converged at this residual, as a share of the largest eigenvalue.
const TOLERANCE: f64 = 1e-10;
/// Up to this size the matrix is formed and decomposed directly.
const DIRECT: usize = 320;
/// After this many products the best pairs so far are returned.
const MAX_PRODUCTS: usize = 4000;

/// The top eigenpairs.
pub(super) struct Top {
    /// Eigenvalues, descending.
    pub(super) values: Vec<f64>,
    /// Eigenvectors, row-major `dim x k`.
    pub(super) vectors: Vec<f64>,
}

pub(super) fn top_eigenpairs(op: &Shifted<'_>, k: usize, seed: u64) -> Result<Top> {
    let dim = op.dim();
    if dim <= DIRECT || dim <= 4 * k {
        return direct(op, k);
    }
    let cap = (12 * k + 10 * BLOCK).max(DIRECT).min(dim - 2 * BLOCK);
    let mut basis = Basis::new(dim, seed);
    let mut check_at = (2 * k).max(4 * BLOCK).min(cap);
    let mut products = 0;
    let gram = Gram::pays(op).then(|| Gram::new(op));
    let product = |v: &[f64]| match &gram {
        Some(gram) => gram.product(v, BLOCK),
        None => op.gram(v, BLOCK),
    };
    loop {
        let coupling = basis.extend(&product(&basis.last_block()));
        products += 1;
        // The product of the last block is not known yet.
        let m = basis.len() - BLOCK;
        if m < check_at && products < MAX_PRODUCTS {
            continue;
        }
        let (values, y) = symmetric_eigen(basis.projected().as_ref())?;
        let residual = |i: usize| {
            let row = |r: usize| -> f64 {
                (0..BLOCK).map(|c| coupling[c * BLOCK + r] * y[(m - BLOCK + c, i)]).sum()
            };
            (0..BLOCK).map(|r| row(r).powi(2)).sum::<f64>().sqrt()
        };
        let converged = |i| residual(i) <= TOLERANCE * values[0].abs();
        if products >= MAX_PRODUCTS || (0..k).all(converged) {
            let vectors = basis.combine(&y, k);
            let vectors = (0..dim * k).map(|p| vectors[(p / k, p % k)]).collect();
            return Ok(Top { values: values[..k].to_vec(), vectors });
        }
        if m + BLOCK > cap {
            basis.restart(&values, &y, k + 2 * BLOCK);
        }
        check_at = if m + BLOCK > cap { cap } else { (m + (m / 5).max(BLOCK)).min(cap) };
    }
}

/// Forms `A' A` and decomposes it.
fn direct(op: &Shifted<'_>, k: usize) -> Result<Top> {
    let dim = op.dim();
    if dim == 0 {
        return Ok(Top { values: Vec::new(), vectors: Vec::new() });
    }
    let (values, y) = symmetric_eigen(Gram::new(op).matrix())?;
    let vectors = (0..dim * k).map(|p| y[(p / k, p % k)]).collect();
    Ok(Top { values: values[..k].to_vec(), vectors })
}
