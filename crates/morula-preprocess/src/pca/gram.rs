//! `A' A`, formed once, for matrices with many more entries than it has.

use super::operator::Shifted;
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef, Par};
use morula_data::CsrMatrix;
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

/// Largest side at which the matrix is formed, 128 MiB.
const MAX_DIM: usize = 4096;
/// Rows of a product computed at once: a constant, so that the number of threads changes nothing.
const BAND: usize = 512;
/// Columns of S processed at once: their sums with all other columns fit into the cache.
const WIDTH: usize = 32;

/// The symmetric matrix `A' A`, `c x c`, for `A = S - a b'`.
pub(super) struct Gram {
    dim: usize,
    g: Vec<f64>,
}

impl Gram {
    /// Whether products with the formed matrix cost less than products with its sparse factors.
    pub(super) fn pays(op: &Shifted<'_>) -> bool {
        let (nnz, dim) = (op.s().nnz(), op.dim());
        dim <= MAX_DIM && dim * dim <= 4 * nnz
    }

    /// `S'S - b (S'a)' - (S'a) b' + (a'a) b b'`.
    pub(super) fn new(op: &Shifted<'_>) -> Self {
        let (dim, a, b) = (op.dim(), op.a(), op.b());
        let mut sa = vec![0.0; dim];
        for ((cols, vals), a) in op.s().rows().zip(a) {
            cols.iter().zip(vals).for_each(|(&c, &v)| sa[c as usize] += f64::from(v) * a);
        }
        let aa: f64 = a.iter().map(|a| a * a).sum();
        let arch = Arch::new();
        let bands: Vec<Vec<[f64; WIDTH]>> = (0..dim.div_ceil(WIDTH))
            .into_par_iter()
            .map(|band| arch.dispatch(InnerProducts { s: op.s(), first: band * WIDTH }))
            .collect();
        let mut g = vec![0.0; dim * dim];
        for (first, sums) in bands.iter().enumerate().map(|(band, sums)| (band * WIDTH, sums)) {
            for (i, sums) in (first..).zip(sums) {
                for (j, sum) in (first..=i).zip(sums) {
                    g[i * dim + j] = sum + aa * b[i] * b[j] - b[i] * sa[j] - sa[i] * b[j];
                    g[j * dim + i] = g[i * dim + j];
                }
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
        let v = Mat::from_fn(self.dim, width, |i, j| v[i * width + j]);
        let mut out = vec![0.0; self.dim * width];
        out.par_chunks_mut(BAND * width).enumerate().for_each(|(band, out)| {
            let rows = out.len() / width;
            // The matrix is symmetric, so columns serve as rows; a column is contiguous.
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

/// `(S'S)_ij` for the `WIDTH` columns j from `first` on, and all i from `first` on.
///
/// Row by row, all entries in those columns, including zeros, are multiplied by all stored entries:
/// more products than needed, but in whole vectors.
struct InnerProducts<'a> {
    s: &'a CsrMatrix,
    first: usize,
}

// A closure would not be compiled for the vector units.
impl WithSimd for InnerProducts<'_> {
    type Output = Vec<[f64; WIDTH]>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Self::Output {
        let Self { s, first } = self;
        let mut sums = vec![[0.0; WIDTH]; s.n_cols() - first];
        for (cols, vals) in s.rows() {
            let from = cols.partition_point(|&c| (c as usize) < first);
            let (cols, vals) = (&cols[from..], &vals[from..]);
            let within = cols.partition_point(|&c| (c as usize) < first + WIDTH);
            if within == 0 {
                continue;
            }
            let mut band = [0.0; WIDTH];
            for (&c, &v) in cols[..within].iter().zip(vals) {
                band[c as usize - first] = f64::from(v);
            }
            for (&c, &v) in cols.iter().zip(vals) {
                let (sums, v) = (&mut sums[c as usize - first], f64::from(v));
                for at in 0..WIDTH {
                    sums[at] += v * band[at];
                }
            }
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The formed matrix against the two factors in turn, on the tall and on the wide side.
    #[test]
    fn products_are_those_of_the_factors() {
        for (n, g) in [(130, 70), (70, 130)] {
            let values: Vec<f32> = (0..n * g)
                .map(|p| if p % 3 == 0 { (p * p % 17) as f32 / 4.0 } else { 0.0 })
                .collect();
            let x = CsrMatrix::from_dense(n, g, &values).unwrap();
            let op = Shifted::new(&x, vec![1.0; n], crate::rows::moments(&x).mean);
            let gram = Gram::new(&op);
            let v: Vec<f64> = (0..70 * 8).map(|p| (p * p % 13) as f64 - 6.0).collect();
            for (formed, factors) in gram.product(&v, 8).iter().zip(op.gram(&v, 8)) {
                assert!((formed - factors).abs() < 1e-9 * 70.0 * 130.0, "{formed} {factors}");
            }
        }
    }
}
