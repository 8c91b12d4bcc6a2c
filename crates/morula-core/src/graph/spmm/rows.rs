//! The product on the CPU, over plain slices.

use std::ops::{Add, Mul};

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

/// With fewer multiplications, threads cost more than they save.
const SERIAL: usize = 1 << 16;

/// Rows per task.
const BLOCK: usize = 32;

/// A value that can be summed.
pub(super) trait Value:
    Copy + Default + Send + Sync + Add<Output = Self> + Mul<Output = Self>
{
}

impl Value for f32 {}
impl Value for f64 {}

/// `scale A x + sum_t factor_t term_t` of a CSR matrix A; dense matrices have `width` values per
/// row.
pub(super) struct Product<'a, V> {
    pub row_ptr: &'a [i32],
    pub col: &'a [i32],
    pub val: &'a [V],
    pub x: &'a [V],
    pub width: usize,
    pub scale: V,
    pub terms: &'a [(V, &'a [V])],
}

impl<'a, V: Value> Product<'a, V> {
    /// The result, row after row. One thread sums a row, in the order of its entries and without
    /// fused multiply-add, so the bits depend neither on the number of threads nor on the
    /// instruction set.
    pub fn compute(&self) -> Vec<V> {
        let n_rows = self.row_ptr.len() - 1;
        let mut output = vec![V::default(); n_rows * self.width];
        let arch = Arch::new();
        let rows = |(block, sums): (usize, &mut [V])| {
            arch.dispatch(Rows { product: self, first: block * BLOCK, sums });
        };
        let block = BLOCK * self.width.max(1);
        if self.col.len() * self.width < SERIAL {
            output.chunks_mut(block).enumerate().for_each(rows);
        } else {
            output.par_chunks_mut(block).enumerate().for_each(rows);
        }
        output
    }

    #[inline(always)]
    fn row(&self, row: usize, sum: &mut [V]) {
        let entries = self.row_ptr[row] as usize..self.row_ptr[row + 1] as usize;
        let width = sum.len();
        let part = |dense: &'a [V], row: usize| &dense[row * width..][..width];
        let x = |col: i32| part(self.x, col as usize);
        // Four entries per pass: the sums are then loaded and stored a quarter as often.
        let (cols, last_cols) = self.col[entries.clone()].as_chunks::<4>();
        let (vals, last_vals) = self.val[entries].as_chunks::<4>();
        for (&cols, &[a, b, c, d]) in cols.iter().zip(vals) {
            let [x_a, x_b, x_c, x_d] = cols.map(x);
            for i in 0..width {
                sum[i] = sum[i] + a * x_a[i] + b * x_b[i] + c * x_c[i] + d * x_d[i];
            }
        }
        for (&col, &a) in last_cols.iter().zip(last_vals) {
            for (sum, &x) in sum.iter_mut().zip(x(col)) {
                *sum = *sum + a * x;
            }
        }
        if !self.terms.is_empty() {
            sum.iter_mut().for_each(|sum| *sum = self.scale * *sum);
        }
        for &(factor, term) in self.terms {
            for (sum, &term) in sum.iter_mut().zip(part(term, row)) {
                *sum = *sum + factor * term;
            }
        }
    }
}

/// Neighbouring rows of the result, from `first` on.
struct Rows<'a, 'b, V> {
    product: &'a Product<'b, V>,
    first: usize,
    sums: &'a mut [V],
}

impl<V: Value> WithSimd for Rows<'_, '_, V> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let width = self.product.width.max(1);
        for (row, sum) in (self.first..).zip(self.sums.chunks_exact_mut(width)) {
            self.product.row(row, sum);
        }
    }
}
