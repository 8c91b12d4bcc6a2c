//! Highly variable genes (METHODS 1.4), one file per flavour.

mod cell_ranger;
mod dispersion;
mod seurat;

use crate::normalize::LogNormalized;
use crate::rows::{Mapped, Rows, moments};
use crate::{PreprocessError, Result};
use morula_data::CsrMatrix;
use serde::{Deserialize, Serialize};

/// How variability is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HvgFlavor {
    /// Log dispersion of normalised expression, z-scored in bins of the log mean
    /// (Satija et al. 2015). Reads log-normalised values.
    #[default]
    Seurat,
    /// Dispersion of log expression, centred by the median and scaled by the
    /// MAD in bins of the mean (Zheng et al. 2017). Reads log-normalised values.
    CellRanger,
}

impl HvgFlavor {
    /// Whether this flavour reads raw counts (the others read log-normalised values).
    pub fn reads_counts(self) -> bool {
        !matches!(self, Self::Seurat | Self::CellRanger)
    }
}

/// Parameters of [`highly_variable_genes`]; the defaults are scanpy's, with 2000 genes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HvgParams {
    /// How variability is measured.
    pub flavor: HvgFlavor,
    /// How many genes to select; all, when there are fewer.
    pub n_top_genes: usize,
    /// Bins of the mean (`Seurat` only; `CellRanger` has its 20 percentile bins).
    pub n_bins: usize,
}

impl Default for HvgParams {
    fn default() -> Self {
        Self { flavor: HvgFlavor::default(), n_top_genes: 2000, n_bins: 20 }
    }
}

impl HvgParams {
    /// Checks the ranges.
    ///
    /// # Errors
    /// [`PreprocessError::Param`] naming the first parameter out of range.
    pub fn check(&self) -> Result<()> {
        if self.n_top_genes == 0 {
            return Err(PreprocessError::param("n_top_genes", 0, "select at least one gene"));
        }
        if self.n_bins == 0 {
            return Err(PreprocessError::param("n_bins", 0, "use at least one bin"));
        }
        Ok(())
    }
}

/// What was measured of every gene, and the choice.
#[derive(Debug, Clone, PartialEq)]
pub struct HighlyVariable {
    /// Positions of the selected genes, ascending.
    pub selected: Vec<usize>,
    /// Mean of every gene, on the scale of the flavour (log(1 + mean) for `Seurat`).
    pub means: Vec<f64>,
    /// Spread before normalisation: dispersions, or variances for the count flavours.
    pub spread: Vec<f64>,
    /// What genes are ranked by: normalised dispersion, normalised variance or
    /// residual variance. NaN where it is not defined, for instance for constant genes.
    pub score: Vec<f64>,
}

/// Selects the genes that vary most, as scanpy's `pp.highly_variable_genes(n_top_genes=...)`.
///
/// `x` (cells x genes) holds log-normalised values for [`HvgFlavor::Seurat`] and
/// [`HvgFlavor::CellRanger`], raw counts for the others. Genes whose score ties with the last
/// one selected are all taken by the two dispersion flavours, as in scanpy, so
/// that `selected` may hold more than `n_top_genes`; genes without a score are
/// never taken by them.
///
/// # Errors
/// [`PreprocessError::Param`] for parameters out of range.
pub fn highly_variable_genes(x: &CsrMatrix, params: &HvgParams) -> Result<HighlyVariable> {
    params.check()?;
    Ok(match params.flavor {
        HvgFlavor::Seurat => {
            seurat::select(&moments(&Mapped { rows: x, f: |_, v: f32| v.exp_m1() }), params)
        }
        HvgFlavor::CellRanger => cell_ranger::select(&moments(x), params),
    })
}

/// The same from counts and size factors, normalising on the fly.
pub(crate) fn from_counts<R: Rows>(
    counts: &R,
    factors: &[f32],
    params: &HvgParams,
) -> Result<HighlyVariable> {
    params.check()?;
    let logs = LogNormalized { counts, factors };
    Ok(match params.flavor {
        // expm1 undoes log1p, so the normalised counts themselves are read.
        HvgFlavor::Seurat => {
            let normalized = Mapped { rows: counts, f: |i, v: f32| v / factors[i] };
            seurat::select(&moments(&normalized), params)
        }
        HvgFlavor::CellRanger => cell_ranger::select(&moments(&logs), params),
    })
}
