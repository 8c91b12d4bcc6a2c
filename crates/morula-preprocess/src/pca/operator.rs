//! A sparse matrix minus a matrix of rank 1, such as its means, as an operator; never formed.

use morula_data::CsrMatrix;
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;
use std::sync::OnceLock;

/// `A = S - a b'` with S sparse, `r x c`, `c <= r`.
///
/// The centred matrix has `S = X, a = 1, b = mu`, and its transpose has `S = X', a = mu, b = 1`.
/// The taller of the two is used.
pub(crate) struct Shifted<'x> {
    x: &'x CsrMatrix,
    transposed: OnceLock<CsrMatrix>,
    a: Vec<f64>,
    b: Vec<f64>,
    swapped: bool,
}

impl<'x> Shifted<'x> {
    /// `X - rows columns'`.
    pub(crate) fn new(x: &'x CsrMatrix, rows: Vec<f64>, columns: Vec<f64>) -> Self {
        let swapped = x.n_cols() > x.n_rows();
        let (a, b) = if swapped { (columns, rows) } else { (rows, columns) };
        Self { x, transposed: OnceLock::new(), a, b, swapped }
    }

    /// Whether A is the transpose of the input.
    pub(super) fn swapped(&self) -> bool {
        self.swapped
    }

    /// The smaller side c.
    pub(super) fn dim(&self) -> usize {
        self.b.len()
    }

    pub(super) fn s(&self) -> &CsrMatrix {
        if self.swapped { self.transposed() } else { self.x }
    }

    pub(super) fn a(&self) -> &[f64] {
        &self.a
    }

    pub(super) fn b(&self) -> &[f64] {
        &self.b
    }

    /// `X'`, computed on first use.
    fn transposed(&self) -> &CsrMatrix {
        self.transposed.get_or_init(|| self.x.transpose())
    }

    /// `A V` for `width` columns, row-major.
    pub(super) fn apply(&self, v: &[f64], width: usize) -> Vec<f64> {
        shifted_product(self.s(), v, width, &self.a, &self.b)
    }

    /// `A' A V` for `width` columns, row-major.
    pub(super) fn gram(&self, v: &[f64], width: usize) -> Vec<f64> {
        let av = self.apply(v, width);
        let transpose = if self.swapped { self.x } else { self.transposed() };
        shifted_product(transpose, &av, width, &self.b, &self.a)
    }
}

/// Columns processed at once: their sums stay in registers.
const WIDTH: usize = 16;

/// `(S - a b') V`. Rows are independent, so the number of threads changes nothing.
fn shifted_product(s: &CsrMatrix, v: &[f64], width: usize, a: &[f64], b: &[f64]) -> Vec<f64> {
    let mut shift = vec![0.0; width];
    for (row, b) in v.chunks_exact(width).zip(b) {
        shift.iter_mut().zip(row).for_each(|(s, v)| *s += b * v);
    }
    let mut out = vec![0.0; s.n_rows() * width];
    let arch = Arch::new();
    out.par_chunks_mut(width).with_min_len(64).enumerate().for_each(|(i, out)| {
        let (cols, vals) = s.row(i);
        arch.dispatch(RowProduct { cols, vals, v, width, out: &mut *out });
        out.iter_mut().zip(&shift).for_each(|(o, s)| *o -= a[i] * s);
    });
    out
}

/// `out = s V` for one sparse row s. Compiled for the available vector units.
struct RowProduct<'a> {
    cols: &'a [u32],
    vals: &'a [f32],
    v: &'a [f64],
    width: usize,
    out: &'a mut [f64],
}

impl WithSimd for RowProduct<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { cols, vals, v, width, out } = self;
        let mut blocks = out.chunks_exact_mut(WIDTH);
        let mut first = 0;
        for out in &mut blocks {
            let mut sum = [0.0; WIDTH];
            for (&j, &value) in cols.iter().zip(vals) {
                let (at, value) = (j as usize * width + first, f64::from(value));
                let v = &v[at..at + WIDTH];
                for at in 0..WIDTH {
                    sum[at] += value * v[at];
                }
            }
            out.copy_from_slice(&sum);
            first += WIDTH;
        }
        let rest = blocks.into_remainder();
        for (&j, &value) in cols.iter().zip(vals) {
            let row = &v[j as usize * width + first..];
            rest.iter_mut().zip(row).for_each(|(o, v)| *o += f64::from(value) * v);
        }
    }
}
