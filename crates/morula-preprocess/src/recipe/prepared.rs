//! Cells prepared by a recipe.

use morula_data::CsrMatrix;
use rayon::prelude::*;

use crate::{OffsetRows, Scaler};

/// Cells prepared for a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Prepared {
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
    /// Means, deviations and clip of the selected genes; `None` if scaling is off.
    pub scaler: Option<Scaler>,
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

    /// Scaled expression, sparse beyond its base: z-scores of the
    /// [log-normalised](Self::log_normalized) counts, or the latter if scaling is off.
    pub fn scaled(&self) -> OffsetRows {
        let base = self.base();
        OffsetRows::of_sparse(&self.counts, base, |i, j, count| self.value(i, j, count))
    }

    /// Scaled expression of the cells at `rows`, dense row-major.
    pub fn rows(&self, rows: &[usize]) -> Vec<f32> {
        let base = self.base();
        let mut out = vec![0.0; rows.len() * self.n_genes];
        let cells = out.par_chunks_mut(self.n_genes.max(1)).zip(rows).with_min_len(16);
        cells.for_each(|(out, &i)| {
            out.copy_from_slice(&base);
            let (columns, counts) = self.counts.row(i);
            for (&j, &count) in columns.iter().zip(counts) {
                out[j as usize] = self.value(i, j as usize, count);
            }
        });
        out
    }

    /// Scaled expression of all cells, dense row-major, `n_cells x n_genes`.
    pub fn x(&self) -> Vec<f32> {
        self.rows(&(0..self.n_cells()).collect::<Vec<_>>())
    }

    /// Scaled expression of a zero in every gene.
    fn base(&self) -> Vec<f32> {
        self.scaler.as_ref().map_or_else(|| vec![0.0; self.n_genes], Scaler::zeros)
    }

    fn value(&self, cell: usize, gene: usize, count: f32) -> f32 {
        let log = (count / self.size_factors[cell]).ln_1p();
        self.scaler.as_ref().map_or(log, |scaler| scaler.z(gene, log))
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
