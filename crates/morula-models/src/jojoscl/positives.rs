//! Which cell provides the second view of a cell.

use morula_preprocess::{PcaParams, Prepared, neighbors, pca_dense};
use rand::{Rng, RngExt};

use super::JojoSclParams;
use crate::Result;

/// Components of the space in which neighbours are looked for.
const N_COMPS: usize = 20;

/// The positives of every cell: itself and its nearest neighbours in the first principal
/// components of the scaled expression.
///
/// The published method always takes the cell itself. Two augmented copies of one cell teach the
/// encoder to tell that cell from all others of its type; a neighbour as the positive teaches it
/// what the type has in common (Dwibedi et al., ICCV 2021). Neighbours come from expression
/// alone.
pub(super) struct Positives {
    /// Neighbours, `k` per cell.
    neighbors: Vec<u32>,
    k: usize,
    share: f64,
}

impl Positives {
    /// Finds the neighbours.
    pub fn fit(params: &JojoSclParams, prepared: &Prepared) -> Result<Self> {
        let share = params.neighbor_share;
        if params.neighbors == 0 || share == 0.0 || prepared.n_cells() < 2 {
            return Ok(Self { neighbors: Vec::new(), k: 0, share });
        }
        let pca = PcaParams { n_comps: N_COMPS, ..PcaParams::default() };
        let pca = pca_dense(&prepared.x, prepared.n_genes, &pca)?;
        let found = neighbors(&pca.scores, pca.n_comps, params.neighbors)?;
        Ok(Self { neighbors: found.indices, k: found.k, share })
    }

    /// The cells that provide the second views of `rows`.
    pub fn draw(&self, rows: &[usize], rng: &mut impl Rng) -> Vec<usize> {
        let one = |&row: &usize| match self.k {
            0 => row,
            k if rng.random_bool(self.share) => {
                self.neighbors[row * k + rng.random_range(0..k)] as usize
            }
            _ => row,
        };
        rows.iter().map(one).collect()
    }
}
