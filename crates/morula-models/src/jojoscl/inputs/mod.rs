//! The input of the encoder: expression of genes, or components of it.

mod components;
mod genes;

use burn::tensor::{Device, Tensor};
use morula_cluster::representations::CellFeatures;
use morula_data::DenseMatrix;
use morula_preprocess::Prepared;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::JojoSclParams;
use crate::Result;
use crate::device::read_matrix;
pub(super) use components::{Components, Parts};
pub(super) use genes::Genes;

/// What the encoder sees of a cell ([2.1]).
///
/// [2.1]: https://github.com/morula-bio/morula/blob/main/docs/models/jojoscl.md#2-1
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Input {
    /// Components of three views of expression. The two views of a cell are the components of two
    /// halves of its molecules.
    Components,
    /// Scaled expression of every gene, as published. The two views drop values and add noise.
    Genes,
}

/// The cells of a fit or of a prediction, as the encoder sees them.
pub(super) enum Inputs<'a> {
    Components(Components),
    Genes(Genes<'a>),
}

/// The two views of the cells of a step, outside autodiff.
pub(super) struct Views {
    /// First view of the cells, `[batch, d]`.
    pub a: Tensor<2>,
    /// Second view, of their positives, `[batch, d]`.
    pub b: Tensor<2>,
    /// What the decoder should give for the first view, `[batch, d]`.
    pub target: Tensor<2>,
}

impl<'a> Inputs<'a> {
    /// Cells outside training.
    pub fn new(
        params: &JojoSclParams,
        features: Option<&CellFeatures>,
        prepared: &'a Prepared,
        device: &Device,
    ) -> Result<Self> {
        let device = device.clone();
        Ok(match features {
            Some(features) => {
                let x = features.transform(prepared)?;
                Self::Components(Components { x, parts: Parts::default(), device })
            }
            None => Self::Genes(Genes::new(params, prepared, device)),
        })
    }

    /// Two views of the cells at `rows`: the second is of the cells at `positives`.
    pub fn views(&self, rows: &[usize], positives: &[usize], rng: &mut ChaCha8Rng) -> Views {
        match self {
            Self::Components(components) => components.views(rows, positives, rng),
            Self::Genes(genes) => genes.views(rows, positives, rng),
        }
    }

    /// All cells in their order, in blocks.
    pub fn blocks(&self) -> Box<dyn Iterator<Item = Tensor<2>> + '_> {
        match self {
            Self::Components(components) => Box::new(components.blocks()),
            Self::Genes(genes) => Box::new(genes.blocks()),
        }
    }

    /// Number of cells.
    pub fn n_cells(&self) -> usize {
        match self {
            Self::Components(components) => components.n_cells(),
            Self::Genes(genes) => genes.cells.n_cells(),
        }
    }

    /// The output of an encoder for all cells, on the host.
    pub fn embed(&self, encoder: impl Fn(Tensor<2>) -> Tensor<2>) -> Result<DenseMatrix> {
        read_matrix(Tensor::cat(self.blocks().map(encoder).collect(), 0), "the embedding")
    }
}
