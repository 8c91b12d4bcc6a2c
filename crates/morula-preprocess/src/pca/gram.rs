//! `A' A` formed once, for matrices with many more entries than it has.

use super::operator::Centred;
use faer::linalg::matmul::matmul;
use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::{Accum, Mat, MatMut, MatRef, Par};
use rayon::prelude::*;

/// Largest side of a matrix that is formed, 128 MiB.
const MAX_DIM: usize = 4096;
/// Rows of a product computed at once. A constant, so that threads change nothing.
const BAND: usize = 512;
/// From this share of stored entries on, a dense product is faster than a sparse one.
const DENSE: f64 = 0.2;
/// Sparse rows made dense at once.
const ROWS: usize = 256;

/// The symmetric matrix `A' A`, `c x c`, for `A = S - a b'`.
pub(super) struct Gram {
    dim: usize,
    g: Vec<f64>,
}

impl Gram {
    /// Whether products with the matrix formed cost less than those with its sparse factors.
    pub(super) fn pays(op: &Centred<'_>) -> bool {
        let (nnz, dim) = (op.sparse().nnz(), op.dim());
        dim <= MAX_DIM && dim * dim <= 4 * nnz
    }

    /// `S'S - b (S'a)' - (S'a) b' + (a'a) b b'`.
    pub(super) fn new(op: &Centred<'_>) -> Self {
        let dim = op.dim();
        let stored = op.sparse().nnz() as f64;
        let mut g = if stored > DENSE * (op.sparse().n_rows() * dim) as f64 {
            dense_square(op)
        } else {
            sparse_square(op)
        };
        let (aa, sa) = (op.a().iter().map(|a| a * a).sum::<f64>(), op.image_of_a());
        let b = op.b();
        g.par_chunks_mut(dim.max(1)).enumerate().for_each(|(i, row)| {
            for (j, g) in row.iter_mut().enumerate().skip(i) {
                *g += aa * b[i] * b[j] - b[i] * sa[j] - sa[i] * b[j];
            }
        });
        for i in 0..dim {
            for j in 0..i {
                g[i * dim + j] = g[j * dim + i];
            }
        }
        Self { dim, g }
    }

    /// The matrix.
    pub(super) fn matrix(&self) -> MatRef<'_, f64> {
        MatRef::from_row_major_slice(&self.g, self.dim, self.dim)
    }

    /// `A' A V` for `width` columns, row-major.
    pub(super) fn product(&self, v: &[f64], width: usize) -> Vec<f64> {
        let v = MatRef::from_row_major_slice(v, self.dim, width);
        let v = Mat::from_fn(self.dim, width, |i, j| v[(i, j)]);
        let mut out = vec![0.0; self.dim * width];
        out.par_chunks_mut(BAND * width).enumerate().for_each(|(band, out)| {
            let rows = out.len() / width;
            // As the matrix is symmetric, columns serve as rows; they are contiguous downwards.
            let g = MatRef::from_column_major_slice(&self.g, self.dim, self.dim);
            let g = g.subrows(band * BAND, rows);
            let mut part = Mat::<f64>::zeros(rows, width);
            matmul(part.as_mut(), Accum::Replace, g, &v, 1.0, Par::Seq);
            for (i, out) in out.chunks_exact_mut(width).enumerate() {
                out.iter_mut().enumerate().for_each(|(j, out)| *out = part[(i, j)]);
            }
        });
        out
    }
}

/// Upper half of `S'S`, row by row: `(S'S)_j = sum_i s_ij S_i` over the rows that hold column j.
fn sparse_square(op: &Centred<'_>) -> Vec<f64> {
    let (s, columns, dim) = (op.sparse(), op.transpose(), op.dim());
    let mut g = vec![0.0; dim * dim];
    g.par_chunks_mut(dim.max(1)).enumerate().for_each(|(j, sums)| {
        let (rows, values) = columns.row(j);
        for (&i, &value) in rows.iter().zip(values) {
            let (cols, vals) = s.row(i as usize);
            let upper = cols.partition_point(|&c| (c as usize) < j);
            let value = f64::from(value);
            for (&c, &v) in cols[upper..].iter().zip(&vals[upper..]) {
                sums[c as usize] += value * f64::from(v);
            }
        }
    });
    g
}

/// Upper half of `S'S` by products of dense blocks of rows.
fn dense_square(op: &Centred<'_>) -> Vec<f64> {
    let (s, dim) = (op.sparse(), op.dim());
    let mut g = vec![0.0; dim * dim];
    let mut block = vec![0.0; ROWS * dim];
    for first in (0..s.n_rows()).step_by(ROWS) {
        let rows = ROWS.min(s.n_rows() - first);
        block.par_chunks_mut(dim).take(rows).enumerate().for_each(|(i, row)| {
            row.fill(0.0);
            let (cols, vals) = s.row(first + i);
            cols.iter().zip(vals).for_each(|(&c, &v)| row[c as usize] = f64::from(v));
        });
        let block = MatRef::from_row_major_slice(&block[..rows * dim], rows, dim);
        g.par_chunks_mut(BAND * dim).enumerate().for_each(|(band, out)| {
            let (at, high) = (band * BAND, out.len() / dim);
            let out = MatMut::from_row_major_slice_mut(out, high, dim);
            let (_, out) = out.split_at_col_mut(at);
            let (square, rest) = out.split_at_col_mut(high);
            let left = block.subcols(at, high).transpose();
            triangular::matmul(
                square,
                BlockStructure::TriangularUpper,
                Accum::Add,
                left,
                BlockStructure::Rectangular,
                block.subcols(at, high),
                BlockStructure::Rectangular,
                1.0,
                Par::Seq,
            );
            let right = block.subcols(at + high, dim - at - high);
            matmul(rest, Accum::Add, left, right, 1.0, Par::Seq);
        });
    }
    g
}
