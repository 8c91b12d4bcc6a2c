//! The centred matrix as an operator, never formed.

use morula_data::CsrMatrix;
use rayon::prelude::*;
use std::borrow::Cow;

/// `A = S - a b'` with S sparse, `r x c`, `c <= r`.
///
/// With `S = X, a = 1, b = mu` this is the centred matrix, with
/// `S = X', a = mu, b = 1` its transpose: whichever is tall.
pub(super) struct Centred<'x> {
    s: Cow<'x, CsrMatrix>,
    transpose: Cow<'x, CsrMatrix>,
    a: Vec<f64>,
    b: Vec<f64>,
    swapped: bool,
}

impl<'x> Centred<'x> {
    pub(super) fn new(x: &'x CsrMatrix, mean: &[f64]) -> Self {
        let (x, transpose) = (Cow::Borrowed(x), Cow::Owned(x.transpose()));
        let (ones, mean) = (vec![1.0; x.n_rows()], mean.to_vec());
        if x.n_cols() <= x.n_rows() {
            Self { s: x, transpose, a: ones, b: mean, swapped: false }
        } else {
            Self { s: transpose, transpose: x, a: mean, b: ones, swapped: true }
        }
    }

    /// Whether A is the transpose of the centred matrix.
    pub(super) fn swapped(&self) -> bool {
        self.swapped
    }

    /// The smaller side c.
    pub(super) fn dim(&self) -> usize {
        self.b.len()
    }

    /// `A V` for `width` columns, row-major.
    pub(super) fn apply(&self, v: &[f64], width: usize) -> Vec<f64> {
        shifted_product(&self.s, v, width, &self.a, &self.b)
    }

    /// `A' A V` for `width` columns, row-major.
    pub(super) fn gram(&self, v: &[f64], width: usize) -> Vec<f64> {
        let av = self.apply(v, width);
        shifted_product(&self.transpose, &av, width, &self.b, &self.a)
    }
}

/// `(S - a b') V`; rows are independent, so threads change nothing.
fn shifted_product(s: &CsrMatrix, v: &[f64], width: usize, a: &[f64], b: &[f64]) -> Vec<f64> {
    let mut shift = vec![0.0; width];
    for (row, b) in v.chunks_exact(width).zip(b) {
        shift.iter_mut().zip(row).for_each(|(s, v)| *s += b * v);
    }
    let mut out = vec![0.0; s.n_rows() * width];
    out.par_chunks_mut(width).with_min_len(64).enumerate().for_each(|(i, out)| {
        out.iter_mut().zip(&shift).for_each(|(o, s)| *o = -a[i] * s);
        let (cols, vals) = s.row(i);
        for (&j, &value) in cols.iter().zip(vals) {
            let row = &v[j as usize * width..][..width];
            out.iter_mut().zip(row).for_each(|(o, v)| *o += f64::from(value) * v);
        }
    });
    out
}
