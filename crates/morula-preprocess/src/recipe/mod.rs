//! The fitted preprocessing of a model ([1](https://github.com/morula-bio/morula/blob/main/docs/models/jojoscl.md#1-preprocessing)).

mod align;
mod batches;
mod fit;
mod params;
mod prepared;

pub use params::RecipeParams;
pub use prepared::{FilterReport, Prepared};

use crate::normalize::size_factors;
use crate::rows::{Selection, row_sums};
use crate::scale::Scaler;
use crate::{PreprocessError, Result, filter::cells_passing};
use align::Alignment;
use morula_data::{CountMatrix, CsrMatrix};
use serde::{Deserialize, Serialize};

/// Preprocessing fitted to training cells, for use on new cells.
///
/// Holds everything that the fit has learnt: the genes that passed the filter, the selected genes,
/// the reference total of the size factors, and the means and standard deviations of the selected
/// genes. It is serialised with the model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    params: RecipeParams,
    /// Genes that passed the filter, in the order of the training matrix.
    genes: Vec<String>,
    /// Share of all training counts on each of these genes.
    shares: Vec<f64>,
    /// Positions of the selected genes among these genes, ascending.
    selected: Vec<usize>,
    /// The total with size factor 1.
    reference: f32,
    /// z-scores of the selected genes, `None` if scaling is off.
    scaler: Option<Scaler>,
    /// Batches of the training cells; empty if they were not given.
    #[serde(default)]
    batches: Vec<String>,
}

impl Recipe {
    /// The parameters of the fit.
    pub fn params(&self) -> &RecipeParams {
        &self.params
    }

    /// Names of the selected genes: the columns of [`Prepared`].
    pub fn selected_genes(&self) -> Vec<&str> {
        self.selected.iter().filter_map(|&j| self.genes.get(j)).map(String::as_str).collect()
    }

    /// Names of all genes that passed the filter. The total of a cell runs over these.
    pub fn kept_genes(&self) -> &[String] {
        &self.genes
    }

    /// Number of selected genes.
    pub fn n_genes(&self) -> usize {
        self.selected.len()
    }

    /// The total count with size factor 1.
    pub fn reference_total(&self) -> f32 {
        self.reference
    }

    /// Means, standard deviations and clip of the selected genes, if scaling is on.
    pub fn scaler(&self) -> Option<&Scaler> {
        self.scaler.as_ref()
    }

    /// Batches of the training cells that are corrected; empty if they were not given, or if each
    /// was a single cell. Then batches of new cells change nothing.
    pub fn batches(&self) -> &[String] {
        &self.batches
    }

    /// Prepares new cells like the training cells.
    ///
    /// Genes are matched by name, in any order; repeated names are matched in order of occurrence.
    /// The total of a cell runs over the genes that passed the filter in training, as far as they
    /// are present. If some are absent, the reference total shrinks by their share of the training
    /// counts, so that size factors stay comparable. Absent selected genes count as 0 and are
    /// reported. Cells below `min_counts` or `min_genes` are left out and reported. If the training
    /// cells had batches, new cells need batches too; batches with new names are reported. If they
    /// had none, batches of new cells are ignored and reported.
    ///
    /// # Errors
    /// [`PreprocessError::GenesMissing`] when more than `max_missing` of the
    /// selected genes are absent; [`PreprocessError::NothingLeft`] when no cell passes;
    /// [`PreprocessError::BatchesMissing`];
    /// [`PreprocessError::Shape`] when the stored recipe is damaged.
    pub fn transform(&self, counts: &CountMatrix) -> Result<Prepared> {
        self.check()?;
        let found = Alignment::new(&self.genes, counts.var_names());
        let missing: Vec<String> = (self.selected.iter())
            .filter(|&&j| found.positions[j].is_none())
            .map(|&j| self.genes[j].clone())
            .collect();
        if missing.len() as f32 > self.params.max_missing * self.selected.len() as f32 {
            return Err(PreprocessError::GenesMissing {
                missing: missing.len(),
                of: self.selected.len(),
                allowed: self.params.max_missing * 100.0,
                example: first(&missing),
                there: first(counts.var_names()),
            });
        }
        let all: Vec<usize> = (0..counts.n_obs()).collect();
        let present = found.present();
        let rows = Selection::new(counts.x(), &all, &present);
        let kept_cells = cells_passing(&rows, self.params.min_counts, self.params.min_genes);
        if kept_cells.is_empty() {
            return Err(PreprocessError::NothingLeft {
                stage: "the cell filter",
                what: "cells",
                of: counts.n_obs(),
                advice: "lower min_counts or min_genes",
            });
        }
        let (batches, new_batches) = batches::positions(&self.batches, counts, &kept_cells)?;
        let ignored = if batches.is_some() { 0 } else { batches::seen(counts, &kept_cells).len() };
        let columns: Vec<_> = self.selected.iter().map(|&j| found.positions[j]).collect();
        let reference = self.reference_over(&found);
        let mut prepared = self.prepare(counts.x(), kept_cells, &present, &columns, reference);
        prepared.batches = batches;
        prepared.report.new_batches = new_batches;
        prepared.report.ignored_batches = ignored;
        prepared.report.missing_genes = missing;
        prepared.report.extra_genes = found.extra;
        Ok(prepared)
    }

