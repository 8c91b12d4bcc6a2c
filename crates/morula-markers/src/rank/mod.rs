//! Marker genes: the Wilcoxon rank-sum test of every group against the rest.

mod gene;
mod params;
mod scanpy;
mod significance;
mod valid;
mod versus;

pub use params::MarkersParams;
pub(crate) use significance::benjamini_hochberg;
pub use valid::rank_genes_valid;
pub use versus::rank_genes_versus;
pub(crate) use versus::tested;

use gene::{Gene, InGroup, Scratch};
use morula_data::{Categorical, CsrMatrix};
use rayon::prelude::*;
use significance::{two_sided, z_score};

use crate::groups::Groups;
use crate::{MarkersError, Result};

/// Added to both means of a fold change, so that neither is 0; the value is scanpy's.
const PSEUDO: f64 = 1e-9;

/// Genes per unit of parallel work.
const CHUNK: usize = 64;

/// One gene in one group.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Marker {
    /// Column of the gene.
    pub gene: usize,
    /// `z` of the group's rank sum; above 0 if the gene is higher in the group.
    pub score: f64,
    /// `log2` of the ratio of `exp(mean) - 1` in the group and in the rest.
    pub logfoldchange: f64,
    /// Two-sided p-value of the score.
    pub pval: f64,
    /// The p-value, adjusted over the genes of the group after Benjamini and Hochberg.
    pub pval_adj: f64,
    /// Share of the group's cells that express the gene, 0 to 1.
    pub pct_in: f64,
    /// Share of all other cells that express the gene.
    pub pct_out: f64,
    /// Probability that a cell of the group is above a cell of the rest; ties count half.
    pub auc: f64,
}

/// The genes of one group.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupMarkers {
    /// Name of the group.
    pub name: String,
    /// Cells in the group.
    pub n_cells: usize,
    genes: Vec<Marker>,
    order: Vec<u32>,
}

impl GroupMarkers {
    /// Orders the genes by their scores.
    fn new(name: String, n_cells: usize, genes: Vec<Marker>) -> Self {
        let mut order: Vec<u32> = (0..genes.len() as u32).collect();
        let score = |i: &u32| genes[*i as usize].score;
        order.sort_by(|a, b| score(b).total_cmp(&score(a)));
        Self { name, n_cells, genes, order }
    }

    /// Every tested gene, in order of the columns.
    pub fn genes(&self) -> &[Marker] {
        &self.genes
    }

    /// Every tested gene, highest score first; equal scores in order of the columns.
    pub fn ranked(&self) -> impl ExactSizeIterator<Item = &Marker> {
        self.order.iter().map(|&g| &self.genes[g as usize])
    }

    /// The `n` genes with the highest scores.
    pub fn top(&self, n: usize) -> impl ExactSizeIterator<Item = &Marker> {
        self.ranked().take(n)
    }
}

/// The genes of every group: the result of [`rank_genes_groups`].
#[derive(Debug, Clone, PartialEq)]
pub struct Markers {
    groups: Vec<GroupMarkers>,
    params: MarkersParams,
    test: Test,
    /// The group that every other one is compared with; `rest` for all other cells.
    reference: String,
}

/// The test of the markers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Test {
    /// Wilcoxon's rank-sum test.
    RankSum,
    /// The ratio of rates.
    LogRatio,
}

impl Test {
    /// Its name, as scanpy has it.
    fn name(self) -> &'static str {
        match self {
            Self::RankSum => "wilcoxon",
            Self::LogRatio => "log-ratio",
        }
    }
}

/// The reference of markers against all other cells, as scanpy names it.
const REST: &str = "rest";

impl Markers {
    /// The groups, in order of their categories. Groups without cells are left out.
    pub fn groups(&self) -> &[GroupMarkers] {
        &self.groups
    }

    /// The parameters of the search.
    pub fn params(&self) -> &MarkersParams {
        &self.params
    }

    /// Whether the genes have an AUC: those of a rank-sum test.
    pub(crate) fn is_ranked(&self) -> bool {
        self.test == Test::RankSum
    }

    /// Columns of the tested genes, ascending.
    pub fn tested(&self) -> impl ExactSizeIterator<Item = usize> {
        let genes = self.groups.first().map_or(&[][..], GroupMarkers::genes);
        genes.iter().map(|marker| marker.gene)
    }
}

