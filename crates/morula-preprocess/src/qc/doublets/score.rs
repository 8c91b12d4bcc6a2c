//! Scores of cells by their neighbours among simulated doublets.

use morula_data::CsrMatrix;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::variable::variable_genes;
use crate::rows::{moments, row_sums};
use crate::{PcaParams, Result, neighbors, pca};

/// Simulated doublets per cell.
pub(super) const RATIO: usize = 2;
/// Principal components.
const COMPONENTS: usize = 30;
/// Total of a cell before the z-scores, as in Scrublet; it cancels.
const TOTAL: f64 = 1e6;

/// Shares of simulated doublets around cells and around the simulated doublets.
pub(super) struct Shares {
    pub cells: Vec<f64>,
    pub simulated: Vec<f64>,
}

/// Compares cells, each with a count, with doublets simulated from them. `None` if no genes vary.
pub(super) fn shares(x: &CsrMatrix, rng: &mut ChaCha8Rng) -> Result<Option<Shares>> {
    let n = x.n_rows();
    let totals = row_sums(x, f64::from);
    let mean_total = totals.iter().sum::<f64>() / n as f64;
    let genes = variable_genes(&scaled(x, &totals, mean_total));
    if genes.len() < 2 {
        return Ok(None);
    }
    let x = x.select_cols(&genes);
    let pairs: Vec<[usize; 2]> =
        (0..RATIO * n).map(|_| [rng.random_range(0..n), rng.random_range(0..n)]).collect();
    let doublets = sums(&x, &pairs)?;
    let doublet_totals: Vec<f64> = pairs.iter().map(|[a, b]| totals[*a] + totals[*b]).collect();
    let mut cells = scaled(&x, &totals, TOTAL);
    let mut doublets = scaled(&doublets, &doublet_totals, TOTAL);
    // The mean is subtracted by the principal components.
    let deviations: Vec<f64> = moments(&cells).var.iter().map(|var| var.sqrt()).collect();
    for matrix in [&mut cells, &mut doublets] {
        divide_columns(matrix, &deviations);
    }
    let n_comps = COMPONENTS.min(n - 1).min(genes.len() - 1);
    let components = pca(&cells, &PcaParams { n_comps, seed: 0 })?;
    let mut points = components.transform_sparse(&cells)?;
    points.extend(components.transform_sparse(&doublets)?);
    let k = (0.5 * (n as f64).sqrt()).round() as usize;
    let near = neighbors(&points, components.n_comps, k.max(1) * (1 + RATIO))?;
    let of = |near: &[u32]| {
        let simulated = near.iter().filter(|&&j| j as usize >= n).count();
        (simulated + 1) as f64 / (near.len() + 2) as f64
    };
    let mut all: Vec<f64> = near.indices.par_chunks(near.k.max(1)).map(of).collect();
    let simulated = all.split_off(n);
    Ok(Some(Shares { cells: all, simulated }))
}

/// The posterior probability of a doublet with a share `q` of simulated doublets around it (Wolock
/// et al. 2019, equations 1 to 4), where doublets are expected at a rate `rho`:
///
/// ```text
/// q = (simulated + 1) / (k + 2)                                of k neighbours
/// L = (q rho / r) / (1 - rho - q (1 - rho - rho / r))          r: simulated doublets per cell
/// ```
pub(super) fn likelihood(q: f64, rho: f64) -> f64 {
    let odds = rho / RATIO as f64;
    q * odds / (1.0 - rho - q * (1.0 - rho - odds))
}

/// The share that has this score: the inverse of [`likelihood`].
pub(super) fn share(score: f64, rho: f64) -> f64 {
    let odds = rho / RATIO as f64;
    score * (1.0 - rho) / (odds + score * (1.0 - rho - odds))
}

/// Every row divided by its total and multiplied by another.
fn scaled(x: &CsrMatrix, totals: &[f64], to: f64) -> CsrMatrix {
    let mut x = x.clone();
    let indptr = x.indptr().to_vec();
    for (span, total) in indptr.windows(2).zip(totals) {
        let factor = to / total;
        x.data_mut()[span[0]..span[1]]
            .iter_mut()
            .for_each(|v| *v = (f64::from(*v) * factor) as f32);
    }
    x
}

fn divide_columns(x: &mut CsrMatrix, by: &[f64]) {
    let columns = x.indices().to_vec();
    for (v, &j) in x.data_mut().iter_mut().zip(&columns) {
        let by = by[j as usize];
        *v = if by > 0.0 { (f64::from(*v) / by) as f32 } else { 0.0 };
    }
}

/// The sums of pairs of rows.
fn sums(x: &CsrMatrix, pairs: &[[usize; 2]]) -> Result<CsrMatrix> {
    let (mut indptr, mut indices, mut data) = (vec![0], Vec::new(), Vec::new());
    for pair in pairs {
        let [(a, va), (b, vb)] = pair.map(|i| x.row(i));
        let (mut i, mut j) = (0, 0);
        while i < a.len() || j < b.len() {
            let first = a.get(i).is_some_and(|c| b.get(j).is_none_or(|d| c <= d));
            let second = b.get(j).is_some_and(|d| a.get(i).is_none_or(|c| d <= c));
            indices.push(if first { a[i] } else { b[j] });
            data.push(if first { va[i] } else { 0.0 } + if second { vb[j] } else { 0.0 });
            i += usize::from(first);
            j += usize::from(second);
        }
        indptr.push(indices.len());
    }
    Ok(CsrMatrix::new(pairs.len(), x.n_cols(), indptr, indices, data)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_rows() {
        let x = CsrMatrix::from_dense(3, 4, &[1., 0., 2., 0., 0., 3., 1., 0., 0., 0., 0., 0.]);
        let sums = sums(&x.unwrap(), &[[0, 1], [1, 2], [2, 2], [0, 0]]).unwrap();
        let want = [1., 3., 3., 0., 0., 3., 1., 0., 0., 0., 0., 0., 2., 0., 4., 0.];
        assert_eq!(sums.to_dense(), want);
    }

    /// q = 7/12 and rho = .1: by hand (7/12 * .05) / (.9 - 7/12 * .85).
    #[test]
    fn a_likelihood_by_hand() {
        let found = likelihood(7.0 / 12.0, 0.1);
        approx::assert_relative_eq!(share(found, 0.1), 7.0 / 12.0, max_relative = 1e-12);
        approx::assert_relative_eq!(found, 0.0721649484536, max_relative = 1e-10);
        assert!(likelihood(11.0 / 12.0, 0.1) < 1.0 && likelihood(1.0 / 12.0, 0.1) > 0.0);
    }
}
