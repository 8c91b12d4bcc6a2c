//! UMAP: a layout of the neighbourhoods in two dimensions.
//!
//! McInnes, Healy and Melville 2018, "UMAP: Uniform Manifold Approximation and Projection",
//! arXiv 1802.03426. [`Neighbors::fuzzy_connectivities`](crate::Neighbors) builds the graph; this
//! module computes its layout. Own code, because results must repeat for any number of threads.

mod curve;
mod layout;
mod start;

use crate::{Neighbors, PreprocessError, Result, neighbors};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// Largest number of cells that gets the larger number of epochs.
const FEW_CELLS: usize = 10_000;

/// Parameters of [`umap`]. The defaults are scanpy's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UmapParams {
    /// Neighbours of a cell, including the cell itself.
    pub n_neighbors: usize,
    /// Smallest distance between neighbouring points of the layout.
    pub min_dist: f64,
    /// The scale of the layout, at least `min_dist`.
    pub spread: f64,
    /// Passes over the graph; `None` for 500 up to 10,000 cells and 200 beyond.
    pub n_epochs: Option<usize>,
    /// Seed of all random numbers.
    pub seed: u64,
}

impl Default for UmapParams {
    fn default() -> Self {
        Self { n_neighbors: 15, min_dist: 0.5, spread: 1.0, n_epochs: None, seed: 0 }
    }
}

impl UmapParams {
    fn check(&self) -> Result<()> {
        let Self { n_neighbors, min_dist, spread, .. } = *self;
        if n_neighbors < 2 {
            return Err(PreprocessError::param("n_neighbors", n_neighbors, "at least 2"));
        }
        if !(spread.is_finite() && spread > 0.0) {
            return Err(PreprocessError::param("spread", spread, "finite and above 0"));
        }
        if !(0.0..=spread).contains(&min_dist) {
            return Err(PreprocessError::param("min_dist", min_dist, "from 0 to spread"));
        }
        Ok(())
    }
}

/// Coordinates in two dimensions, row-major `n x 2`, for the rows of `x` (row-major
/// `n x n_dims`), like scanpy's `pp.neighbors` and `tl.umap`.
///
/// The layout minimises the cross-entropy between the fuzzy graph `w_ij` and
/// `v_ij = 1 / (1 + a |y_i - y_j|^{2b})` by stochastic gradient descent. An edge is used as often
/// as its weight requires, and five random pairs represent all pairs that are not edges. The start
/// is the principal components, smoothed along the graph. The descent runs on one thread with one
/// seeded stream, so the same input and seed give the same layout on any machine, up to the
/// rounding of the start. Memory: the graph, about `25 n_neighbors` bytes per row. Use coordinates
/// for pictures only: distances between far groups and the sizes of groups mean little.
///
/// # Errors
/// [`PreprocessError::Shape`] when the length is not a multiple of `n_dims`;
/// [`PreprocessError::NotFinite`]; [`PreprocessError::Param`] for parameters out of range.
pub fn umap(x: &[f32], n_dims: usize, params: &UmapParams) -> Result<Vec<f32>> {
    params.check()?;
    let near = neighbors(x, n_dims, params.n_neighbors - 1)?;
    umap_layout(&near, x, n_dims, params)
}

/// [`umap`] of rows whose neighbours among themselves are known, as scanpy's `tl.umap` after
/// `pp.neighbors`. `params.n_neighbors` has no effect.
///
/// # Errors
/// As [`umap`]; [`PreprocessError::Shape`] for neighbours of other rows.
pub fn umap_layout(
    near: &Neighbors,
    x: &[f32],
    n_dims: usize,
    params: &UmapParams,
) -> Result<Vec<f32>> {
    params.check()?;
    if near.n_points.checked_mul(n_dims) != Some(x.len()) {
        return Err(PreprocessError::Shape {
            what: "the neighbours of the rows",
            found: near.n_points,
            expected: x.len().checked_div(n_dims).unwrap_or(0),
        });
    }
    let graph = near.fuzzy_connectivities();
    let mut rng = ChaCha8Rng::seed_from_u64(params.seed);
    let mut places = start::places(x, n_dims, &graph, params.seed, &mut rng)?;
    let few = if graph.n_rows() <= FEW_CELLS { 500 } else { 200 };
    let epochs = params.n_epochs.unwrap_or(few);
    let curve = curve::Curve::fit(params.min_dist, params.spread);
    layout::optimize(&mut places, &graph, curve, epochs, &mut rng);
    Ok(places.into_iter().flatten().collect())
}
