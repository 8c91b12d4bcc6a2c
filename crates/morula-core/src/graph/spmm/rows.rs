//! The product on the CPU, over plain slices.

use std::ops::{Add, Mul};

use rayon::prelude::*;

/// Multiplications below which threads cost more than they bring.
const SERIAL: usize = 1 << 16;

/// Rows that a thread takes at once.
const BLOCK: usize = 32;

/// A value that can be summed.
pub(super) trait Value:
    Copy + Default + Send + Sync + Add<Output = Self> + Mul<Output = Self>
{
}

impl Value for f32 {}
impl Value for f64 {}

/// A CSR matrix and the dense matrix to multiply, `width` values per row.
pub(super) struct Product<'a, V> {
    pub row_ptr: &'a [i32],
    pub col: &'a [i32],
    pub val: &'a [V],
    pub x: &'a [V],
    pub width: usize,
}

impl<V: Value> Product<'_, V> {
    /// The result, row after row. A row is summed by one thread in the order of its entries, so
    /// the bits do not depend on the number of threads.
    pub fn compute(&self) -> Vec<V> {
        let n_rows = self.row_ptr.len() - 1;
        let mut output = vec![V::default(); n_rows * self.width];
        let width = self.width.max(1);
        let rows = |block: usize, sums: &mut [V]| {
            for (row, sum) in (block * BLOCK..).zip(sums.chunks_exact_mut(width)) {
                self.add_row(row, sum);
            }
        };
        if self.col.len() * width < SERIAL {
            rows(0, &mut output);
        } else {
            let blocks = output.par_chunks_mut(BLOCK * width).enumerate();
            blocks.for_each(|(block, sums)| rows(block, sums));
        }
        output
    }

    fn add_row(&self, row: usize, sum: &mut [V]) {
        let entries = self.row_ptr[row] as usize..self.row_ptr[row + 1] as usize;
        let width = sum.len();
        let x = |col: i32| &self.x[col as usize * width..][..width];
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
    }
}
