//! Cells that went through a recipe.

use morula_data::CsrMatrix;

/// Cells ready for a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Prepared {
    /// z-scored log expression, dense row-major, `n_cells x n_genes`.
    pub x: Vec<f32>,
    /// Number of selected genes g.
    pub n_genes: usize,
    /// Position in the input of every cell kept, ascending.
    pub kept_cells: Vec<usize>,
    /// Raw counts of the selected genes, `n_cells x n_genes`.
    pub counts: CsrMatrix,
    /// Size factor of every cell kept.
    pub size_factors: Vec<f32>,
    /// Counts of every selected gene expected in a cell of size factor 1, if all cells were alike.
    pub expected: Vec<f32>,
    /// Batch of every cell kept, as a position among [`Recipe::batches`](super::Recipe::batches)
    /// and, behind those, [`Report::new_batches`]; none where batches are not known.
    pub batches: Option<Vec<usize>>,
    /// What was left out.
    pub report: Report,
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

    /// Expression of one cell, `n_genes` values; nothing for a cell that is not there.
    pub fn row(&self, i: usize) -> &[f32] {
        self.x.chunks_exact(self.n_genes.max(1)).nth(i).unwrap_or_default()
    }
}

/// What preprocessing left out, so that nothing is dropped silently.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// Positions in the input of the cells left out, ascending.
    pub filtered_cells: Vec<usize>,
    /// Number of genes that passed the gene filter in training.
    pub genes_kept: usize,
    /// Number of genes that did not (fitting only).
    pub genes_filtered: usize,
    /// Selected genes that new data lack (transforming only).
    pub missing_genes: Vec<String>,
    /// Batches that the training cells were not from (transforming only).
    pub new_batches: Vec<String>,
    /// Number of genes in new data that the recipe does not know (transforming only).
    pub extra_genes: usize,
}
