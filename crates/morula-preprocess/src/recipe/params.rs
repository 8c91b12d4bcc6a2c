//! Parameters of a recipe.

use crate::hvg::{HvgFlavor, HvgParams};
use crate::normalize::TargetSum;
use crate::{PreprocessError, Result};
use serde::{Deserialize, Serialize};

/// Parameters of a [`Recipe`](super::Recipe). The defaults are those of
/// [1](https://github.com/morula-bio/morula/blob/main/docs/models/jojoscl.md#1-preprocessing). The
/// default total of a cell is 10 000 rather than the median ([`TargetSum::Auto`]).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RecipeParams {
    /// Keep genes that are expressed in at least this many cells.
    pub min_cells: usize,
    /// Keep cells with at least this many counts, over the kept genes.
    pub min_counts: f64,
    /// Keep cells with at least this many expressed genes, among the kept genes.
    pub min_genes: usize,
    /// The total of every cell after normalisation.
    pub target: TargetSum,
    /// Number of genes to select.
    pub n_top_genes: usize,
    /// Measure of variability.
    pub flavor: HvgFlavor,
    /// Whether to z-score the selected genes.
    pub scale: bool,
    /// Largest absolute z-score; `None` for no clipping.
    pub clip: Option<f32>,
    /// Largest share of the selected genes, 0 to 1, that new data may lack.
    pub max_missing: f32,
}

impl Default for RecipeParams {
    fn default() -> Self {
        Self {
            min_cells: 3,
            min_counts: 1.0,
            min_genes: 0,
            target: TargetSum::Auto,
            n_top_genes: 2000,
            flavor: HvgFlavor::Seurat,
            scale: true,
            clip: None,
            max_missing: 0.2,
        }
    }
}

impl RecipeParams {
    /// Checks the ranges.
    ///
    /// # Errors
    /// [`PreprocessError::Param`] names the first parameter out of range.
    pub fn check(&self) -> Result<()> {
        self.target.check()?;
        self.hvg().check()?;
        if !(self.min_counts.is_finite() && self.min_counts >= 0.0) {
            let want = "a count is finite and not negative";
            return Err(PreprocessError::param("min_counts", self.min_counts, want));
        }
        if let Some(c) = self.clip.filter(|c| c.is_nan() || *c <= 0.0) {
            return Err(PreprocessError::param("clip", c, "a clip is above 0"));
        }
        if !(0.0..=1.0).contains(&self.max_missing) {
            let want = "a share lies between 0 and 1";
            return Err(PreprocessError::param("max_missing", self.max_missing, want));
        }
        Ok(())
    }

    /// The parameters of the gene selection.
    pub(super) fn hvg(&self) -> HvgParams {
        HvgParams { flavor: self.flavor, n_top_genes: self.n_top_genes, ..HvgParams::default() }
    }
}
