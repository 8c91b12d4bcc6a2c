//! Markers of every group against one other group.

use morula_data::{Categorical, CsrMatrix};

use super::{GroupMarkers, Markers, MarkersParams, Test, check_finite, rank_genes_groups};
use crate::groups::Groups;
use crate::{MarkersError, Result};

/// Ranks the genes of every group by how much higher they are than in one other group, the
/// reference.
///
/// The test, the numbers and the parameters are those of [`rank_genes_groups`], with the cells of
/// the group and of the reference alone: scanpy's `rank_genes_groups(reference=...)`. The reference
/// has no markers of its own. `min_cells` counts the cells of all groups.
///
/// # Errors
/// Those of [`rank_genes_groups`]; [`MarkersError::NoReference`] names the groups there are.
pub fn rank_genes_versus(
    x: &CsrMatrix,
    groups: &Categorical,
    reference: &str,
    params: &MarkersParams,
) -> Result<Markers> {
    check_finite(x)?;
    let all = Groups::new(groups, x.n_rows())?;
    let Some(at) = all.names.iter().position(|name| name == reference) else {
        let (reference, groups) = (reference.to_string(), all.names.join(", "));
        return Err(MarkersError::NoReference { reference, groups });
    };
    if all.len() == 1 {
        let (group, n_cells) = (all.names[0].clone(), all.sizes[0]);
        return Err(MarkersError::NoRest { group, n_cells });
    }
    let tested = tested(x, params.min_cells)?;
    let of_pair = MarkersParams { min_cells: 0, ..params.clone() };
    let mut found = Vec::new();
    for g in (0..all.len()).filter(|&g| g != at) {
        let of_cell = |i: usize| all.of_cell[i] as usize;
        let cells: Vec<usize> =
            (0..x.n_rows()).filter(|&i| of_cell(i) == g || of_cell(i) == at).collect();
        let codes = cells.iter().map(|&i| i32::from(of_cell(i) == at)).collect();
        let names = vec![all.names[g].clone(), reference.to_string()];
        let pair = Categorical::new(codes, names, false)?;
        let part = x.select_rows(&cells).select_cols(&tested);
        let markers = rank_genes_groups(&part, &pair, &of_pair)?;
        found.extend(markers.groups.into_iter().next().map(|mut group: GroupMarkers| {
            group.genes.iter_mut().for_each(|marker| marker.gene = tested[marker.gene]);
            group
        }));
    }
    let (params, reference) = (params.clone(), reference.to_string());
    Ok(Markers { groups: found, params, test: Test::RankSum, reference })
}

/// Columns with a value other than 0 in at least so many cells.
///
/// # Errors
/// [`MarkersError::NoGenes`] where there is none.
pub(crate) fn tested(x: &CsrMatrix, min_cells: usize) -> Result<Vec<usize>> {
    let mut cells = vec![0usize; x.n_cols()];
    for (&j, _) in x.indices().iter().zip(x.data()).filter(|(_, v)| **v != 0.0) {
        cells[j as usize] += 1;
    }
    let tested: Vec<usize> = (0..x.n_cols()).filter(|&j| cells[j] >= min_cells).collect();
    match tested.is_empty() {
        true => Err(MarkersError::NoGenes { n_genes: x.n_cols(), min_cells }),
        false => Ok(tested),
    }
}
