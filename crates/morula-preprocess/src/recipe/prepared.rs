//! Cells prepared by a recipe.

use morula_data::CsrMatrix;

/// Cells prepared for a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Prepared {
    /// z-scored log expression, dense row-major, `n_cells x n_genes`.
    pub x: Vec<f32>,
    /// Number of selected genes g.
    pub n_genes: usize,
    /// Position of every kept cell in the input, ascending.
    pub kept_cells: Vec<usize>,
    /// Raw counts of the selected genes, `n_cells x n_genes`.
    pub counts: CsrMatrix,
    /// Size factor of every kept cell.
    pub size_factors: Vec<f32>,
    /// Expected counts of every selected gene in a cell of size factor 1, if all cells were alike.
    pub expected: Vec<f32>,
    /// Batch of every kept cell, as a position in [`Recipe::batches`](super::Recipe::batches)
    /// followed by [`FilterReport::new_batches`]; `None` without batches.
    pub batches: Option<Vec<usize>>,
    /// What was left out.
    pub report: FilterReport,
}

impl Prepared {
    /// Number of cells kept.
    pub fn n_cells(&self) -> usize {
        self.kept_cells.len()
    }

    /// Log-normalised counts of the selected genes, `ln(1 + count / size factor)`, sparse.
    pub fn log_normalized(&self) -> CsrMatrix {
        let mut x = self.counts.clone();
        let entries: Vec<usize> = x.rows().map(|(columns, _)| columns.len()).collect();
        let factors = entries.iter().zip(&self.size_factors);
        let factors = factors.flat_map(|(&entries, &factor)| std::iter::repeat_n(factor, entries));
        x.data_mut().iter_mut().zip(factors).for_each(|(v, factor)| *v = (*v / factor).ln_1p());
        x
    }

    /// Expression of one cell, `n_genes` values; empty if `i` is out of range.
    pub fn row(&self, i: usize) -> &[f32] {
        self.x.chunks_exact(self.n_genes.max(1)).nth(i).unwrap_or_default()
    }
}

/// What preprocessing left out, so that nothing is dropped silently.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FilterReport {
    /// Positions in the input of the cells that were left out, ascending.
    pub filtered_cells: Vec<usize>,
    /// Number of genes that passed the gene filter in training.
    pub genes_kept: usize,
    /// Number of genes that did not pass (fit only).
    pub genes_filtered: usize,
    /// Selected genes that are absent in new data (transform only).
    pub missing_genes: Vec<String>,
    /// Batches that are not among those of the training cells (transform only).
    pub new_batches: Vec<String>,
    /// Number of batches that the cells have and that change nothing: each of them is a single cell
    /// (fit), or the training cells had no batches to correct (transform).
    pub ignored_batches: usize,
    /// Number of genes in new data that are not in the recipe (transform only).
    pub extra_genes: usize,
}
