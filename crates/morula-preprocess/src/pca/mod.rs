//! Principal components without densifying the matrix ([1.6](https://github.com/morula-bio/morula/blob/main/docs/models/jojoscl.md#1-6)).

mod basis;
mod eigen;
mod gram;
mod krylov;
mod operator;

pub(crate) use operator::Shifted;

use crate::{OffsetRows, PreprocessError, Result};
use morula_data::CsrMatrix;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Parameters of [`pca`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PcaParams {
    /// Number of components; the smaller side of the matrix if that is less.
    pub n_comps: usize,
    /// Seed of the iteration's start. Results agree up to rounding for any seed.
    pub seed: u64,
}

impl Default for PcaParams {
    fn default() -> Self {
        Self { n_comps: 50, seed: 0 }
    }
}

/// Principal components of a matrix, and the loadings that project new rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pca {
    /// Number of components k.
    pub n_comps: usize,
    /// Scores, row-major `n x k`.
    pub scores: Vec<f32>,
    /// Loadings, row-major `g x k`; the entry of largest magnitude of each component is positive.
    pub loadings: Vec<f32>,
    /// Mean of every column.
    pub mean: Vec<f64>,
    /// Variance along each component (ddof = 1), descending.
    pub explained_variance: Vec<f64>,
    /// Share of the total variance.
    pub explained_variance_ratio: Vec<f64>,
}

impl Pca {
    /// Scores of new dense rows (row-major `n x g`), row-major `n x k`.
    ///
    /// # Errors
    /// [`PreprocessError::Shape`] when the length is not a multiple of g.
    pub fn transform(&self, x: &[f32]) -> Result<Vec<f32>> {
        let (g, k) = (self.mean.len(), self.n_comps);
        if g == 0 || !x.len().is_multiple_of(g) {
            let (expected, found) = (g, x.len());
            return Err(PreprocessError::Shape { what: "genes to project", expected, found });
        }
        let mut scores = vec![0.0; x.len() / g * k];
        scores.par_chunks_mut(k.max(1)).zip(x.par_chunks(g)).for_each(|(out, row)| {
            let mut sum = vec![0.0; k];
            for ((&v, mean), load) in row.iter().zip(&self.mean).zip(self.loadings.chunks(k.max(1)))
            {
                let centred = f64::from(v) - mean;
                sum.iter_mut().zip(load).for_each(|(s, &l)| *s += centred * f64::from(l));
            }
            out.iter_mut().zip(sum).for_each(|(o, s)| *o = s as f32);
        });
        Ok(scores)
    }

    /// Scores of new rows that are sparse beyond a base, row-major `n x k`.
    ///
    /// # Errors
    /// As [`transform_sparse`](Self::transform_sparse).
    pub fn transform_offset(&self, x: &OffsetRows) -> Result<Vec<f32>> {
        self.project(x.offsets(), self.mean.iter().zip(x.base()).map(|(m, &b)| f64::from(b) - m))
    }

    /// Scores of new sparse rows, row-major `n x k`.
    ///
    /// # Errors
    /// [`PreprocessError::Shape`] when the number of columns differs from that of the fit.
    pub fn transform_sparse(&self, x: &CsrMatrix) -> Result<Vec<f32>> {
        self.project(x, self.mean.iter().map(|mean| -mean))
    }

    /// Scores of sparse rows; a row without entries is at `zero`.
    fn project(&self, x: &CsrMatrix, zero: impl Iterator<Item = f64>) -> Result<Vec<f32>> {
        let (g, k) = (self.mean.len(), self.n_comps);
        if x.n_cols() != g || self.loadings.len() != g * k {
            let (expected, found) = (g, x.n_cols());
            return Err(PreprocessError::Shape { what: "genes to project", expected, found });
        }
        let origin = combine(zero, &self.loadings, k);
        Ok(project(x, &self.loadings, &origin, |_| 1.0))
    }
}

/// `w' L` for weights of all genes.
pub(crate) fn combine(weights: impl Iterator<Item = f64>, loadings: &[f32], k: usize) -> Vec<f64> {
    let mut sum = vec![0.0; k];
    for (weight, load) in weights.zip(loadings.chunks_exact(k.max(1))) {
        sum.iter_mut().zip(load).for_each(|(s, &l)| *s += weight * f64::from(l));
    }
    sum
}

/// `X L`, plus `scale(i)` times the origin in row i; row-major `n x k`.
pub(crate) fn project(
    x: &CsrMatrix,
    loadings: &[f32],
    origin: &[f64],
    scale: impl Fn(usize) -> f64 + Sync,
) -> Vec<f32> {
    let k = origin.len();
    let mut scores = vec![0.0; x.n_rows() * k];
    scores.par_chunks_mut(k.max(1)).enumerate().for_each(|(i, out)| {
        let scale = scale(i);
        let mut sum: Vec<f64> = origin.iter().map(|o| scale * o).collect();
        let (columns, values) = x.row(i);
        for (&j, &v) in columns.iter().zip(values) {
            let load = &loadings[j as usize * k..(j as usize + 1) * k];
            sum.iter_mut().zip(load).for_each(|(s, &l)| *s += f64::from(v) * f64::from(l));
        }
        out.iter_mut().zip(sum).for_each(|(o, s)| *o = s as f32);
    });
    scores
}

