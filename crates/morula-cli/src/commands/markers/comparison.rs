//! What the cells of a group are compared with, and which genes a table has.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;
use morula::cluster::evidence::{EvidenceParams, held_out_groups};
use morula::data::{Categorical, CountMatrix, CsrMatrix};
use morula::markers::{
    Markers as Found, MarkersError, MarkersParams, rank_genes_groups, rank_genes_valid,
    rank_genes_versus,
};
use morula::preprocess::RecipeParams;

use crate::args::CountsArgs;
use crate::console::Console;
use crate::expression::Expression;
use crate::task::used;
use crate::text::one_line;

/// The comparison, and the genes of the table.
#[derive(Debug, Args)]
pub struct Comparison {
    /// Compare every group with this one alone, not with all other cells
    #[arg(long, value_name = "NAME", conflicts_with_all = ["conserved", "condition", "h5ad"])]
    pub versus: Option<String>,

    /// Column of obs with batches: test every group batch by batch, and rank genes by the lowest
    /// score, so that a marker must be one in all batches. The table has the columns of Seurat's
    /// FindConservedMarkers
    #[arg(long, value_name = "OBS", conflicts_with_all = ["condition", "h5ad"])]
    pub conserved: Option<String>,

    /// Column of obs with conditions: compare the conditions within every group. Cells of one
    /// sample are no independent repeats, so these p-values are too small; see --pseudobulk
    #[arg(long, value_name = "OBS", conflicts_with = "h5ad")]
    pub condition: Option<String>,

    /// P-values that hold after clustering: the groups are found anew in one part of the molecules, and
    /// their genes tested in the other, by the ratio of their rates. Groups that are not found again
    /// have no markers
    #[arg(long, conflicts_with_all = ["versus", "conserved", "condition"])]
    pub valid: bool,

    /// Leave genes with a smaller log2 fold change out of the table
    #[arg(long, value_name = "X")]
    pub min_lfc: Option<f64>,

    /// Leave genes that a smaller share of the group's cells expresses out of the table
    #[arg(long, value_name = "0..1", value_parser = share, default_value_t = 0.0)]
    pub min_fraction: f64,

    /// Folder for the counts summed over the cells of every group and sample: counts.csv, a row
    /// per gene, and samples.csv, for tests between samples with DESeq2, edgeR or limma
    #[arg(long, value_name = "DIR", requires = "sample")]
    pub pseudobulk: Option<PathBuf>,

    /// Column of obs with the sample of every cell, for --pseudobulk
    #[arg(long, value_name = "OBS", requires = "pseudobulk")]
    pub sample: Option<String>,
}

fn share(text: &str) -> std::result::Result<f64, String> {
    match text.parse() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("give a number from 0 to 1".into()),
    }
}

/// Markers, and the group within which they were found.
pub struct Part {
    pub within: Option<String>,
    pub found: Found,
}

impl Comparison {
    /// Whether the table has a gene with these numbers.
    pub fn shows(&self, logfoldchange: f64, pct_in: f64) -> bool {
        self.min_lfc.is_none_or(|least| logfoldchange >= least) && pct_in >= self.min_fraction
    }

    /// Ranks the genes of every group.
    pub fn rank(
        &self,
        counts: &CountsArgs,
        data: &Expression,
        groups: &Categorical,
        params: &MarkersParams,
        console: Console,
    ) -> Result<Vec<Part>> {
        let whole = |found| vec![Part { within: None, found }];
        if self.valid {
            return Ok(whole(valid(&counts.read(console)?, groups, params, console)?));
        }
        match (&self.versus, &self.condition) {
            (Some(name), _) => Ok(whole(rank_genes_versus(&data.x, groups, name, params)?)),
            (_, Some(column)) => {
                let conditions = data.groups(column)?;
                console.remark(
                    "p-values between conditions take every cell for a repeat and are too small; \
                     with --pseudobulk DIR --sample OBS there are sums for tests between samples",
                );
                within(&data.x, groups, &conditions, params, column, console)
            }
            _ => Ok(whole(rank_genes_groups(&data.x, groups, params)?)),
        }
    }
}

/// Markers of groups that are found anew in one part of the molecules, by the other part.
fn valid(
    counts: &CountMatrix,
    groups: &Categorical,
    params: &MarkersParams,
    console: Console,
) -> Result<Found> {
    let groups = &used(groups)?;
    let given: Vec<Option<usize>> =
        groups.codes().iter().map(|&code| usize::try_from(code).ok()).collect();
    let names = groups.categories();
    let (recipe, evidence) = (RecipeParams::default(), EvidenceParams::default());
    let anew = held_out_groups(counts, &recipe, &given, names.len(), evidence)?;
    let mut found = vec![false; names.len()];
    anew.groups.iter().flatten().for_each(|&group| found[group] = true);
    let lost = (0..names.len()).filter(|&group| !found[group]);
    let lost: Vec<String> =
        lost.map(|group| format!("{} ({:.2})", names[group], anew.found_again[group])).collect();
    if lost.len() == names.len() {
        bail!(
            "no group is found again in a part of the molecules (agreement): {}",
            lost.join(", ")
        );
    }
    if !lost.is_empty() {
        console.remark(one_line(&format!(
            "groups that are not found again in a part of the molecules, without valid markers \
             (agreement): {}",
            lost.join(", ")
        )));
    }
    let codes = anew.groups.iter().map(|group| group.map_or(-1, |group| group as i32)).collect();
    let labels = Categorical::new(codes, names.to_vec(), false)?;
    Ok(rank_genes_valid(anew.counts.x(), &labels, params)?)
}

/// Compares conditions within every group.
fn within(
    x: &CsrMatrix,
    groups: &Categorical,
    conditions: &Categorical,
    params: &MarkersParams,
    column: &str,
    console: Console,
) -> Result<Vec<Part>> {
    let (mut parts, mut alone, mut untested) = (Vec::new(), Vec::new(), Vec::new());
    // A cell without a condition would count as one of the other condition.
    let mut members = vec![Vec::new(); groups.categories().len()];
    for (i, (&group, &condition)) in groups.codes().iter().zip(conditions.codes()).enumerate() {
        if let (Ok(group), true) = (usize::try_from(group), condition >= 0) {
            members[group].push(i);
        }
    }
    for (name, cells) in groups.categories().iter().zip(&members) {
        let codes = cells.iter().map(|&i| conditions.codes()[i]).collect();
        let labels = Categorical::new(codes, conditions.categories().to_vec(), false)?;
        match rank_genes_groups(&x.select_rows(cells), &labels, params) {
            Ok(found) => parts.push(Part { within: Some(name.clone()), found }),
            Err(MarkersError::NoRest { .. } | MarkersError::NoGroups) => alone.push(name.as_str()),
            Err(MarkersError::NoGenes { .. }) => untested.push(name.as_str()),
            Err(error) => return Err(error.into()),
        }
    }
    if parts.is_empty() && untested.is_empty() {
        bail!("no group has cells of two conditions in {column}; there is nothing to compare");
    }
    if !untested.is_empty() {
        let (names, least) = (untested.join(", "), params.min_cells);
        let line = format!("no gene has {least} cells (--min-cells) in these groups: {names}");
        if parts.is_empty() {
            bail!("{line}");
        }
        console.remark(one_line(&line));
    }
    if !alone.is_empty() {
        let names = alone.join(", ");
        let line = format!("groups without two conditions in {column}, left out: {names}");
        console.remark(one_line(&line));
    }
    Ok(parts)
}
