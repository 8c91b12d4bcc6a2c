//! Counts summed over the cells of a group and a sample.

use morula_data::{Categorical, CsrMatrix};

use crate::Result;
use crate::groups::Groups;

/// Sums of counts, for tests between samples such as those of DESeq2, edgeR and limma.
#[derive(Debug, Clone, PartialEq)]
pub struct Pseudobulk {
    /// Every group and sample that have cells in common: positions in `groups` and `samples`, and
    /// the number of these cells. Sorted by group, then by sample.
    pub columns: Vec<(usize, usize, usize)>,
    /// Names of the groups.
    pub groups: Vec<String>,
    /// Names of the samples.
    pub samples: Vec<String>,
    /// Sums, a row per entry of `columns`, a column per gene. Whole numbers below 2^53 are exact.
    pub sums: Vec<Vec<f64>>,
}

/// Sums the raw counts of the cells of every group in every sample.
///
/// Cells of one sample are no independent repeats: a test over cells finds differences between two
/// samples in every gene. Tests between conditions need samples as repeats, hence these sums
/// (Squair et al. 2021, Nature Communications 12, 5692). Cells without a group or a sample are left
/// out.
///
/// # Errors
/// [`Shape`](crate::MarkersError::Shape); [`NoGroups`](crate::MarkersError::NoGroups).
pub fn pseudobulk(
    counts: &CsrMatrix,
    groups: &Categorical,
    samples: &Categorical,
) -> Result<Pseudobulk> {
    let n_cells = counts.n_rows();
    let (groups, samples) = (Groups::new(groups, n_cells)?, Groups::new(samples, n_cells)?);
    let n_samples = samples.len();
    let mut cells = vec![0usize; groups.len() * n_samples];
    let place = |i: usize| {
        let (g, s) = (groups.of_cell[i] as usize, samples.of_cell[i] as usize);
        (g < groups.len() && s < n_samples).then_some(g * n_samples + s)
    };
    (0..counts.n_rows()).filter_map(place).for_each(|at| cells[at] += 1);
    let used: Vec<usize> = (0..cells.len()).filter(|&at| cells[at] > 0).collect();
    let mut row_of = vec![0; cells.len()];
    used.iter().enumerate().for_each(|(row, &at)| row_of[at] = row);
    let mut sums = vec![vec![0.0; counts.n_cols()]; used.len()];
    for (i, (columns, values)) in counts.rows().enumerate() {
        let Some(at) = place(i) else { continue };
        let sum = &mut sums[row_of[at]];
        columns.iter().zip(values).for_each(|(&j, &v)| sum[j as usize] += f64::from(v));
    }
    Ok(Pseudobulk {
        columns: used.iter().map(|&at| (at / n_samples, at % n_samples, cells[at])).collect(),
        groups: groups.names,
        samples: samples.names,
        sums,
    })
}