/// Principal components of the rows of a sparse matrix, with implicit centring.
///
/// Finds the top eigenpairs of `(X - 1 mu')'(X - 1 mu')`, or of its transpose if that is smaller,
/// by a block Krylov iteration with full reorthogonalisation in `f64`, down to residuals of 1e-10
/// of the largest eigenvalue. Own code, because results must repeat for any number of threads. If
/// `x` has many more entries than the square of the smaller side, that matrix is formed first.
/// Memory: the transpose of `x` or the square of the smaller side (up to 4096), and a basis of the
/// smaller side times a few times `n_comps`. Like scanpy's `pp.pca`.
///
/// # Errors
/// [`PreprocessError::Param`] for no components; [`PreprocessError::NotFinite`]
/// for NaN or infinite values.
pub fn pca(x: &CsrMatrix, params: &PcaParams) -> Result<Pca> {
    if params.n_comps == 0 {
        return Err(PreprocessError::param("n_comps", 0, "ask for at least one component"));
    }
    for (i, (cols, vals)) in x.rows().enumerate() {
        if let Some(p) = vals.iter().position(|v| !v.is_finite()) {
            let (col, value) = (cols[p] as usize, vals[p]);
            return Err(PreprocessError::NotFinite { row: i, col, value });
        }
    }
    let (n, g) = (x.n_rows(), x.n_cols());
    let k = params.n_comps.min(n).min(g);
    let moments = crate::rows::moments(x);
    if k == 0 {
        let (mean, none) = (moments.mean, Vec::new);
        return Ok(Pca {
            n_comps: 0,
            scores: Vec::new(),
            loadings: Vec::new(),
            mean,
            explained_variance: none(),
            explained_variance_ratio: none(),
        });
    }
    let op = Shifted::new(x, vec![1.0; n], moments.mean.clone());
    let Components { scores, loadings, sigma } = components(&op, k, params.seed)?;
    let degrees = (n as f64 - 1.0).max(1.0);
    let total: f64 = moments.var.iter().sum();
    let explained: Vec<f64> = sigma.iter().map(|s| s * s / degrees).collect();
    let ratio = explained.iter().map(|v| if total > 0.0 { v / total } else { 0.0 }).collect();
    Ok(Pca {
        n_comps: k,
        scores,
        loadings,
        mean: moments.mean,
        explained_variance: explained,
        explained_variance_ratio: ratio,
    })
}

/// The top k singular vectors.
pub(crate) struct Components {
    /// Left singular vectors times their values, row-major `n x k`.
    pub(crate) scores: Vec<f32>,
    /// Right singular vectors, row-major `g x k`; the entry of largest magnitude of each is
    /// positive.
    pub(crate) loadings: Vec<f32>,
    /// Singular values, descending.
    sigma: Vec<f64>,
}

/// Decomposes a matrix whose smaller side is at least k.
pub(crate) fn components(op: &Shifted<'_>, k: usize, seed: u64) -> Result<Components> {
    let top = krylov::top_eigenpairs(op, k, seed)?;
    // Singular values and the vectors of the other side.
    let mut other = op.apply(&top.vectors, k);
    let sigma: Vec<f64> = top.values.iter().map(|v| v.max(0.0).sqrt()).collect();
    let (mut scores, mut loadings) = if op.swapped() {
        for row in other.chunks_mut(k.max(1)) {
            row.iter_mut().zip(&sigma).for_each(|(v, s)| *v = if *s > 0.0 { *v / s } else { 0.0 });
        }
        let mut scores = top.vectors;
        for row in scores.chunks_mut(k.max(1)) {
            row.iter_mut().zip(&sigma).for_each(|(v, s)| *v *= s);
        }
        (scores, other)
    } else {
        (other, top.vectors)
    };
    fix_signs(&mut loadings, &mut scores, k);
    let single = |v: Vec<f64>| v.into_iter().map(|v| v as f32).collect();
    Ok(Components { scores: single(scores), loadings: single(loadings), sigma })
}

/// Principal components of dense rows, row-major `n x n_cols`, whose columns mostly hold one value:
/// z-scored sparse data.
///
/// # Errors
/// As [`pca`] and [`OffsetRows::from_dense`].
pub fn pca_dense(x: &[f32], n_cols: usize, params: &PcaParams) -> Result<Pca> {
    pca_offset(&OffsetRows::from_dense(x, n_cols)?, params)
}

/// Principal components of rows that are sparse beyond a base; they are never dense.
///
/// # Errors
/// As [`pca`].
pub fn pca_offset(x: &OffsetRows, params: &PcaParams) -> Result<Pca> {
    let mut pca = pca(x.offsets(), params)?;
    pca.mean.iter_mut().zip(x.base()).for_each(|(m, &b)| *m += f64::from(b));
    Ok(pca)
}

/// Changes signs so that the loading of largest magnitude of every component is positive.
fn fix_signs(loadings: &mut [f64], scores: &mut [f64], k: usize) {
    for c in 0..k {
        let column = || loadings.iter().skip(c).step_by(k);
        let largest = column().fold(0.0, |m: f64, v| if v.abs() > m.abs() { *v } else { m });
        if largest < 0.0 {
            loadings.iter_mut().skip(c).step_by(k).for_each(|v| *v = -*v);
            scores.iter_mut().skip(c).step_by(k).for_each(|v| *v = -*v);
        }
    }
}
