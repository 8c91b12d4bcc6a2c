//! Blocks of points that search each other for neighbours.

use super::nearest::Nearest;
use super::points::Points;
use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use pulp::Arch;
use std::ops::Range;

/// Points per block. A tile of distances between two blocks fits into the cache.
const BLOCK: usize = 512;
/// Rows of distances computed at once.
const ROWS: usize = 128;
/// Distances checked at once.
const LANES: usize = 64;

/// Consecutive points, and the nearest neighbours found for each so far.
pub(super) struct Block<'a> {
    points: &'a Points<'a>,
    range: Range<usize>,
    /// `(-2 y, |y|^2, 1)` row by row: the product with `right` is a squared distance.
    left: Vec<f32>,
    /// `(y, 1, |y|^2)` row by row.
    right: Vec<f32>,
    nearest: Vec<Nearest>,
    /// Largest product at which a pair may be among the nearest of each point.
    limits: Vec<f32>,
}

impl<'a> Block<'a> {
    /// All points in blocks, each prepared to find `k` neighbours.
    pub(super) fn all(points: &'a Points<'a>, k: usize) -> impl Iterator<Item = Self> {
        let last = move |first: usize| (first + BLOCK).min(points.n());
        (0..points.n()).step_by(BLOCK).map(move |first| Self::new(points, first..last(first), k))
    }

    fn new(points: &'a Points<'a>, range: Range<usize>, k: usize) -> Self {
        let factor = |scale: f32, square: fn(f32) -> [f32; 2]| -> Vec<f32> {
            let rows = points.y[range.start * points.dims..range.end * points.dims]
                .chunks_exact(points.dims)
                .zip(&points.squares[range.clone()]);
            rows.flat_map(|(y, &s)| y.iter().map(move |v| scale * v).chain(square(s as f32)))
                .collect()
        };
        let limit = if k == 0 { f32::NEG_INFINITY } else { f32::INFINITY };
        Self {
            points,
            left: factor(-2.0, |s| [s, 1.0]),
            right: factor(1.0, |s| [1.0, s]),
            nearest: range.clone().map(|_| Nearest::new(k)).collect(),
            limits: vec![limit; range.len()],
            range,
        }
    }

    /// Searches `other` for neighbours of this block, and this block for neighbours of `other`.
    pub(super) fn meet(&mut self, other: &mut Self) {
        let Self { points, right, range, nearest, limits, .. } = other;
        let theirs = (right.as_slice(), range.clone(), limits.as_mut_slice());
        self.scan(points, theirs, |j, i, square| {
            offer(&mut nearest[j], points, range.start + j, square, i)
        });
    }

    /// Searches this block for neighbours of its own points.
    pub(super) fn meet_itself(&mut self) {
        let right = std::mem::take(&mut self.right);
        let mut closed = vec![f32::NEG_INFINITY; self.range.len()];
        self.scan(self.points, (&right, self.range.clone(), &mut closed), |_, _, _| None);
        self.right = right;
    }

    /// Searches `other`, a block of another set, for neighbours of this block.
    pub(super) fn search(&mut self, other: &Block<'_>) {
        let mut closed = vec![f32::NEG_INFINITY; other.range.len()];
        // Points of two sets are never the same point, even at the same position.
        let theirs = (other.right.as_slice(), other.range.clone(), closed.as_mut_slice());
        self.scan(other.points, theirs, |_, _, _| None);
    }

