//! Nearest neighbours, exact by blocked matrix products ([1.7](https://github.com/morula-bio/morula/blob/main/docs/models/jojoscl.md#1-7)).
//!
//! Products in single precision give every squared distance up to a known bound of their rounding.
//! Every point that may be among the nearest within that bound is measured again in double
//! precision, so rounding never changes the result. Many points are searched approximately.

mod block;
mod descent;
mod nearest;
mod other_batches;
mod points;

pub use other_batches::neighbors_of_other_batches;

use crate::Result;
use block::Block;
use morula_data::CsrMatrix;
use points::Points;
use rayon::prelude::*;
use std::sync::{Mutex, PoisonError};

/// The k nearest points of every query, nearest first. The lower index wins a tie.
#[derive(Debug, Clone, PartialEq)]
pub struct Neighbors {
    /// Neighbours per query.
    pub k: usize,
    /// Number of points searched.
    pub n_points: usize,
    /// Positions, row-major `n x k`.
    pub indices: Vec<u32>,
    /// Euclidean distances, row-major `n x k`.
    pub distances: Vec<f32>,
}

impl Neighbors {
    /// Number of queries.
    pub fn n_queries(&self) -> usize {
        self.indices.len().checked_div(self.k).unwrap_or(0)
    }

    /// The `k` nearest of every query, or all if there are fewer.
    pub fn first(&self, k: usize) -> Self {
        let k = k.min(self.k);
        let queries = || 0..self.n_queries();
        let start = |query: usize| query * self.k;
        Self {
            k,
            n_points: self.n_points,
            indices: queries().flat_map(|i| &self.indices[start(i)..][..k]).copied().collect(),
            distances: queries().flat_map(|i| &self.distances[start(i)..][..k]).copied().collect(),
        }
    }

    /// The symmetric union as an unweighted graph: `A_ij = 1` when j is among the
    /// neighbours of i or i among those of j. No self loops.
    ///
    /// The neighbours must come from one point set, as [`neighbors`] finds them.
    pub fn connectivities(&self) -> CsrMatrix {
        let n = self.n_points;
        let mut rows: Vec<Vec<u32>> = vec![Vec::with_capacity(2 * self.k); n];
        for (i, near) in self.indices.chunks(self.k.max(1)).enumerate().take(n) {
            for &j in near.iter().filter(|&&j| j as usize != i) {
                rows[i].push(j);
                rows[j as usize].push(i as u32);
            }
        }
        let (mut indptr, mut indices) = (vec![0], Vec::with_capacity(2 * self.indices.len()));
        for mut row in rows {
            row.sort_unstable();
            row.dedup();
            indices.extend(row);
            indptr.push(indices.len());
        }
        let data = vec![1.0; indices.len()];
        CsrMatrix::new(n, n, indptr, indices, data)
            .unwrap_or_else(|_| unreachable!("indices are below the number of points"))
    }
}

/// Points up to which [`neighbors`] is exact. In 20 dimensions both searches take as long at 20,000
/// points, and the exact one takes twice as long at 100,000.
pub const MAX_EXACT: usize = 30_000;

/// The k nearest other rows of every row of `x` (row-major `n x n_dims`), Euclidean.
///
/// Exact up to [`MAX_EXACT`] rows. Beyond, NN-descent finds at least 97% of the neighbours (99.3% of
/// 14 in 20 dimensions at 100,000 rows). Any number of threads gives the same result; beyond
/// [`MAX_EXACT`], processors with other vector units may round otherwise.
///
/// A row is never its own neighbour; a duplicate of it may be. `k` is at most `n - 1`.
///
/// # Errors
/// As [`exact_neighbors`].
pub fn neighbors(x: &[f32], n_dims: usize, k: usize) -> Result<Neighbors> {
    let n = x.len() / n_dims.max(1);
    if n <= MAX_EXACT || k == 0 {
        return exact_neighbors(x, n_dims, k);
    }
    let origin = points::mean(x, n_dims);
    let points = Points::new(x, n_dims, &origin, points::unit(&[x], &origin))?;
    match descent::descent(&points, k.min(n - 1)) {
        Some(found) => Ok(collect(found.into_iter(), k.min(n - 1), n)),
        None => exact_neighbors(x, n_dims, k),
    }
}

/// [`neighbors`], exact for any number of rows.
///
/// # Errors
/// [`PreprocessError::Shape`](crate::PreprocessError::Shape) when the length is not a multiple of
/// `n_dims`; [`PreprocessError::NotFinite`](crate::PreprocessError::NotFinite) for NaN or infinite
/// values.
pub fn exact_neighbors(x: &[f32], n_dims: usize, k: usize) -> Result<Neighbors> {
    let origin = points::mean(x, n_dims);
    let points = Points::new(x, n_dims, &origin, points::unit(&[x], &origin))?;
    let k = k.min(points.n().saturating_sub(1));
    let blocks: Vec<Mutex<Block<'_>>> = Block::all(&points, k).map(Mutex::new).collect();
    let open = |at: usize| blocks[at].lock().unwrap_or_else(PoisonError::into_inner);
    // Every pair of blocks is searched once, for both sides. The pairs of a round share no block,
    // so no pair waits for another.
    for round in 0..blocks.len() {
        let partner = |at: usize| (round + blocks.len() - at) % blocks.len();
        (0..blocks.len()).into_par_iter().filter(|&at| at <= partner(at)).for_each(|at| {
            if at == partner(at) {
                open(at).meet_itself();
            } else {
                open(at).meet(&mut open(partner(at)));
            }
        });
    }
    let blocks = blocks.into_iter().map(|b| b.into_inner().unwrap_or_else(PoisonError::into_inner));
    Ok(collect(blocks.flat_map(Block::into_found), k, points.n()))
}

/// The k nearest `points` (row-major `m x n_dims`) of every row of `queries`.
///
/// `k` is at most `m`. Use it to attach new cells to known cells.
///
/// # Errors
/// The errors of [`neighbors`].
pub fn kneighbors(queries: &[f32], points: &[f32], n_dims: usize, k: usize) -> Result<Neighbors> {
    let origin = points::mean(points, n_dims);
    let unit = points::unit(&[queries, points], &origin);
    let queries = Points::new(queries, n_dims, &origin, unit)?;
    let points = Points::new(points, n_dims, &origin, unit)?;
    let k = k.min(points.n());
    let known: Vec<Block<'_>> = Block::all(&points, 0).collect();
    let blocks: Vec<Block<'_>> = Block::all(&queries, k)
        .collect::<Vec<_>>()
        .into_par_iter()
        .map(|mut block| {
            known.iter().for_each(|known| block.search(known));
            block
        })
        .collect();
    Ok(collect(blocks.into_iter().flat_map(Block::into_found), k, points.n()))
}

/// Collects squared distances and indices, query by query.
fn collect(found: impl Iterator<Item = (f64, u32)>, k: usize, n_points: usize) -> Neighbors {
    let (mut indices, mut distances) = (Vec::new(), Vec::new());
    for (square, index) in found {
        indices.push(index);
        distances.push(square.sqrt() as f32);
    }
    Neighbors { k, n_points, indices, distances }
}
