//! The cell in the second view of each cell.

use morula_cluster::representations::{CellGraph, neighbor_means};
use morula_data::DenseMatrix;
use morula_preprocess::Neighbors;
use rand::{Rng, RngExt};

use super::JojoSclParams;
use crate::Result;

/// The positives of every cell: itself and its nearest neighbours in the views of expression.
///
/// The published method always uses the cell itself. Two augmented copies of one cell teach the
/// encoder to separate that cell from all others of its type. A neighbour as the positive teaches
/// what the cells of a type share (Dwibedi et al., ICCV 2021). Every view of expression gives the
/// same number of neighbours, so a cell that is near in several views is drawn more often.
pub(super) struct Positives {
    /// Neighbours, `k` per cell; some occur more than once.
    neighbors: Vec<u32>,
    k: usize,
    share: f64,
}

impl Positives {
    /// Finds the neighbours of the cells.
    pub fn fit(params: &JojoSclParams, cells: &CellGraph) -> Result<Self> {
        let share = params.neighbor_share;
        if params.neighbors == 0 || share == 0.0 {
            return Ok(Self { neighbors: Vec::new(), k: 0, share });
        }
        let views = cells.nearest(params.neighbors)?;
        let k = views.iter().map(|view| view.k).sum();
        let n_cells = views.iter().map(Neighbors::n_queries).max().unwrap_or(0);
        let of = |cell| views.iter().flat_map(move |view| &view.indices[cell * view.k..][..view.k]);
        let neighbors = (0..n_cells).flat_map(of).copied().collect();
        Ok(Self { neighbors, k, share })
    }

    /// The mean of the neighbours of every cell in `x`; `None` without neighbours.
    pub fn means(&self, x: &DenseMatrix) -> Option<DenseMatrix> {
        neighbor_means(x, &self.neighbors, self.k)
    }

    /// The cells for the second views of `rows`.
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

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use morula_preprocess::{RecipeParams, SimulateParams, simulate};
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn graph(cells: usize) -> CellGraph {
        let wanted = SimulateParams { cells, types: 1, genes: 200, ..Default::default() };
        let recipe = RecipeParams { min_cells: 0, ..RecipeParams::default() };
        CellGraph::fit(&recipe.fit(&simulate(&wanted).unwrap().counts).unwrap().1).unwrap()
    }

    #[test]
    fn neighbours_of_every_view_are_drawn() {
        let cells = graph(40);
        for neighbors in [3, 20] {
            let mut params = JojoSclParams { neighbors, ..JojoSclParams::default() };
            params.neighbor_share = 1.0;
            let positives = Positives::fit(&params, &cells).unwrap();
            let rng = &mut ChaCha8Rng::seed_from_u64(0);
            let drawn: HashSet<usize> = positives.draw(&[7; 2000], rng).into_iter().collect();
            let views = cells.nearest(neighbors).unwrap();
            let of = |view: &Neighbors| view.indices[7 * neighbors..8 * neighbors].to_vec();
            let near = views.iter().flat_map(of).map(|j| j as usize).collect();
            assert_eq!(drawn, near);
        }
    }

    #[test]
    fn more_neighbours_than_cells_and_none() {
        let all = JojoSclParams { neighbor_share: 1.0, ..JojoSclParams::default() };
        let rng = &mut ChaCha8Rng::seed_from_u64(0);
        let pair = Positives::fit(&all, &graph(2)).unwrap();
        assert_eq!(pair.draw(&[0, 1, 0], rng), [1, 0, 1]);
        let cells = graph(10);
        for params in [all.clone().neighbors(0), JojoSclParams { neighbor_share: 0.0, ..all }] {
            let none = Positives::fit(&params, &cells).unwrap();
            assert_eq!(none.draw(&[3, 1], rng), [3, 1]);
        }
    }
}
