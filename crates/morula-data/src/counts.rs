//! Raw counts, checked: the only thing a model can be fitted on.

use crate::{CsrMatrix, DataError, Result};

/// How far from a whole number a stored count may be.
const INTEGER_TOLERANCE: f32 = 1e-6;

/// A cells x genes matrix of validated raw counts.
#[derive(Debug, Clone, PartialEq)]
pub struct CountMatrix {
    x: CsrMatrix,
    obs_names: Vec<String>,
    var_names: Vec<String>,
}

impl CountMatrix {
    /// Checks every stored value and keeps the matrix with its cell and gene names.
    ///
    /// # Errors
    /// [`DataError::NotCounts`] naming the first cell, gene and value that is
    /// negative, not finite or not whole, and what the matrix looks like;
    /// [`DataError::Empty`] for a matrix without cells or genes;
    /// [`DataError::Names`] when names and shape disagree.
    pub fn new(x: CsrMatrix, obs_names: Vec<String>, var_names: Vec<String>) -> Result<Self> {
        if x.n_rows() == 0 || x.n_cols() == 0 {
            return Err(DataError::Empty { n_obs: x.n_rows(), n_vars: x.n_cols() });
        }
        if obs_names.len() != x.n_rows() || var_names.len() != x.n_cols() {
            return Err(DataError::Names {
                n_obs: x.n_rows(),
                n_vars: x.n_cols(),
                obs_names: obs_names.len(),
                var_names: var_names.len(),
            });
        }
        for (i, (cols, vals)) in x.rows().enumerate() {
            for (&c, &v) in cols.iter().zip(vals) {
                // The negated form also catches NaN.
                if !(v.is_finite() && v >= 0.0 && (v - v.round()).abs() <= INTEGER_TOLERANCE) {
                    return Err(DataError::NotCounts {
                        layer: "X".into(),
                        cell: obs_names[i].clone(),
                        gene: var_names[c as usize].clone(),
                        value: v,
                        looks_like: looks_like(&x),
                    });
                }
            }
        }
        Ok(Self { x, obs_names, var_names })
    }

    /// The counts.
    pub fn x(&self) -> &CsrMatrix {
        &self.x
    }

    /// Cell names, in row order.
    pub fn obs_names(&self) -> &[String] {
        &self.obs_names
    }

    /// Gene names, in column order.
    pub fn var_names(&self) -> &[String] {
        &self.var_names
    }

    /// Number of cells.
    pub fn n_obs(&self) -> usize {
        self.x.n_rows()
    }

    /// Number of genes.
    pub fn n_vars(&self) -> usize {
        self.x.n_cols()
    }

    /// Cells and genes chosen by position. Counts stay counts, so nothing is checked again.
    pub fn select(&self, obs: &[usize], var: &[usize]) -> Self {
        Self {
            x: self.x.select_cols(var).select_rows(obs),
            obs_names: obs.iter().map(|&i| self.obs_names[i].clone()).collect(),
            var_names: var.iter().map(|&j| self.var_names[j].clone()).collect(),
        }
    }
}

/// A guess at what a matrix that is not counts has been through.
fn looks_like(x: &CsrMatrix) -> &'static str {
    let (mut negative, mut max) = (false, 0f32);
    for &v in x.data() {
        if v.is_nan() || v.is_infinite() {
            return "damaged values (NaN or infinity)";
        }
        negative |= v < 0.0;
        max = max.max(v);
    }
    match (negative, max) {
        (true, _) => "scaled (z-scored) or corrected expression",
        (false, m) if m < 20.0 => "log-transformed expression (log1p)",
        _ => "normalised expression (CPM, TPM or RPKM)",
    }
}