/// Ranks the genes of every group by how much higher they are than in all other cells.
///
/// `x`: log-normalised counts, cells x genes. `groups`: a label per cell. A cell without a label is
/// in no group, and in the rest of every group. A group has `n` of the `N` cells, and `W` is the
/// sum of the ranks of its cells for a gene (ties share their mean rank). The score is
///
/// ```text
/// z = (W - n (N + 1) / 2) / sqrt(c n (N - n) (N + 1) / 12)
/// c = 1 - sum over ties (t^3 - t) / (N^3 - N)          1 without `tie_correct`
/// ```
///
/// without a continuity correction. This is Wilcoxon's rank-sum test (1945) in its normal
/// approximation, with two-sided p-values, adjusted after Benjamini and Hochberg (1995).
/// Definitions are those of scanpy 1.11, `tl.rank_genes_groups(method="wilcoxon", tie_correct=True,
/// pts=True)`. The approximation is rough for groups with few cells (25, say).
///
/// The time is that of sorting the stored values, and the memory that of one copy of them. The
/// result is the same for any number of threads.
///
/// # Errors
/// [`MarkersError::Shape`] without a label per cell; [`MarkersError::NotFinite`];
/// [`MarkersError::NoGroups`] when no cell has a label; [`MarkersError::NoRest`] when all cells
/// have the same label; [`MarkersError::NoGenes`] when no gene is tested.
pub fn rank_genes_groups(
    x: &CsrMatrix,
    groups: &Categorical,
    params: &MarkersParams,
) -> Result<Markers> {
    check_finite(x)?;
    let groups = Groups::new(groups, x.n_rows())?;
    if let Some(g) = groups.sizes.iter().position(|&n| n == x.n_rows()) {
        let (group, n_cells) = (groups.names[g].clone(), x.n_rows());
        return Err(MarkersError::NoRest { group, n_cells });
    }
    let by_gene = x.transpose();
    let columns: Vec<usize> = (0..x.n_cols()).collect();
    let genes: Vec<(usize, Gene)> = columns
        .par_chunks(CHUNK)
        .flat_map_iter(|chunk| {
            let mut scratch = Scratch::default();
            let gene = |&j: &usize| {
                let (cells, values) = by_gene.row(j);
                let expressed = values.iter().filter(|v| **v != 0.0).count();
                let tested = expressed >= params.min_cells;
                tested.then(|| (j, Gene::new(cells, values, &groups, &mut scratch)))
            };
            chunk.iter().filter_map(gene).collect::<Vec<_>>()
        })
        .collect();
    if genes.is_empty() {
        let (n_genes, min_cells) = (x.n_cols(), params.min_cells);
        return Err(MarkersError::NoGenes { n_genes, min_cells });
    }
    let of_group = |g: usize| group_markers(g, &groups, &genes, params);
    let all = (0..groups.len()).into_par_iter().map(of_group).collect();
    let (params, reference) = (params.clone(), REST.into());
    Ok(Markers { groups: all, params, test: Test::RankSum, reference })
}

pub(crate) fn check_finite(x: &CsrMatrix) -> Result<()> {
    let Some(at) = x.data().iter().position(|v| !v.is_finite()) else { return Ok(()) };
    let row = x.indptr().partition_point(|&start| start <= at) - 1;
    Err(MarkersError::NotFinite { row, col: x.indices()[at] as usize, value: x.data()[at] })
}

fn group_markers(
    g: usize,
    groups: &Groups,
    genes: &[(usize, Gene)],
    params: &MarkersParams,
) -> GroupMarkers {
    let (n, total) = (groups.sizes[g], groups.of_cell.len());
    let marker = |(j, gene): &(usize, Gene)| {
        let ties = params.tie_correct.then_some(gene.ties);
        marker(*j, &gene.groups[g], n, total, ties)
    };
    let mut markers: Vec<Marker> = genes.iter().map(marker).collect();
    let pvals: Vec<f64> = markers.iter().map(|m| m.pval).collect();
    for (marker, adjusted) in markers.iter_mut().zip(benjamini_hochberg(&pvals)) {
        marker.pval_adj = adjusted;
    }
    GroupMarkers::new(groups.names[g].clone(), n, markers)
}

fn marker(gene: usize, found: &InGroup, n: usize, total: usize, ties: Option<f64>) -> Marker {
    let w = found.rank_sum_2 as f64 / 2.0;
    let score = z_score(w, n, total, ties);
    let (inside, rest) = (n as f64, (total - n) as f64);
    let level = |sum: f64, cells: f64| (sum / cells).exp_m1() + PSEUDO;
    let pval = two_sided(score);
    Marker {
        gene,
        score,
        logfoldchange: (level(found.sum, inside) / level(found.sum_rest, rest)).log2(),
        pval,
        pval_adj: pval,
        pct_in: f64::from(found.cells) / inside,
        pct_out: f64::from(found.cells_rest) / rest,
        auc: (w - inside * (inside + 1.0) / 2.0) / (inside * rest),
    }
}
