//! The input of the encoder.

use burn::tensor::{Device, Tensor, TensorData};
use morula_preprocess::Prepared;

use super::network::EVAL_BATCH;

/// Scaled expression. It is kept sparse, and made dense for the cells of a batch, so that memory
/// grows with the counts.
pub(super) struct Inputs<'a> {
    pub cells: &'a Prepared,
    pub device: Device,
}

impl Inputs<'_> {
    /// Scaled expression of the cells at `rows`, `[rows, genes]`.
    pub fn rows(&self, rows: &[usize]) -> Tensor<2> {
        let shape = [rows.len(), self.cells.n_genes];
        Tensor::from_data(TensorData::new(self.cells.rows(rows), shape), &self.device)
    }

    /// All cells in their order, in blocks.
    pub fn blocks(&self) -> impl Iterator<Item = Tensor<2>> {
        let all: Vec<usize> = (0..self.cells.n_cells()).collect();
        let starts = (0..all.len()).step_by(EVAL_BATCH);
        starts.map(move |start| self.rows(&all[start..(start + EVAL_BATCH).min(all.len())]))
    }
}
