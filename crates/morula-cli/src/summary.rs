//! The summary that `cluster` and `predict` print.

use std::path::Path;
use std::time::Duration;

use morula::cluster::evidence::Evidence;
use morula::cluster::{ClusterTree, Level};
use morula::models::{ClusterModel, NamedDevice, Prediction};
use serde::Serialize;

/// Numbers of cells, genes and clusters, and the paths.
#[derive(Debug, Serialize)]
pub struct Summary {
    pub model: &'static str,
    pub version: &'static str,
    pub input: String,
    pub output: String,
    pub device: String,
    pub seed: u64,
    pub n_cells: usize,
    pub n_cells_filtered: usize,
    /// Cells that `--qc` left out.
    pub n_cells_flagged: usize,
    /// Genes that the filter kept in training.
    pub n_genes: usize,
    pub n_genes_filtered: usize,
    pub n_genes_missing: usize,
    pub n_clusters: usize,
    /// Number of clusters at the levels, of a model that has them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub levels: Option<Levels>,
    /// Cells in each cluster.
    pub cluster_sizes: Vec<usize>,
    /// Mean probability of the cells' clusters.
    pub mean_confidence: f64,
    /// Cells without a cluster because their confidence is too low.
    pub n_cells_unsure: usize,
    pub epochs: usize,
    pub final_loss: Option<f32>,
    pub seconds: f64,
    /// Folder of the report.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report: Option<String>,
}

/// Number of clusters at the levels beside the default one, and the number that is supported.
#[derive(Debug, Serialize)]
pub struct Levels {
    pub n_coarse: usize,
    pub n_fine: usize,
    /// Clusters that are supported by molecules which played no part in finding them.
    pub n_supported: Option<usize>,
    /// Splits between clusters that are supported.
    pub n_splits_supported: Option<usize>,
}

impl Levels {
    pub fn new(tree: &ClusterTree, evidence: Option<&Evidence>) -> Self {
        let n = |level| {
            let groups = tree.cut(level).unwrap_or_default();
            groups.iter().max().map_or(0, |k| k + 1)
        };
        Self {
            n_coarse: n(Level::Coarse),
            n_fine: n(Level::Fine),
            n_supported: evidence.map(|evidence| evidence.n_supported),
            n_splits_supported: evidence.map(|evidence| {
                let between = tree.n_clusters().saturating_sub(1);
                let splits = evidence.splits.iter().rev().take(between);
                splits.filter(|split| split.supported).count()
            }),
        }
    }

    fn text(&self, n_clusters: usize) -> String {
        let levels = format!("levels: {} coarse, {} fine clusters", self.n_coarse, self.n_fine);
        match self.n_supported {
            None => format!("{levels}\n"),
            Some(1) => format!("{levels}; evidence: one cluster supported\n"),
            Some(_) => format!(
                "{levels}; evidence: {} of {} splits between clusters supported\n",
                self.n_splits_supported.unwrap_or_default(),
                n_clusters.saturating_sub(1)
            ),
        }
    }
}

impl Summary {
    pub fn new(
        model: &dyn ClusterModel,
        prediction: &Prediction,
        [input, output]: [&Path; 2],
        n_cells: usize,
        device: &NamedDevice,
        elapsed: Duration,
    ) -> Self {
        let report = &prediction.report;
        let mut cluster_sizes = vec![0; model.n_clusters()];
        prediction.labels.iter().for_each(|&k| cluster_sizes[k] += 1);
        let confidence: f64 = prediction.confidence().into_iter().map(f64::from).sum();
        Self {
            model: model.name(),
            version: env!("CARGO_PKG_VERSION"),
            input: path(input),
            output: path(output),
            device: device.name.clone(),
            seed: model.describe().seed,
            n_cells,
            n_cells_filtered: report.filtered_cells.len(),
            n_cells_flagged: 0,
            n_genes: report.genes_kept,
            n_genes_filtered: report.genes_filtered,
            n_genes_missing: report.missing_genes.len(),
            n_clusters: model.n_clusters(),
            levels: None,
            cluster_sizes,
            mean_confidence: confidence / prediction.labels.len().max(1) as f64,
            n_cells_unsure: 0,
            epochs: model.history().len(),
            final_loss: model.history().last().map(|record| record.total),
            seconds: (elapsed.as_secs_f64() * 1000.0).round() / 1000.0,
            report: None,
        }
    }

    /// As text.
    pub fn text(&self) -> String {
        let levels = self.levels.as_ref().map_or_else(String::new, |l| l.text(self.n_clusters));
        let sizes: Vec<String> = self.cluster_sizes.iter().map(usize::to_string).collect();
        let text = format!(
            "{} cells in {} {} of {} cells; mean confidence {:.2}\n\
             {levels}written to {} as {} ({:.1} s)",
            self.n_cells - self.n_cells_filtered - self.n_cells_flagged,
            self.n_clusters,
            if self.n_clusters == 1 { "cluster" } else { "clusters" },
            sizes.join(", "),
            self.mean_confidence,
            self.output,
            self.model,
            self.seconds,
        );
        let text = match self.n_cells_flagged {
            0 => text,
            n => format!("{text}\n{n} cells left out by --qc"),
        };
        match &self.report {
            Some(folder) => format!("{text}\nreport in {folder}"),
            None => text,
        }
    }
}

/// The cells and genes that preprocessing filtered out, for people.
pub fn filtered(prediction: &Prediction, n_cells: usize) -> String {
    let report = &prediction.report;
    let mut text = format!(
        "filtered: {} of {n_cells} cells and {} genes; {} genes kept",
        report.filtered_cells.len(),
        report.genes_filtered,
        report.genes_kept,
    );
    if !report.missing_genes.is_empty() {
        let examples: Vec<&str> = report.missing_genes.iter().take(3).map(String::as_str).collect();
        let n = report.missing_genes.len();
        text += &format!("; {n} of the model's genes are missing, such as {}", examples.join(", "));
    }
    if !report.new_batches.is_empty() {
        text += &format!("; new batches: {}", report.new_batches.join(", "));
    }
    text
}

/// A path as text.
pub fn path(path: &Path) -> String {
    path.display().to_string()
}