    /// Checks all pairs with the points of `(right, range, limits)`.
    ///
    /// `back(j, i, square)` offers point `i` of this set to the `j`-th point of the other set. It
    /// returns the new limit of that point, or `None` if the limit stays.
    fn scan(
        &mut self,
        others: &Points<'_>,
        (right, range, limits): (&[f32], Range<usize>, &mut [f32]),
        mut back: impl FnMut(usize, u32, f64) -> Option<f32>,
    ) {
        let (depth, cols) = (self.points.dims + 2, range.len());
        let same_set = std::ptr::eq(self.points, others);
        let mut tile = vec![0f32; ROWS.min(self.range.len()) * cols];
        let arch = Arch::new();
        for (part, left) in self.left.chunks(ROWS * depth).enumerate() {
            let rows = left.len() / depth;
            let tile = &mut tile[..rows * cols];
            matmul(
                MatMut::from_row_major_slice_mut(tile, rows, cols),
                Accum::Replace,
                MatRef::from_row_major_slice(left, rows, depth),
                MatRef::from_row_major_slice(right, cols, depth).transpose(),
                1.0,
                Par::Seq,
            );
            for (r, products) in tile.chunks_exact(cols).enumerate() {
                let at = part * ROWS + r;
                let i = self.range.start + at;
                for (chunk, products) in products.chunks(LANES).enumerate() {
                    let first = chunk * LANES;
                    let theirs = &limits[first..first + products.len()];
                    if !arch.dispatch(|| any_within(products, self.limits[at], theirs)) {
                        continue;
                    }
                    for (c, &product) in products.iter().enumerate() {
                        let (c, j) = (first + c, range.start + first + c);
                        let (here, there) = (product <= self.limits[at], product <= limits[c]);
                        if !(here || there) || (same_set && i == j) {
                            continue;
                        }
                        let square = distance(self.points, i, others, j);
                        if here {
                            let nearest = &mut self.nearest[at];
                            if let Some(l) = offer(nearest, self.points, i, square, j as u32) {
                                self.limits[at] = l;
                            }
                        }
                        if there && let Some(l) = back(c, i as u32, square) {
                            limits[c] = l;
                        }
                    }
                }
            }
        }
    }

    /// Squared distances and indices, point by point.
    pub(super) fn into_found(self) -> impl Iterator<Item = (f64, u32)> {
        self.nearest.into_iter().flat_map(Nearest::into_vec)
    }
}

/// Offers point `j` to `nearest` of point `i`. Returns the new limit of `i` if `j` was accepted.
fn offer(nearest: &mut Nearest, points: &Points<'_>, i: usize, square: f64, j: u32) -> Option<f32> {
    nearest.offer(square, j).then(|| limit(points, i, nearest.worst()))
}

/// The largest product of a pair of points whose squared distance is at most `worst`.
///
/// With the unit roundoff u, the error of a product of depth D is at most
/// `(D + 5) u (|y_i| + |y_j|)^2`, including the rounding of y and of its square, and
/// `|y_j| <= |y_i| + sqrt(worst)`. The limit uses four times this bound, plus a small term for
/// underflow.
fn limit(points: &Points<'_>, i: usize, worst: f64) -> f32 {
    let worst = worst * points.unit * points.unit;
    let rounding = (points.dims + 8) as f64 * f64::from(f32::EPSILON) * 2.0;
    let reach = 2.0 * points.squares[i].sqrt() + worst.sqrt();
    let underflow = points.dims as f64 * 4.0 * f64::from(f32::MIN_POSITIVE);
    ((worst + rounding * reach * reach + underflow) as f32).next_up()
}

/// Whether any product is within `limit` or its own limit. Compiled for the available vector units.
#[inline(always)]
fn any_within(products: &[f32], limit: f32, limits: &[f32]) -> bool {
    let mut any = false;
    for (&p, &l) in products.iter().zip(limits) {
        any |= (p <= limit) | (p <= l);
    }
    any
}

/// The squared distance in double precision, summed in a fixed order.
pub(super) fn distance(a: &Points<'_>, i: usize, b: &Points<'_>, j: usize) -> f64 {
    const SUMS: usize = 8;
    let (a, b) = (&a.x[i * a.dims..][..a.dims], &b.x[j * b.dims..][..b.dims]);
    let square = |a: f32, b: f32| (f64::from(a) - f64::from(b)).powi(2);
    let mut sums = [0.0; SUMS];
    let (mut a, mut b) = (a.chunks_exact(SUMS), b.chunks_exact(SUMS));
    for (a, b) in (&mut a).zip(&mut b) {
        sums.iter_mut().zip(a.iter().zip(b)).for_each(|(sum, (&a, &b))| *sum += square(a, b));
    }
    let rest = a.remainder().iter().zip(b.remainder()).map(|(&a, &b)| square(a, b));
    sums.iter().sum::<f64>() + rest.sum::<f64>()
}