    /// Checks that the parts match each other, which a damaged file may break.
    ///
    /// # Errors
    /// [`PreprocessError::Shape`] and [`PreprocessError::Param`] naming the part.
    pub fn check(&self) -> Result<()> {
        if !(self.reference.is_finite() && self.reference > 0.0) {
            let want = "the reference total of a recipe is finite and above 0";
            return Err(PreprocessError::param("recipe.reference", self.reference, want));
        }
        if let Some(pair) = self.selected.windows(2).find(|pair| pair[0] >= pair[1]) {
            let want = "the selected genes of a recipe are distinct and in order";
            return Err(PreprocessError::param("recipe.selected", pair[1], want));
        }
        let (genes, selected) = (self.genes.len(), self.selected.len());
        let last = self.selected.iter().max().map_or(0, |j| j.saturating_add(1));
        let (means, sds) = match &self.scaler {
            Some(s) => (s.mean.len(), s.sd.len()),
            None => (selected, selected),
        };
        for (what, expected, found) in [
            ("gene shares of the recipe", genes, self.shares.len()),
            ("selected genes of the recipe within its genes", genes.max(last), genes),
            ("gene means of the recipe", selected, means),
            ("gene deviations of the recipe", selected, sds),
        ] {
            if expected != found {
                return Err(PreprocessError::Shape { what, expected, found });
            }
        }
        Ok(())
    }

    /// The reference total of cells that have only the genes found.
    fn reference_over(&self, found: &Alignment) -> f32 {
        if found.positions.iter().all(Option::is_some) {
            return self.reference;
        }
        let absent = found.positions.iter().zip(&self.shares).filter(|(p, _)| p.is_none());
        let share = 1.0 - absent.map(|(_, share)| share).sum::<f64>();
        if share > 0.0 { (f64::from(self.reference) * share) as f32 } else { self.reference }
    }

    /// The steps that training cells and new cells share.
    ///
    /// `present`: columns that a total runs over. `columns`: column of each selected gene, `None`
    /// if it is absent.
    fn prepare(
        &self,
        x: &CsrMatrix,
        kept_cells: Vec<usize>,
        present: &[usize],
        columns: &[Option<usize>],
        reference: f32,
    ) -> Prepared {
        let totals = row_sums(&Selection::new(x, &kept_cells, present), f64::from);
        let size_factors = size_factors(&totals, reference);
        let counts = align::gather(x, &kept_cells, columns);
        let report = FilterReport {
            filtered_cells: complement(&kept_cells, x.n_rows()),
            genes_kept: self.genes.len(),
            ..FilterReport::default()
        };
        let expected = self.selected.iter();
        let expected =
            expected.map(|&j| (f64::from(self.reference) * self.shares[j]) as f32).collect();
        let n_genes = counts.n_cols();
        let batches = None;
        Prepared {
            n_genes,
            kept_cells,
            counts,
            size_factors,
            expected,
            batches,
            scaler: self.scaler.clone(),
            report,
        }
    }
}

/// The first names, for a message.
fn first(names: &[String]) -> String {
    names.iter().take(3).cloned().collect::<Vec<_>>().join(", ")
}

/// Positions below `n` that are not in an ascending list.
fn complement(kept: &[usize], n: usize) -> Vec<usize> {
    let mut kept = kept.iter().copied().peekable();
    (0..n).filter(|i| kept.next_if_eq(i).is_none()).collect()
}
