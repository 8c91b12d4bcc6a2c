//! Scaled expression of every gene as the input.

use burn::tensor::{Device, Tensor, TensorData};
use morula_core::{ExpressionAugmentation, ExpressionAugmentationConfig};
use morula_preprocess::Prepared;
use rand_chacha::ChaCha8Rng;

use super::Views;
use crate::jojoscl::JojoSclParams;
use crate::jojoscl::network::EVAL_BATCH;

/// Scaled expression. It is kept sparse, and made dense for the cells of a batch, so that memory
/// grows with the counts.
pub(in crate::jojoscl) struct Genes<'a> {
    pub cells: &'a Prepared,
    pub augmentation: ExpressionAugmentation,
    pub device: Device,
}

impl<'a> Genes<'a> {
    pub fn new(params: &JojoSclParams, cells: &'a Prepared, device: Device) -> Self {
        let config = ExpressionAugmentationConfig::new();
        let augmentation = config.with_dropout(params.dropout).with_noise(params.noise).init();
        Self { cells, augmentation, device }
    }

    /// Scaled expression of the cells at `rows`, `[rows, genes]`.
    fn rows(&self, rows: &[usize]) -> Tensor<2> {
        let shape = [rows.len(), self.cells.n_genes];
        Tensor::from_data(TensorData::new(self.cells.rows(rows), shape), &self.device)
    }

    pub fn views(&self, rows: &[usize], positives: &[usize], rng: &mut ChaCha8Rng) -> Views {
        let target = self.rows(rows);
        let a = self.augmentation.forward(target.clone(), rng);
        Views { a, b: self.augmentation.forward(self.rows(positives), rng), target }
    }

    pub fn blocks(&self) -> impl Iterator<Item = Tensor<2>> {
        let all: Vec<usize> = (0..self.cells.n_cells()).collect();
        let starts = (0..all.len()).step_by(EVAL_BATCH);
        starts.map(move |start| self.rows(&all[start..(start + EVAL_BATCH).min(all.len())]))
    }
}
