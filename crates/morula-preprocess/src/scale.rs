//! z-scores per gene ([1.5](https://github.com/morula-bio/morula/blob/main/docs/models/jojoscl.md#1-5)).

use crate::rows::{Rows, moments};
use crate::{PreprocessError, Result};
use morula_data::CsrMatrix;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Mean and standard deviation of every gene, and the clip.
///
/// `z = (x - mean) / sd`, then `max(-clip, min(clip, z))`. The fit uses ddof = 1. A constant gene
/// has sd 1, so its z-scores are 0. Like scanpy's `pp.scale`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scaler {
    /// Mean of every gene.
    pub mean: Vec<f64>,
    /// Standard deviation of every gene, never 0.
    pub sd: Vec<f64>,
    /// Largest absolute z-score; `None` for no clipping.
    pub clip: Option<f32>,
}

impl Scaler {
    /// Computes mean and standard deviation of the columns of `x`.
    ///
    /// # Errors
    /// [`PreprocessError::Param`] for a clip that is not above 0.
    pub fn fit(x: &CsrMatrix, clip: Option<f32>) -> Result<Self> {
        Self::fit_rows(x, clip)
    }

    pub(crate) fn fit_rows<R: Rows>(x: &R, clip: Option<f32>) -> Result<Self> {
        if let Some(c) = clip.filter(|c| c.is_nan() || *c <= 0.0) {
            return Err(PreprocessError::param("clip", c, "a clip is above 0"));
        }
        let m = moments(x);
        let sd = m.var.iter().map(|v| v.sqrt()).map(|s| if s > 0.0 { s } else { 1.0 }).collect();
        Ok(Self { mean: m.mean, sd, clip })
    }

    /// The z-score of `value` in `gene`.
    pub(crate) fn z(&self, gene: usize, value: f32) -> f32 {
        let z = ((f64::from(value) - self.mean[gene]) / self.sd[gene]) as f32;
        self.clip.map_or(z, |c| z.clamp(-c, c))
    }

    /// The z-score of a zero in every gene.
    pub fn zeros(&self) -> Vec<f32> {
        (0..self.mean.len()).map(|j| self.z(j, 0.0)).collect()
    }

    /// z-scores of `x`, dense row-major `n x g`.
    ///
    /// # Errors
    /// [`PreprocessError::Shape`] when the number of genes differs from that of the fit.
    pub fn transform(&self, x: &CsrMatrix) -> Result<Vec<f32>> {
        if x.n_cols() != self.mean.len() {
            let (expected, found) = (self.mean.len(), x.n_cols());
            return Err(PreprocessError::Shape { what: "genes to scale", expected, found });
        }
        Ok(self.transform_rows(x))
    }

    pub(crate) fn transform_rows<R: Rows>(&self, x: &R) -> Vec<f32> {
        dense(x, &self.zeros(), |j, v| self.z(j, v))
    }
}

/// Dense rows in which a zero of column `j` is `zeros[j]` and a stored value is `f(j, value)`.
pub(crate) fn dense<R: Rows>(
    x: &R,
    zeros: &[f32],
    f: impl Fn(usize, f32) -> f32 + Sync,
) -> Vec<f32> {
    let mut out = vec![0.0; x.n_rows() * zeros.len()];
    out.par_chunks_mut(zeros.len().max(1)).enumerate().for_each(|(i, row)| {
        row.copy_from_slice(zeros);
        x.visit(i, |j, v| row[j] = f(j, v));
    });
    out
}

/// z-scores of every gene of `x` (n x g), dense row-major, with the fitted [`Scaler`].
///
/// Pass the selected genes only: no other step has a dense output.
///
/// # Errors
/// [`PreprocessError::Param`] for a clip that is not above 0.
pub fn scale(x: &CsrMatrix, clip: Option<f32>) -> Result<(Vec<f32>, Scaler)> {
    let scaler = Scaler::fit(x, clip)?;
    Ok((scaler.transform_rows(x), scaler))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_get_mean_zero_and_sd_one() {
        let x = CsrMatrix::from_dense(3, 2, &[1., 5., 2., 5., 3., 5.]).unwrap();
        let (z, scaler) = scale(&x, None).unwrap();
        assert_eq!(z, [-1., 0., 0., 0., 1., 0.]);
        assert_eq!(scaler.sd, [1.0, 1.0]);
    }

    #[test]
    fn clip_cuts_both_tails() {
        let mut values = vec![0f32; 200];
        values[7] = 1000.0;
        let x = CsrMatrix::from_dense(200, 1, &values).unwrap();
        let (z, _) = scale(&x, Some(0.05)).unwrap();
        assert_eq!((z[7], z[0]), (0.05, -0.05));
        assert!(scale(&x, Some(0.0)).is_err() && scale(&x, Some(f32::NAN)).is_err());
    }

    #[test]
    fn one_cell_scales_to_zero() {
        let x = CsrMatrix::from_dense(1, 2, &[3., 0.]).unwrap();
        assert_eq!(scale(&x, None).unwrap().0, [0., 0.]);
    }

    #[test]
    fn another_width_is_refused() {
        let x = CsrMatrix::from_dense(1, 2, &[3., 0.]).unwrap();
        let scaler = Scaler::fit(&x, None).unwrap();
        assert!(scaler.transform(&CsrMatrix::from_dense(1, 1, &[3.]).unwrap()).is_err());
    }
}
