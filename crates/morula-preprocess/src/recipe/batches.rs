//! Batches of the cells that pass the filter.

use std::collections::HashMap;

use crate::{PreprocessError, Result};
use morula_data::CountMatrix;

/// Names of the batches that have cells, in the order of the categories.
pub(super) fn seen(counts: &CountMatrix, cells: &[usize]) -> Vec<String> {
    let Some(batches) = counts.batches() else { return Vec::new() };
    let mut there = vec![false; batches.categories().len()];
    cells.iter().for_each(|&i| there[batches.codes()[i] as usize] = true);
    let names = batches.categories().iter().zip(there);
    names.filter(|(_, there)| *there).map(|(name, _)| name.clone()).collect()
}

/// Names of the batches whose difference can be estimated: those of [`seen`], or none where each is
/// a single cell. Then every difference between cells is one between batches too.
pub(super) fn correctable(counts: &CountMatrix, cells: &[usize]) -> Vec<String> {
    let names = seen(counts, cells);
    if names.len() < cells.len() || cells.len() == 1 { names } else { Vec::new() }
}

/// Batch of every cell, as a position in `names` followed by the new names, and the new names;
/// `None` if the recipe has no batches.
///
/// # Errors
/// [`PreprocessError::BatchesMissing`].
pub(super) fn positions(
    names: &[String],
    counts: &CountMatrix,
    cells: &[usize],
) -> Result<(Option<Vec<usize>>, Vec<String>)> {
    if names.is_empty() {
        return Ok((None, Vec::new()));
    }
    let Some(batches) = counts.batches() else {
        return Err(PreprocessError::BatchesMissing { known: names.join(", ") });
    };
    let mut new = seen(counts, cells);
    new.retain(|name| !names.contains(name));
    let all = names.iter().chain(&new).map(String::as_str);
    let positions: HashMap<&str, usize> = all.zip(0..).collect();
    let of = |name: &String| positions.get(name.as_str()).copied().unwrap_or(usize::MAX);
    let of: Vec<usize> = batches.categories().iter().map(of).collect();
    let of_cells = cells.iter().map(|&i| of[batches.codes()[i] as usize]).collect();
    Ok((Some(of_cells), new))
}
