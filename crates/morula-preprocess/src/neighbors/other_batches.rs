//! Nearest neighbours in other batches.

use super::{Neighbors, kneighbors};
use crate::{PreprocessError, Result};
use std::collections::BTreeMap;

/// The k nearest cells of other batches, for every row of `x` (row-major `n x n_dims`), Euclidean
/// and exact.
///
/// `batches` has a code per row. `k` is at most the number of cells outside the largest batch, so
/// that all rows are equally long: 0 for a single batch. Ties go to the lower index, as in
/// [`neighbors`](crate::neighbors). Time O(n^2 d), as one search among all cells.
///
/// ```
/// use morula_preprocess::neighbors_of_other_batches;
///
/// // Cells on a line: 0, 1 and 9 in one batch, 2 and 8 in another.
/// let found = neighbors_of_other_batches(&[0., 1., 9., 2., 8.], 1, &[0, 0, 0, 1, 1], 1)?;
/// assert_eq!(found.indices, [3, 3, 4, 1, 2]);
/// # Ok::<(), morula_preprocess::PreprocessError>(())
/// ```
///
/// # Errors
/// [`PreprocessError::Shape`] unless there is one batch per row; the errors of
/// [`neighbors`](crate::neighbors).
pub fn neighbors_of_other_batches(
    x: &[f32],
    n_dims: usize,
    batches: &[usize],
    k: usize,
) -> Result<Neighbors> {
    let n = batches.len();
    if n_dims == 0 || n.checked_mul(n_dims) != Some(x.len()) {
        let found = x.len().checked_div(n_dims).unwrap_or(0);
        let what = "rows of coordinates, one per batch label";
        return Err(PreprocessError::Shape { what, expected: n, found });
    }
    if let Some(at) = x.iter().position(|v| !v.is_finite()) {
        let (row, col) = (at / n_dims, at % n_dims);
        return Err(PreprocessError::NotFinite { row, col, value: x[at] });
    }
    let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    batches.iter().enumerate().for_each(|(i, &batch)| members.entry(batch).or_default().push(i));
    let k = k.min(n - members.values().map(Vec::len).max().unwrap_or(0));
    let mut found =
        Neighbors { k, n_points: n, indices: vec![0; n * k], distances: vec![0.0; n * k] };
    if k == 0 {
        return Ok(found);
    }
    let rows = |cells: &[usize]| -> Vec<f32> {
        cells.iter().flat_map(|&i| &x[i * n_dims..][..n_dims]).copied().collect()
    };
    for (&batch, inside) in &members {
        let outside: Vec<usize> = (0..n).filter(|&i| batches[i] != batch).collect();
        let near = kneighbors(&rows(inside), &rows(&outside), n_dims, k)?;
        let near = near.indices.chunks_exact(k).zip(near.distances.chunks_exact(k));
        for (&cell, (indices, distances)) in inside.iter().zip(near) {
            let row = cell * k..(cell + 1) * k;
            found.distances[row.clone()].copy_from_slice(distances);
            let indices = indices.iter().map(|&at| outside[at as usize] as u32);
            found.indices[row].iter_mut().zip(indices).for_each(|(to, index)| *to = index);
        }
    }
    Ok(found)
}
