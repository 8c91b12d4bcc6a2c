//! Which cell provides the second view of a cell.

use morula_preprocess::neighbors;
use rand::{Rng, RngExt};

use super::JojoSclParams;
use crate::{Matrix, Result};

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
    /// Finds the neighbours among the scores of the cells.
    pub fn fit(params: &JojoSclParams, scores: &Matrix) -> Result<Self> {
        let share = params.neighbor_share;
        if params.neighbors == 0 || share == 0.0 || scores.n_rows() < 2 {
            return Ok(Self { neighbors: Vec::new(), k: 0, share });
        }
        let found = neighbors(scores.values(), scores.n_cols(), params.neighbors)?;
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
