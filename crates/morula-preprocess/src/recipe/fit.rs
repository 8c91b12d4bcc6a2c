//! Fits a recipe.

use super::{Prepared, Recipe, RecipeParams, batches};
use crate::filter::{cells_passing, filter_genes};
use crate::normalize::{LogNormalized, size_factors};
use crate::rows::{Selection, column_sums, row_sums};
use crate::scale::Scaler;
use crate::{PreprocessError, Result, hvg};
use morula_data::CountMatrix;

impl RecipeParams {
    /// Fits a [`Recipe`] to training cells and prepares these cells.
    ///
    /// Filters genes, then cells; computes size factors over the kept genes; selects highly
    /// variable genes; computes their means and standard deviations. [`Recipe::transform`] prepares
    /// the same cells in exactly the same way. Batches are those that have cells. Where each is a
    /// single cell, nothing can be corrected: the recipe has no batches, and the report says so.
    ///
    /// # Errors
    /// [`PreprocessError::Param`] for parameters out of range;
    /// [`PreprocessError::NothingLeft`] when no gene or no cell passes the
    /// filters, or no gene varies.
    pub fn fit(&self, counts: &CountMatrix) -> Result<(Recipe, Prepared)> {
        self.check()?;
        let x = counts.x();
        let genes = filter_genes(x, self.min_cells);
        let nothing =
            |stage, what, of, advice| Err(PreprocessError::NothingLeft { stage, what, of, advice });
        if genes.is_empty() {
            return nothing("the gene filter", "genes", x.n_cols(), "lower min_cells");
        }
        let all: Vec<usize> = (0..x.n_rows()).collect();
        let cells =
            cells_passing(&Selection::new(x, &all, &genes), self.min_counts, self.min_genes);
        if cells.is_empty() {
            let advice = "lower min_counts or min_genes";
            return nothing("the cell filter", "cells", x.n_rows(), advice);
        }

        let kept = Selection::new(x, &cells, &genes);
        let totals = row_sums(&kept, f64::from);
        let reference = self.target.reference(&totals, genes.len());
        let factors = size_factors(&totals, reference);
        let selected = hvg::from_counts(&kept, &factors, &self.hvg())?.selected;
        if selected.is_empty() {
            let advice = "give more cells, or cells that differ";
            return nothing("the choice of variable genes", "genes", genes.len(), advice);
        }

        let columns: Vec<usize> = selected.iter().map(|&j| genes[j]).collect();
        let chosen = Selection::new(x, &cells, &columns);
        let logs = LogNormalized { counts: &chosen, factors: &factors };
        let scaler = self.scale.then(|| Scaler::fit_rows(&logs, self.clip)).transpose()?;
        let total: f64 = totals.iter().sum();
        let shares = column_sums(&kept, |_, _, v| [f64::from(v)]);
        let recipe = Recipe {
            params: self.clone(),
            genes: genes.iter().map(|&j| counts.var_names()[j].clone()).collect(),
            shares: shares.iter().map(|[s]| if total > 0.0 { s / total } else { 0.0 }).collect(),
            selected,
            reference,
            scaler,
            batches: batches::correctable(counts, &cells),
        };
        let columns: Vec<_> = columns.into_iter().map(Some).collect();
        let (of_cells, _) = batches::positions(&recipe.batches, counts, &cells)?;
        let n_batches = batches::seen(counts, &cells).len();
        let mut prepared = recipe.prepare(x, cells, &genes, &columns, reference);
        prepared.report.ignored_batches = if of_cells.is_some() { 0 } else { n_batches };
        prepared.batches = of_cells;
        prepared.report.genes_filtered = x.n_cols() - genes.len();
        Ok((recipe, prepared))
    }
}
