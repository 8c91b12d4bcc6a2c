//! The table of markers that every batch shows.

use anyhow::{Context, Result};
use morula::markers::ConservedGroup;

use super::comparison::Comparison;
use crate::text::cell;

/// CSV with a column of fold changes and one of p-values for every batch; empty where a batch was
/// not tested for the group.
pub fn table(
    found: &[ConservedGroup],
    genes: &[String],
    n_genes: usize,
    comparison: &Comparison,
) -> Result<Vec<u8>> {
    let mut batches: Vec<&String> = Vec::new();
    for batch in found.iter().flat_map(|group| &group.batches) {
        if !batches.contains(&batch) {
            batches.push(batch);
        }
    }
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut header: Vec<String> = ["group", "rank", "gene", "score"].map(String::from).into();
    for batch in &batches {
        header.push(cell(&format!("{batch}_logfoldchange")).into_owned());
        header.push(cell(&format!("{batch}_pval")).into_owned());
    }
    let rest = ["max_pval", "max_pval_adj", "minimump_pval", "pct_in", "pct_out"];
    header.extend(rest.map(String::from));
    writer.write_record(&header)?;
    for group in found {
        let least = |lfcs: &[f64]| lfcs.iter().copied().fold(f64::INFINITY, f64::min);
        let shown = group.markers.iter();
        let shown = shown.filter(|m| comparison.shows(least(&m.logfoldchanges), m.pct_in));
        for (rank, m) in (1..).zip(shown.take(n_genes)) {
            let mut row: Vec<String> = vec![
                cell(&group.name).into_owned(),
                i32::to_string(&rank),
                cell(&genes[m.gene]).into_owned(),
                number(m.score),
            ];
            for batch in &batches {
                let at = group.batches.iter().position(|tested| tested == *batch);
                let value = |of: &[f64]| at.map_or(String::new(), |at| number(of[at]));
                row.extend([value(&m.logfoldchanges), value(&m.pvals)]);
            }
            let rest = [m.max_pval, m.max_pval_adj, m.minimump_pval, m.pct_in, m.pct_out];
            row.extend(rest.map(number));
            writer.write_record(&row)?;
        }
    }
    writer.into_inner().ok().context("the table is in memory")
}

/// A number as the other tables have it: `1e-200`, not two hundred zeros.
fn number(value: f64) -> String {
    serde_json::Number::from_f64(value).map_or_else(|| value.to_string(), |n| n.to_string())
}
