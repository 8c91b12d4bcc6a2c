//! Markers that every batch shows.

use morula_data::{Categorical, CsrMatrix};

use crate::groups::Groups;
use crate::rank::check_finite;
use crate::rank::{benjamini_hochberg, tested};
use crate::{Markers, MarkersError, MarkersParams, Result, rank_genes_groups};

/// A batch with fewer cells of a group, or of the rest, says nothing about its markers.
pub const FEWEST_CELLS: usize = 3;

/// One gene in one group, over the batches.
#[derive(Debug, Clone, PartialEq)]
pub struct ConservedMarker {
    /// Column of the gene.
    pub gene: usize,
    /// The lowest score of all batches.
    pub score: f64,
    /// `log2` fold change in every batch of the group.
    pub logfoldchanges: Vec<f64>,
    /// Two-sided p-value in every batch.
    pub pvals: Vec<f64>,
    /// The highest of these p-values: is the gene a marker in every batch?
    pub max_pval: f64,
    /// The highest p-value, adjusted over the genes after Benjamini and Hochberg.
    pub max_pval_adj: f64,
    /// The lowest of `k` p-values, combined after Tippett: `1 - (1 - min p)^k`.
    pub minimump_pval: f64,
    /// Lowest share, of all batches, of the group's cells that express the gene.
    pub pct_in: f64,
    /// Highest share of all other cells that express it.
    pub pct_out: f64,
}

/// The genes of one group.
#[derive(Debug, Clone, PartialEq)]
pub struct ConservedGroup {
    /// Name of the group.
    pub name: String,
    /// Cells in the group.
    pub n_cells: usize,
    /// The batches that were tested.
    pub batches: Vec<String>,
    /// Every tested gene, highest score first.
    pub markers: Vec<ConservedMarker>,
}

/// Ranks the genes of every group by how much they mark it in each of the batches.
///
/// [`rank_genes_groups`] tests the group against the other cells of the same batch, batch by batch.
/// The columns are those of Seurat's `FindConservedMarkers`; genes are sorted by the lowest score, so
/// that a gene must be up in all batches. A batch with fewer than three cells of the group or of the
/// rest is left out for that group. Groups without two such batches are returned without markers.
///
/// # Errors
/// Those of [`rank_genes_groups`]; [`MarkersError::NoConserved`] when no group has two batches.
pub fn conserved_markers(
    x: &CsrMatrix,
    groups: &Categorical,
    batches: &Categorical,
    params: &MarkersParams,
) -> Result<Vec<ConservedGroup>> {
    check_finite(x)?;
    let [all, parts] = [groups, batches].map(|labels| Groups::new(labels, x.n_rows()));
    let (all, parts) = (all?, parts?);
    let kept = tested(x, params.min_cells)?;
    let of_batch = MarkersParams { min_cells: 0, ..params.clone() };
    let mut found: Vec<(String, Markers, usize)> = Vec::new();
    for (b, name) in parts.names.iter().enumerate() {
        let cells: Vec<usize> =
            (0..x.n_rows()).filter(|&i| parts.of_cell[i] as usize == b).collect();
        let codes = cells.iter().map(|&i| groups.codes()[i]).collect();
        let labels = Categorical::new(codes, groups.categories().to_vec(), false)?;
        let part = x.select_rows(&cells).select_cols(&kept);
        match rank_genes_groups(&part, &labels, &of_batch) {
            Ok(markers) => found.push((name.clone(), markers, cells.len())),
            // One group alone, or none, has no markers in this batch.
            Err(MarkersError::NoRest { .. } | MarkersError::NoGroups) => {}
            Err(error) => return Err(error),
        }
    }
    let conserved: Vec<ConservedGroup> = (all.names.iter().zip(&all.sizes))
        .map(|(name, &n_cells)| group(name, n_cells, &found, &kept))
        .collect();
    match conserved.iter().all(|group| group.markers.is_empty()) {
        true => Err(MarkersError::NoConserved { n_batches: parts.len() }),
        false => Ok(conserved),
    }
}

fn group(
    name: &str,
    n_cells: usize,
    found: &[(String, Markers, usize)],
    kept: &[usize],
) -> ConservedGroup {
    let enough = |n: usize, of: usize| n >= FEWEST_CELLS && of - n >= FEWEST_CELLS;
    let of_batches = found.iter().filter_map(|(batch, markers, n)| {
        let group = markers.groups().iter().find(|group| group.name == name)?;
        enough(group.n_cells, *n).then(|| (batch.clone(), group.genes()))
    });
    let (batches, genes): (Vec<String>, Vec<_>) = of_batches.unzip();
    let mut conserved = ConservedGroup { name: name.into(), n_cells, batches, markers: Vec::new() };
    if genes.len() < 2 {
        return conserved;
    }
    let marker = |(at, &gene): (usize, &usize)| {
        let each = || genes.iter().map(|genes| &genes[at]);
        let pvals: Vec<f64> = each().map(|m| m.pval).collect();
        let least = pvals.iter().copied().fold(1.0, f64::min);
        let max_pval = pvals.iter().copied().fold(0.0, f64::max);
        ConservedMarker {
            gene,
            score: each().map(|m| m.score).fold(f64::INFINITY, f64::min),
            logfoldchanges: each().map(|m| m.logfoldchange).collect(),
            max_pval,
            max_pval_adj: max_pval,
            minimump_pval: -(pvals.len() as f64 * (-least).ln_1p()).exp_m1(),
            pvals,
            pct_in: each().map(|m| m.pct_in).fold(1.0, f64::min),
            pct_out: each().map(|m| m.pct_out).fold(0.0, f64::max),
        }
    };
    conserved.markers = kept.iter().enumerate().map(marker).collect();
    let pvals: Vec<f64> = conserved.markers.iter().map(|m| m.max_pval).collect();
    for (marker, adjusted) in conserved.markers.iter_mut().zip(benjamini_hochberg(&pvals)) {
        marker.max_pval_adj = adjusted;
    }
    conserved.markers.sort_by(|a, b| b.score.total_cmp(&a.score));
    conserved
}
