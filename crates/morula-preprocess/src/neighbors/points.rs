//! Points, prepared for the search.

use crate::{PreprocessError, Result};

/// Rows, and the same rows around an origin, scaled so that none is longer than 1.
pub(super) struct Points<'a> {
    pub(super) x: &'a [f32],
    pub(super) dims: usize,
    /// `y = (x - origin) unit` in single precision.
    pub(super) y: Vec<f32>,
    /// `|y|^2`.
    pub(super) squares: Vec<f64>,
    pub(super) unit: f64,
}

impl<'a> Points<'a> {
    pub(super) fn new(x: &'a [f32], dims: usize, origin: &[f64], unit: f64) -> Result<Self> {
        if dims == 0 || !x.len().is_multiple_of(dims) || x.len() / dims > u32::MAX as usize {
            let (expected, found) = (dims, x.len());
            return Err(PreprocessError::Shape { what: "coordinates of points", expected, found });
        }
        if let Some(p) = x.iter().position(|v| !v.is_finite()) {
            let (row, col) = (p / dims, p % dims);
            return Err(PreprocessError::NotFinite { row, col, value: x[p] });
        }
        let centred = |row: &'a [f32]| {
            row.iter().zip(origin).map(|(&v, o)| ((f64::from(v) - o) * unit) as f32)
        };
        let y: Vec<f32> = x.chunks_exact(dims).flat_map(centred).collect();
        let square = |row: &[f32]| row.iter().map(|&v| f64::from(v).powi(2)).sum();
        let squares = y.chunks_exact(dims).map(square).collect();
        Ok(Self { x, dims, y, squares, unit })
    }

    /// Number of points.
    pub(super) fn n(&self) -> usize {
        self.squares.len()
    }
}

/// The mean point.
pub(super) fn mean(x: &[f32], dims: usize) -> Vec<f64> {
    let mut mean = vec![0.0; dims];
    for row in x.chunks_exact(dims.max(1)) {
        mean.iter_mut().zip(row).for_each(|(m, &v)| *m += f64::from(v));
    }
    let n = (x.len() / dims.max(1)).max(1) as f64;
    mean.iter_mut().for_each(|m| *m /= n);
    mean
}

/// A power of two by which no point is farther than 1 from the origin, so that no square overflows.
pub(super) fn unit(sets: &[&[f32]], origin: &[f64]) -> f64 {
    let square = |row: &[f32]| -> f64 {
        row.iter().zip(origin).map(|(&v, o)| (f64::from(v) - o).powi(2)).sum()
    };
    let rows = sets.iter().flat_map(|x| x.chunks_exact(origin.len().max(1)));
    let longest = rows.map(square).fold(0.0, f64::max).sqrt();
    if longest.is_normal() { 0.5f64.powi(longest.log2().ceil() as i32) } else { 1.0 }
}
