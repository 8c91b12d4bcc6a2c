//! The summary that `subcluster` prints.

use morula::data::Categorical;
use morula::results::Subclustered;
use serde::Serialize;

use crate::console::Console;
use crate::text::one_line;

/// The clusters that were divided, and the column with their parts.
#[derive(Debug, Serialize)]
pub struct Summary {
    pub model: &'static str,
    pub version: &'static str,
    pub input: String,
    pub output: String,
    pub device: String,
    pub groupby: String,
    pub column: String,
    pub n_cells: usize,
    /// Number of clusters in the column.
    pub n_clusters: usize,
    /// Those that were divided.
    pub divided: Vec<Divided>,
    pub seconds: f64,
}

/// A cluster that was divided.
#[derive(Debug, Serialize)]
pub struct Divided {
    of: String,
    names: Vec<String>,
    cluster_sizes: Vec<usize>,
    /// Cells that the filter left out; they keep the name of the cluster.
    n_cells_filtered: usize,
    mean_confidence: f64,
    /// Parts, and splits between parts, that are supported; null without evidence.
    n_supported: Option<usize>,
    n_splits_supported: Option<usize>,
}

/// Says what a person should know of the division.
pub fn remark(found: &Subclustered, console: Console) {
    let of = one_line(&found.of).into_owned();
    let remark = |text: String| console.remark(format!("cluster {of}: {text}"));
    if found.names.len() == 1 {
        remark("one cluster is found, which keeps its name".into());
    }
    if found.without_batches {
        remark("too few cells of too few batches to correct for them".into());
    }
    if found.n_left_out > 0 {
        remark(format!("{} cells are left out by the filter, and keep its name", found.n_left_out));
    }
    if let Some(why) = &found.no_evidence {
        remark(format!("no evidence for the splits: {why}"));
    }
    match found.supported {
        Some((n, _)) if n < found.names.len() => remark(format!(
            "{} parts are shown, but only {n} are supported by molecules that played no part in \
             finding them",
            found.names.len()
        )),
        _ => {}
    }
}

impl From<Subclustered> for Divided {
    fn from(found: Subclustered) -> Self {
        let (n_supported, n_splits_supported) = found.supported.unzip();
        Self {
            of: found.of,
            names: found.names,
            cluster_sizes: found.sizes,
            n_cells_filtered: found.n_left_out,
            mean_confidence: found.mean_confidence,
            n_supported,
            n_splits_supported,
        }
    }
}

impl Summary {
    /// As text.
    pub fn text(&self) -> String {
        let mut lines: Vec<String> = self.divided.iter().map(Divided::text).collect();
        lines.push(format!(
            "{} clusters in obs {} of {} ({:.1} s)",
            self.n_clusters, self.column, self.output, self.seconds
        ));
        lines.iter().map(|line| one_line(line).into_owned()).collect::<Vec<_>>().join("\n")
    }
}

impl Divided {
    fn text(&self) -> String {
        let n_cells = self.cluster_sizes.iter().sum::<usize>() + self.n_cells_filtered;
        if self.names.len() < 2 {
            return format!("{} ({n_cells} cells): one cluster", self.of);
        }
        let parts = self.names.iter().zip(&self.cluster_sizes);
        let parts: Vec<String> = parts.map(|(name, n)| format!("{name} ({n})")).collect();
        let text = format!("{} ({n_cells} cells): {}", self.of, parts.join(", "));
        match self.n_splits_supported {
            Some(n) => {
                let splits = self.names.len() - 1;
                format!("{text}; evidence: {n} of {splits} splits supported")
            }
            None => text,
        }
    }
}

/// Number of clusters that have cells.
pub fn n_used(labels: &Categorical) -> usize {
    let used: std::collections::BTreeSet<&i32> =
        labels.codes().iter().filter(|code| **code >= 0).collect();
    used.len()
}
