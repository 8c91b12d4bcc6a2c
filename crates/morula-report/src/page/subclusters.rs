//! The section about clusters within clusters.

use super::html::{escape, table};
use crate::DividedCluster;
use crate::draw::p_value;

/// The clusters that were divided, with their parts and the evidence for the splits; empty if none was.
pub(super) fn section(divided: &[DividedCluster]) -> String {
    if divided.is_empty() {
        return String::new();
    }
    let parts = |cluster: &DividedCluster| {
        let parts: Vec<String> =
            cluster.parts.iter().map(|(name, n)| format!("{} ({n})", escape(name))).collect();
        let parts = match cluster.parts.len() {
            0 | 1 => "one cluster".into(),
            _ => parts.join(", "),
        };
        vec![escape(&cluster.name), escape(&cluster.model), parts]
    };
    let rows: Vec<Vec<String>> = divided.iter().map(parts).collect();
    let clusters = table(&["Cluster", "Model", "Parts, with their cells"], &rows, &[]);
    let rows: Vec<Vec<String>> = divided.iter().flat_map(splits).collect();
    let splits = match rows.is_empty() {
        true => String::new(),
        false => {
            let header =
                ["Split", "Cells", "Contact", "Found again", "p", "Error", "Genes", "Supported"];
            table(&header, &rows, &[1, 2, 3, 4, 5, 6])
        }
    };
    format!("<p>{ABOUT}</p>\n{clusters}{splits}")
}

const ABOUT: &str = "From <code>morula subcluster</code>: a model was fitted to the cells of one cluster, \
                     with variable genes of their own. The evidence is that of these cells alone; it does \
                     not know that all molecules chose them.";

/// A row for each split between parts: they come after those within parts.
fn splits(cluster: &DividedCluster) -> impl Iterator<Item = Vec<String>> {
    let n_between = cluster.parts.len().saturating_sub(1);
    let within = cluster.splits.len().saturating_sub(n_between);
    cluster.splits[within..].iter().map(|(name, [a, b], split)| {
        let known = |text: Option<String>| text.unwrap_or_else(|| "-".into());
        vec![
            escape(name),
            format!("{a}, {b}"),
            format!("{:.2}", split.contact),
            format!("{:.2}", split.found_again),
            known(split.p.map(|p| escape(&p_value(p)))),
            known(split.error.map(|error| format!("{error:.2}"))),
            known(split.n_markers.map(|n| n.to_string())),
            if split.supported { "yes" } else { "no" }.into(),
        ]
    })
}
