//! Markers by the ratio of rates, for counts that played no part in finding the groups.

use morula_data::{Categorical, CsrMatrix};
use morula_preprocess::thinning::{LogRatio, Moments, moments};
use rayon::prelude::*;

use super::versus::tested;
use super::{
    GroupMarkers, Marker, Markers, MarkersParams, REST, Test, benjamini_hochberg, check_finite,
};
use crate::groups::Groups;
use crate::{MarkersError, Result};

/// Ranks the genes of every group by how much higher their rate is than in all other cells of a
/// group, by the log-ratio test ([`LogRatio`]).
///
/// `x`: raw counts, cells x genes, that played no part in finding the groups, such as the second
/// part of [`thin`](morula_preprocess::thinning::thin). Then the p-values hold. On the counts in
/// which the groups were found they are too small, as those of every test after clustering are.
/// Cells without a group are left out.
///
/// The score of a marker is t, and its fold change the `log2` of the ratio of rates. It has no AUC
/// (NaN).
///
/// # Errors
/// As [`rank_genes_groups`](super::rank_genes_groups).
pub fn rank_genes_valid(
    x: &CsrMatrix,
    groups: &Categorical,
    params: &MarkersParams,
) -> Result<Markers> {
    check_finite(x)?;
    let groups = Groups::new(groups, x.n_rows())?;
    if groups.len() == 1 {
        let (group, n_cells) = (groups.names[0].clone(), groups.sizes[0]);
        return Err(MarkersError::NoRest { group, n_cells });
    }
    let tested = tested(x, params.min_cells)?;
    let label = |&group: &u32| Some(group as usize).filter(|&group| group < groups.len());
    let labels: Vec<Option<usize>> = groups.of_cell.iter().map(label).collect();
    let sizes: Vec<f64> =
        x.rows().map(|(_, values)| values.iter().map(|&v| f64::from(v)).sum()).collect();
    let sums = moments(x, &sizes, &labels, groups.len())?;
    let all = Moments::union(x.n_cols(), &sums);
    let expressed = expressed(x, &labels, groups.len());
    let total = |gene: usize| expressed.iter().map(|cells| cells[gene]).sum::<u32>();
    let in_all: Vec<u32> = (0..x.n_cols()).map(total).collect();
    let of_group = |g: usize| {
        let others = all.without(&sums[g]);
        let marker = |&gene: &usize| {
            let LogRatio { log_ratio, t, p } = LogRatio::new(&sums[g], &others, gene);
            Marker {
                gene,
                score: t,
                logfoldchange: log_ratio / std::f64::consts::LN_2,
                pval: p,
                pval_adj: p,
                pct_in: f64::from(expressed[g][gene]) / sums[g].n_cells.max(1) as f64,
                pct_out: f64::from(in_all[gene] - expressed[g][gene])
                    / others.n_cells.max(1) as f64,
                auc: f64::NAN,
            }
        };
        let mut markers: Vec<Marker> = tested.iter().map(marker).collect();
        let pvals: Vec<f64> = markers.iter().map(|m| m.pval).collect();
        for (marker, adjusted) in markers.iter_mut().zip(benjamini_hochberg(&pvals)) {
            marker.pval_adj = adjusted;
        }
        GroupMarkers::new(groups.names[g].clone(), groups.sizes[g], markers)
    };
    let ranked = (0..groups.len()).into_par_iter().map(of_group).collect();
    let (params, reference) = (params.clone(), REST.into());
    Ok(Markers { groups: ranked, params, test: Test::LogRatio, reference })
}

/// Number of cells of every group with a count of every gene.
fn expressed(x: &CsrMatrix, labels: &[Option<usize>], n_groups: usize) -> Vec<Vec<u32>> {
    let mut cells = vec![vec![0; x.n_cols()]; n_groups];
    for ((genes, values), label) in x.rows().zip(labels) {
        let Some(label) = *label else { continue };
        for (&gene, _) in genes.iter().zip(values).filter(|(_, v)| **v != 0.0) {
            cells[label][gene as usize] += 1;
        }
    }
    cells
}
