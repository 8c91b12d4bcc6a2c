//! Components of expression as the input.

use burn::tensor::{Device, Tensor, TensorData};
use morula_cluster::representations::CellFeatures;
use morula_data::DenseMatrix;
use morula_preprocess::Prepared;
use morula_preprocess::thinning::halves;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::Views;
use crate::Result;
use crate::jojoscl::network::EVAL_BATCH;

/// Most pairs of halves of a cell.
const MOST_PAIRS: usize = 4;

/// Features of cells and, in training, of halves of their molecules.
pub(in crate::jojoscl) struct Components {
    /// `n x d`.
    pub x: DenseMatrix,
    pub parts: Parts,
    pub device: Device,
}

/// What training needs besides the features of the cells.
#[derive(Default)]
pub(in crate::jojoscl) struct Parts {
    /// Features of two halves of every cell, each `n x d`, several times.
    pub pairs: Vec<[DenseMatrix; 2]>,
    /// Mean features of the neighbours of every cell, `n x d`; none without neighbours.
    pub around: Option<DenseMatrix>,
}

impl Parts {
    /// Divides the molecules of every cell: as often as a fit of `visits` cells in all sees each,
    /// but at most four times.
    pub fn draw(
        features: &CellFeatures,
        prepared: &Prepared,
        visits: usize,
        seed: u64,
    ) -> Result<Vec<[DenseMatrix; 2]>> {
        let n = visits.div_ceil(prepared.n_cells().max(1)).clamp(1, MOST_PAIRS);
        let seeds = (0..n as u64).map(|i| seed.wrapping_mul(MOST_PAIRS as u64).wrapping_add(i));
        let pair = |seed| {
            let [a, b] = halves(prepared, seed)?;
            Ok([features.transform(&a)?, features.transform(&b)?])
        };
        seeds.map(pair).collect()
    }
}

impl Components {
    /// The two views come from the halves of one division. The decoder should give the other half of
    /// the cell, averaged with its neighbours.
    pub fn views(&self, rows: &[usize], positives: &[usize], rng: &mut ChaCha8Rng) -> Views {
        let Parts { pairs, around } = &self.parts;
        let (pair, first) = (rng.random_range(0..pairs.len()), rng.random_range(0..2_usize));
        let [a, b] = [&pairs[pair][first], &pairs[pair][1 - first]];
        let own = self.upload(b, rows);
        let target = match around {
            Some(around) => (own + self.upload(around, rows)).mul_scalar(0.5),
            None => own,
        };
        Views { a: self.upload(a, rows), b: self.upload(b, positives), target }
    }

    pub fn blocks(&self) -> impl Iterator<Item = Tensor<2>> {
        let (n, d) = (self.n_cells(), self.x.n_cols());
        (0..n).step_by(EVAL_BATCH).map(move |start| {
            let end = (start + EVAL_BATCH).min(n);
            let values = self.x.values()[start * d..end * d].to_vec();
            Tensor::from_data(TensorData::new(values, [end - start, d]), &self.device)
        })
    }

    pub fn n_cells(&self) -> usize {
        self.x.n_rows()
    }

    fn upload(&self, x: &DenseMatrix, rows: &[usize]) -> Tensor<2> {
        let values: Vec<f32> = rows.iter().flat_map(|&row| x.row(row)).copied().collect();
        Tensor::from_data(TensorData::new(values, [rows.len(), x.n_cols()]), &self.device)
    }
}
