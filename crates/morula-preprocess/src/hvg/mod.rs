//! Highly variable genes ([1.4](https://github.com/morula-bio/morula/blob/main/docs/models/jojoscl.md#1-4)), one file per flavour.

mod batches;
mod cell_ranger;
mod dispersion;
mod loess;
mod pearson_residuals;
mod ranks;
mod seurat;
mod seurat_v3;

pub use batches::highly_variable_genes_by_batch;

use crate::fast_math::exp_m1;
use crate::normalize::LogNormalized;
use crate::rows::{Mapped, Moments, Rows, moments};
use crate::{PreprocessError, Result};
use morula_data::CsrMatrix;
use serde::{Deserialize, Serialize};

/// Measure of variability.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HvgFlavor {
    /// Log dispersion of normalised expression, z-scored in bins of the log mean (Satija et al.
    /// 2015). Reads log-normalised values.
    #[default]
    Seurat,
    /// Dispersion of log expression, centred by the median and scaled by the MAD in 20 bins of the
    /// mean (Zheng et al. 2017). Every bin needs several genes. Reads log-normalised values.
    CellRanger,
    /// Variance relative to a loess of variance on mean (Stuart et al. 2019). Reads counts.
    SeuratV3,
    /// Variance of analytic Pearson residuals (Lause et al. 2021). Reads counts.
    PearsonResiduals,
}

impl HvgFlavor {
    /// Whether this flavour reads raw counts. The other flavours read log-normalised values.
    pub fn reads_counts(self) -> bool {
        !matches!(self, Self::Seurat | Self::CellRanger)
    }
}

/// Parameters of [`highly_variable_genes`]. The defaults are scanpy's, with 2000 genes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HvgParams {
    /// Measure of variability.
    pub flavor: HvgFlavor,
    /// Number of genes to select; all if there are fewer.
    pub n_top_genes: usize,
    /// Bins of the mean (`Seurat` only; `CellRanger` always has 20 percentile bins).
    pub n_bins: usize,
    /// Share of the genes in a neighbourhood of the loess (`SeuratV3` only).
    pub span: f64,
    /// Inverse dispersion of the negative binomial (`PearsonResiduals` only).
    pub theta: f64,
    /// Largest absolute residual (`PearsonResiduals` only); `None` for the root of the number of
    /// cells.
    pub clip: Option<f64>,
}

impl Default for HvgParams {
    fn default() -> Self {
        Self {
            flavor: HvgFlavor::default(),
            n_top_genes: 2000,
            n_bins: 20,
            span: 0.3,
            theta: 100.0,
            clip: None,
        }
    }
}

impl HvgParams {
    /// Checks the ranges.
    ///
    /// # Errors
    /// [`PreprocessError::Param`] names the first parameter out of range.
    pub fn check(&self) -> Result<()> {
        if self.n_top_genes == 0 {
            return Err(PreprocessError::param("n_top_genes", 0, "select at least one gene"));
        }
        if self.n_bins == 0 {
            return Err(PreprocessError::param("n_bins", 0, "use at least one bin"));
        }
        if !(self.span > 0.0 && self.span <= 1.0) {
            return Err(PreprocessError::param("span", self.span, "above 0, at most 1"));
        }
        if self.theta.is_nan() || self.theta <= 0.0 {
            return Err(PreprocessError::param("theta", self.theta, "above 0"));
        }
        if let Some(c) = self.clip.filter(|c| c.is_nan() || *c < 0.0) {
            return Err(PreprocessError::param("clip", c, "not below 0"));
        }
        Ok(())
    }
}

/// Measurements of every gene, and the selection.
#[derive(Debug, Clone, PartialEq)]
pub struct HighlyVariable {
    /// Positions of the selected genes, ascending.
    pub selected: Vec<usize>,
    /// Mean of every gene, on the scale of the flavour (log(1 + mean) for `Seurat`).
    pub means: Vec<f64>,
    /// Spread before normalisation: dispersions, or variances for the count flavours.
    pub spread: Vec<f64>,
    /// The score that ranks genes: normalised dispersion, normalised variance or residual variance.
    /// NaN where it is undefined, for example for constant genes.
    pub score: Vec<f64>,
}

/// Selects the genes that vary most, like scanpy's `pp.highly_variable_genes(n_top_genes=...)`.
///
/// `x` (cells x genes) holds log-normalised values for [`HvgFlavor::Seurat`] and
/// [`HvgFlavor::CellRanger`], raw counts for the other flavours. As in scanpy, the two dispersion
/// flavours select every gene whose score ties with the last selected gene, so `selected` may have
/// more than `n_top_genes` genes. They never select genes without a score.
///
/// # Errors
/// [`PreprocessError::Param`] for parameters out of range.
pub fn highly_variable_genes(x: &CsrMatrix, params: &HvgParams) -> Result<HighlyVariable> {
    params.check()?;
    Ok(measure(x, params))
}

/// Measures log-normalised values or counts, as the flavour requires.
fn measure<R: Rows>(x: &R, params: &HvgParams) -> HighlyVariable {
    match params.flavor {
        HvgFlavor::Seurat => {
            seurat::select(&moments(&Mapped { rows: x, f: |_, v| exp_m1(v) }), params)
        }
        HvgFlavor::CellRanger => cell_ranger::select(&moments(x), params),
        HvgFlavor::SeuratV3 | HvgFlavor::PearsonResiduals => {
            let m = moments(x);
            let score = count_score(x, &m, params);
            let selected = ranks::best(&score, params.n_top_genes);
            HighlyVariable { selected, means: m.mean, spread: m.var, score }
        }
    }
}

/// The score of the two flavours that read counts.
fn count_score<R: Rows>(counts: &R, m: &Moments, params: &HvgParams) -> Vec<f64> {
    match params.flavor {
        HvgFlavor::SeuratV3 => seurat_v3::normalized_variances(counts, m, params.span),
        _ => pearson_residuals::residual_variances(counts, params.theta, params.clip),
    }
}

/// The same from counts and size factors; normalises while reading.
pub(crate) fn from_counts<R: Rows>(
    counts: &R,
    factors: &[f32],
    params: &HvgParams,
) -> Result<HighlyVariable> {
    params.check()?;
    Ok(match params.flavor {
        // expm1 inverts log1p, so this reads the normalised counts themselves.
        HvgFlavor::Seurat => {
            let normalized = Mapped { rows: counts, f: |i: usize, v: f32| v / factors[i] };
            seurat::select(&moments(&normalized), params)
        }
        HvgFlavor::CellRanger => measure(&LogNormalized { counts, factors }, params),
        HvgFlavor::SeuratV3 | HvgFlavor::PearsonResiduals => measure(counts, params),
    })
}
