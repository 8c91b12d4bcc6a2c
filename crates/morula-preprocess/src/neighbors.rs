//! Exact nearest neighbours by blocked matrix products (METHODS 1.7).

use crate::{PreprocessError, Result};
use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use morula_data::CsrMatrix;
use rayon::prelude::*;

/// Queries per block: the unit of parallel work.
const QUERIES: usize = 128;
/// Points per block; a tile of distances stays in cache.
const POINTS: usize = 512;
/// Relative rounding of a distance taken from a matrix product.
const ROUNDING: f64 = 1e-12;

/// The k nearest points of every query, nearest first; ties in the order of their index.
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

    /// The symmetric union as an unweighted graph: `A_ij = 1` when j is among the
    /// neighbours of i or i among those of j. No self loops.
    ///
    /// For the neighbours of a point set within itself, as [`neighbors`] gives them.
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

/// The k nearest other rows of every row of `x` (row-major `n x n_dims`), Euclidean and exact.
///
/// A row is never its own neighbour; its duplicates may be. `k` is at most `n - 1`.
///
/// # Errors
/// [`PreprocessError::Shape`] when the length is not a multiple of `n_dims`;
/// [`PreprocessError::NotFinite`] for NaN or infinite values.
pub fn neighbors(x: &[f32], n_dims: usize, k: usize) -> Result<Neighbors> {
    let points = Points::new(x, n_dims)?;
    search(&points, &points, k.min(points.n.saturating_sub(1)), true)
}

/// The k nearest of `points` (row-major `m x n_dims`) to every row of `queries`.
///
/// `k` is at most `m`. For attaching new cells to known ones.
///
/// # Errors
/// As [`neighbors`].
pub fn kneighbors(queries: &[f32], points: &[f32], n_dims: usize, k: usize) -> Result<Neighbors> {
    let (queries, points) = (Points::new(queries, n_dims)?, Points::new(points, n_dims)?);
    search(&queries, &points, k.min(points.n), false)
}

/// Rows and their squared lengths.
struct Points<'a> {
    x: &'a [f32],
    dims: usize,
    n: usize,
    squares: Vec<f64>,
}

impl<'a> Points<'a> {
    fn new(x: &'a [f32], dims: usize) -> Result<Self> {
        if dims == 0 || !x.len().is_multiple_of(dims) || x.len() / dims > u32::MAX as usize {
            let (expected, found) = (dims, x.len());
            return Err(PreprocessError::Shape { what: "coordinates of points", expected, found });
        }
        if let Some(p) = x.iter().position(|v| !v.is_finite()) {
            let (row, col) = (p / dims, p % dims);
            return Err(PreprocessError::NotFinite { row, col, value: x[p] });
        }
        let square = |row: &[f32]| row.iter().map(|&v| f64::from(v).powi(2)).sum();
        Ok(Self { x, dims, n: x.len() / dims, squares: x.chunks(dims).map(square).collect() })
    }

    fn row(&self, i: usize) -> &[f32] {
        &self.x[i * self.dims..(i + 1) * self.dims]
    }

    /// Rows from `start`, at most `len`, in double precision.
    fn block(&self, start: usize, len: usize) -> Vec<f64> {
        let end = (start + len).min(self.n);
        self.x[start * self.dims..end * self.dims].iter().map(|&v| f64::from(v)).collect()
    }
}

/// `|q - p|^2 = |q|^2 + |p|^2 - 2 q.p` picks candidates; their distances are then
/// summed directly, so that rounding of the product decides nothing.
fn search(q: &Points<'_>, p: &Points<'_>, k: usize, skip_self: bool) -> Result<Neighbors> {
    let found: Vec<Vec<Nearest>> = (0..q.n.div_ceil(QUERIES))
        .into_par_iter()
        .map(|block| search_block(q, p, block * QUERIES, k, skip_self))
        .collect();
    let mut result = Neighbors {
        k,
        n_points: p.n,
        indices: Vec::with_capacity(q.n * k),
        distances: Vec::with_capacity(q.n * k),
    };
    for nearest in found.into_iter().flatten() {
        for (square, j) in nearest.best {
            result.indices.push(j);
            result.distances.push(square.sqrt() as f32);
        }
    }
    Ok(result)
}

fn search_block(
    q: &Points<'_>,
    p: &Points<'_>,
    start: usize,
    k: usize,
    skip_self: bool,
) -> Vec<Nearest> {
    let queries = q.block(start, QUERIES);
    let rows = queries.len() / q.dims;
    let mut nearest: Vec<Nearest> = (0..rows).map(|_| Nearest::new(k)).collect();
    if k == 0 {
        return nearest;
    }
    let mut tile = vec![0.0; rows * POINTS];
    for first in (0..p.n).step_by(POINTS) {
        let points = p.block(first, POINTS);
        let cols = points.len() / p.dims;
        matmul(
            MatMut::from_row_major_slice_mut(&mut tile[..rows * cols], rows, cols),
            Accum::Replace,
            MatRef::from_row_major_slice(&queries, rows, q.dims),
            MatRef::from_row_major_slice(&points, cols, p.dims).transpose(),
            1.0,
            Par::Seq,
        );
        for ((i, nearest), products) in (start..).zip(&mut nearest).zip(tile.chunks(cols)) {
            for (j, product) in (first..).zip(products) {
                let lengths = q.squares[i] + p.squares[j];
                if lengths * (1.0 - ROUNDING) - 2.0 * product > nearest.worst
                    || (skip_self && i == j)
                {
                    continue;
                }
                let terms = q.row(i).iter().zip(p.row(j));
                let square = terms.map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum();
                nearest.offer(square, j as u32);
            }
        }
    }
    nearest
}

/// The k nearest so far, sorted by distance and then index.
struct Nearest {
    k: usize,
    best: Vec<(f64, u32)>,
    /// Squared distance of the k-th, infinite before there are k.
    worst: f64,
}

impl Nearest {
    fn new(k: usize) -> Self {
        Self { k, best: Vec::with_capacity(k + 1), worst: f64::INFINITY }
    }

    /// Takes in a point; indices must come ascending, so that ties keep their order.
    fn offer(&mut self, square: f64, index: u32) {
        if square >= self.worst {
            return;
        }
        let at = self.best.partition_point(|b| b.0 <= square);
        self.best.insert(at, (square, index));
        self.best.truncate(self.k);
        if let (true, Some(last)) = (self.best.len() == self.k, self.best.last()) {
            self.worst = last.0;
        }
    }
}
