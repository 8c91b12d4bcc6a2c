//! Batches of the cells that passed the filter.

use std::collections::HashMap;

use crate::{PreprocessError, Result};
use morula_data::CountMatrix;

/// Names of the batches that some of the cells are from, in the order of the categories.
pub(super) fn seen(counts: &CountMatrix, cells: &[usize]) -> Vec<String> {
    let Some(batches) = counts.batches() else { return Vec::new() };
    let mut there = vec![false; batches.categories().len()];
    cells.iter().for_each(|&i| there[batches.codes()[i] as usize] = true);
    let names = batches.categories().iter().zip(there);
    names.filter(|(_, there)| *there).map(|(name, _)| name.clone()).collect()
}

/// Positions among `names` of the batches of some cells; none where there are no names.
///
/// # Errors
/// [`PreprocessError::BatchesMissing`]; [`PreprocessError::BatchUnknown`] for the first cell of
/// another batch.
pub(super) fn known(
    names: &[String],
    counts: &CountMatrix,
    cells: &[usize],
) -> Result<Option<Vec<usize>>> {
    if names.is_empty() {
        return Ok(None);
    }
    let known = || names.join(", ");
    let Some(batches) = counts.batches() else {
        return Err(PreprocessError::BatchesMissing { known: known() });
    };
    let positions: HashMap<&str, usize> = names.iter().map(String::as_str).zip(0..).collect();
    let categories = batches.categories();
    let positions: Vec<Option<usize>> =
        categories.iter().map(|name| positions.get(name.as_str()).copied()).collect();
    let of = |&i: &usize| {
        let code = batches.codes()[i] as usize;
        positions[code].ok_or_else(|| PreprocessError::BatchUnknown {
            cell: counts.obs_names()[i].clone(),
            batch: categories[code].clone(),
            known: known(),
        })
    };
    cells.iter().map(of).collect::<Result<_>>().map(Some)
}
