//! The orthonormal basis of the Krylov iteration, and the projection of the matrix onto it.

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef, Par};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

/// Columns per product with the matrix: enough to use every entry often once it is read.
pub(super) const BLOCK: usize = 8;
/// A column is only rounding if orthogonalisation leaves less than this share of its length.
const VANISHED: f64 = 1e-13;
/// Below this share the rest has lost digits and is orthogonalised against all columns again.
const CANCELLED: f64 = 1e-2;

/// Orthonormal columns Q and `H = Q' M Q` of the symmetric matrix M.
pub(super) struct Basis {
    dim: usize,
    /// Column-major, `dim` values per column.
    q: Vec<f64>,
    /// Rows of H below and on the diagonal blocks: `h[j]` holds `Q' M q_j`.
    h: Vec<Vec<f64>>,
    /// First column that the product of the last block reaches by the recurrence.
    linked: usize,
    rng: ChaCha8Rng,
}

impl Basis {
    /// Draws the first block from the seed.
    pub(super) fn new(dim: usize, seed: u64) -> Self {
        let rng = ChaCha8Rng::seed_from_u64(seed);
        let mut basis = Self { dim, q: Vec::new(), h: Vec::new(), linked: 0, rng };
        basis.append(&vec![0.0; dim * BLOCK], &[0.0; BLOCK]);
        basis
    }

    /// Number of columns.
    pub(super) fn len(&self) -> usize {
        self.q.len() / self.dim
    }

    /// The last block, row-major.
    pub(super) fn last_block(&self) -> Vec<f64> {
        let start = self.q.len() - self.dim * BLOCK;
        (0..self.dim * BLOCK).map(|p| self.q[start + (p % BLOCK) * self.dim + p / BLOCK]).collect()
    }

    /// Adds the product of the last block with M (row-major). Records H, and appends the new
    /// directions as the next block. Returns the coupling R of the next block with this one,
    /// `M Q_last = Q (..) + Q_next R`, with column `c` of R in `R[c * BLOCK..]`.
    pub(super) fn extend(&mut self, product: &[f64]) -> Vec<f64> {
        let (dim, m) = (self.dim, self.len());
        let mut w = Mat::from_fn(dim, BLOCK, |i, c| product[i * BLOCK + c]);
        let lengths: Vec<f64> = (0..BLOCK).map(|c| w.col(c).norm_l2()).collect();
        let mut h = Mat::<f64>::zeros(m, BLOCK);
        // Twice is enough (Kahan and Parlett); once if there is only rounding to remove.
        for from in [self.linked, 0] {
            let q = MatRef::from_column_major_slice(&self.q[from * dim..], dim, m - from);
            let mut part = Mat::<f64>::zeros(m - from, BLOCK);
            matmul(part.as_mut(), Accum::Replace, q.transpose(), &w, 1.0, Par::Seq);
            matmul(w.as_mut(), Accum::Add, q, &part, -1.0, Par::Seq);
            let mut h = h.as_mut().subrows_mut(from, m - from);
            h += part;
        }
        self.linked = m - BLOCK;
        for c in 0..BLOCK {
            self.h.push((0..m).map(|i| h[(i, c)]).collect());
        }
        let rest: Vec<f64> = (0..dim * BLOCK).map(|p| w[(p % dim, p / dim)]).collect();
        self.append(&rest, &lengths)
    }

    /// Orthonormalises the columns of `block` (column-major, orthogonal to Q, with original
    /// `lengths`) and appends them. A random column replaces a vanished one.
    fn append(&mut self, block: &[f64], lengths: &[f64]) -> Vec<f64> {
        let first = self.len();
        let mut coupling = vec![0.0; BLOCK * BLOCK];
        for (c, column) in block.chunks_exact(self.dim).enumerate() {
            let mut v = column.to_vec();
            for _ in 0..2 {
                for r in 0..c {
                    coupling[c * BLOCK + r] += self.remove(&mut v, first + r);
                }
            }
            let length = norm(&v);
            if length > VANISHED * lengths[c] {
                coupling[c * BLOCK + c] = length;
                if length < CANCELLED * norm(column) {
                    self.remove_all(&mut v);
                }
            } else {
                v.iter_mut().for_each(|x| *x = StandardNormal.sample(&mut self.rng));
                self.remove_all(&mut v);
            }
            let length = norm(&v);
            self.q.extend(v.iter().map(|x| x / length));
        }
        coupling
    }

    /// Removes the components along all columns from `v`.
    fn remove_all(&self, v: &mut [f64]) {
        for _ in 0..2 {
            (0..self.len()).for_each(|r| _ = self.remove(v, r));
        }
    }

    /// Removes the component along column `r` from `v` and returns its length.
    fn remove(&self, v: &mut [f64], r: usize) -> f64 {
        let q = &self.q[r * self.dim..][..self.dim];
        let along: f64 = q.iter().zip(&*v).map(|(q, v)| q * v).sum();
        v.iter_mut().zip(q).for_each(|(v, q)| *v -= along * q);
        along
    }

    /// The lower half of H, over the columns whose product is known: all but the last block.
    pub(super) fn projected(&self) -> Mat<f64> {
        let m = self.h.len();
        // The product of q_j gives row j of the lower half.
        Mat::from_fn(
            m,
            m,
            |i, j| if j <= i { self.h[i].get(j).copied().unwrap_or(0.0) } else { 0.0 },
        )
    }

    /// `Q Y` for the first `k` columns of Y.
    pub(super) fn combine(&self, y: &Mat<f64>, k: usize) -> Mat<f64> {
        let m = y.nrows();
        let q = MatRef::from_column_major_slice(&self.q[..m * self.dim], self.dim, m);
        let mut out = Mat::zeros(self.dim, k);
        matmul(out.as_mut(), Accum::Replace, q, y.as_ref().subcols(0, k), 1.0, Par::Seq);
        out
    }

    /// Keeps the `k` best eigenvectors of H and the last block. The next product computes their
    /// coupling again.
    pub(super) fn restart(&mut self, values: &[f64], y: &Mat<f64>, k: usize) {
        let kept = self.combine(y, k);
        let last = self.q.split_off(self.q.len() - self.dim * BLOCK);
        self.q = (0..self.dim * k).map(|p| kept[(p % self.dim, p / self.dim)]).collect();
        self.q.extend(last);
        self.linked = 0;
        self.h = (0..k)
            .map(|i| (0..=i).map(|j| if i == j { values[i] } else { 0.0 }).collect())
            .collect();
    }
}

fn norm(v: &[f64]) -> f64 {
    v.iter().map(|x| x * x).sum::<f64>().sqrt()
}
