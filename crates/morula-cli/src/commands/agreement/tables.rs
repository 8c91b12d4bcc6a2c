//! Tables of the agreement.

use anyhow::{Context, Result};
use csv::Writer;
use morula::markers::Agreement;

use crate::text::cell;

/// Clusters x types: the share of common markers.
pub fn overlap(found: &Agreement) -> Result<Vec<u8>> {
    let header = ["cluster"].into_iter().chain(found.types.iter().map(|t| t.cell_type.as_str()));
    let rows = found.clusters.iter().zip(&found.overlap).map(|(cluster, row)| {
        let shares = row.iter().map(f64::to_string);
        [cluster.cluster.clone()].into_iter().chain(shares).collect()
    });
    table(header.map(str::to_string).collect(), rows)
}

/// A row per cluster.
pub fn clusters(found: &Agreement) -> Result<Vec<u8>> {
    let header =
        ["cluster", "n_cells", "best_type", "overlap", "majority_type", "majority_overlap"];
    let rows = found.clusters.iter().map(|c| {
        let name = |t: usize| found.types[t].cell_type.clone();
        vec![
            c.cluster.clone(),
            c.n_cells.to_string(),
            name(c.best),
            c.overlap.to_string(),
            name(c.majority),
            c.majority_overlap.to_string(),
        ]
    });
    table(header.map(str::to_string).to_vec(), rows)
}

/// A row per type.
pub fn types(found: &Agreement) -> Result<Vec<u8>> {
    let header = [
        "type",
        "n_cells",
        "best_cluster",
        "overlap",
        "majority_cluster",
        "majority_overlap",
        "counted",
    ];
    let rows = found.types.iter().map(|t| {
        let name = |c: usize| found.clusters[c].cluster.clone();
        vec![
            t.cell_type.clone(),
            t.n_cells.to_string(),
            name(t.best),
            t.overlap.to_string(),
            name(t.majority),
            t.majority_overlap.to_string(),
            t.counted.to_string(),
        ]
    });
    table(header.map(str::to_string).to_vec(), rows)
}

fn table(header: Vec<String>, rows: impl Iterator<Item = Vec<String>>) -> Result<Vec<u8>> {
    let mut writer = Writer::from_writer(Vec::new());
    for row in [header].into_iter().chain(rows) {
        writer.write_record(row.iter().map(|text| cell(text).into_owned()))?;
    }
    writer.into_inner().ok().context("the table is in memory")
}
