//! A row of `runs.csv`: a run and its result.

use morula::data::text;
use serde::{Deserialize, Serialize};

use crate::method::{KMode, Method};
use crate::process::{Cost, Outcome};
use crate::score::{BINS, Reliability, Scores};

/// What identifies a run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key {
    pub dataset: String,
    pub method: Method,
    pub k: KMode,
    /// The ablation, or `default`.
    pub variant: String,
    /// The perturbation of the counts, or `original`.
    pub counts: String,
    pub seed: u64,
}

/// The columns of `runs.csv`, the fields of [`Row`].
pub const COLUMNS: [&str; 36] = [
    "dataset",
    "method",
    "k",
    "variant",
    "counts",
    "seed",
    "n_cells",
    "n_genes",
    "n_types",
    "n_scored",
    "n_clusters",
    "ari",
    "nmi",
    "ami",
    "acc",
    "f1_macro",
    "knn_acc",
    "knn_f1",
    "clisi",
    "connectivity",
    "kmeans_ari",
    "leiden_best",
    "leiden_mean",
    "cut_given",
    "cut_auto",
    "across_acc",
    "across_f1",
    "ilisi",
    "batch_asw",
    "seconds",
    "cpu_seconds",
    "peak_mb",
    "bin_cells",
    "bin_correct",
    "bin_confidence",
    "error",
];

/// A run and its result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    pub dataset: String,
    pub method: Method,
    pub k: KMode,
    pub variant: String,
    pub counts: String,
    pub seed: u64,
    /// Cells and genes of the file, distinct labels.
    pub n_cells: usize,
    pub n_genes: usize,
    pub n_types: usize,
    /// Cells with a label and a cluster.
    pub n_scored: Option<usize>,
    pub n_clusters: Option<usize>,
    pub ari: Option<f64>,
    pub nmi: Option<f64>,
    pub ami: Option<f64>,
    pub acc: Option<f64>,
    pub f1_macro: Option<f64>,
    /// Scores of the embedding.
    pub knn_acc: Option<f64>,
    pub knn_f1: Option<f64>,
    pub clisi: Option<f64>,
    pub connectivity: Option<f64>,
    pub kmeans_ari: Option<f64>,
    pub leiden_best: Option<f64>,
    pub leiden_mean: Option<f64>,
    pub cut_given: Option<f64>,
    pub cut_auto: Option<f64>,
    /// Scores of the embedding on data sets with batches.
    pub across_acc: Option<f64>,
    pub across_f1: Option<f64>,
    pub ilisi: Option<f64>,
    pub batch_asw: Option<f64>,
    /// Cost of the process that fitted.
    pub seconds: f64,
    pub cpu_seconds: f64,
    pub peak_mb: f64,
    /// Per bin of the confidence: cells, correct cells, and the sum of confidences.
    pub bin_cells: String,
    pub bin_correct: String,
    pub bin_confidence: String,
    /// Why there are no scores.
    pub error: String,
}

impl Row {
    pub fn new(
        key: &Key,
        [n_cells, n_genes, n_types]: [usize; 3],
        outcome: Outcome<Scores>,
    ) -> Self {
        let (result, Cost { seconds, cpu_seconds, peak_mb }) = outcome;
        let (scores, error) = match result {
            Ok(scores) => (Some(scores), String::new()),
            Err(error) => (None, text::cell(&error).into_owned()),
        };
        let of = |value: fn(&Scores) -> f64| scores.as_ref().map(value);
        let embedding = scores.as_ref().and_then(|s| s.embedding.as_ref());
        let batches = embedding.and_then(|e| e.batches.as_ref());
        let bins = scores.as_ref().and_then(|s| s.reliability.as_ref());
        Self {
            dataset: key.dataset.clone(),
            method: key.method,
            k: key.k,
            variant: key.variant.clone(),
            counts: key.counts.clone(),
            seed: key.seed,
            n_cells,
            n_genes,
            n_types,
            n_scored: scores.as_ref().map(|s| s.n_cells),
            n_clusters: scores.as_ref().map(|s| s.n_clusters),
            ari: of(|s| s.ari),
            nmi: of(|s| s.nmi),
            ami: of(|s| s.ami),
            acc: of(|s| s.acc),
            f1_macro: of(|s| s.f1_macro),
            knn_acc: embedding.map(|e| e.knn_acc),
            knn_f1: embedding.map(|e| e.knn_f1),
            clisi: embedding.and_then(|e| e.clisi),
            connectivity: embedding.map(|e| e.connectivity),
            kmeans_ari: embedding.map(|e| e.kmeans_ari),
            leiden_best: embedding.map(|e| e.leiden_best),
            leiden_mean: embedding.map(|e| e.leiden_mean),
            cut_given: embedding.and_then(|e| e.cut_given),
            cut_auto: embedding.and_then(|e| e.cut_auto),
            across_acc: batches.map(|b| b.across_acc),
            across_f1: batches.map(|b| b.across_f1),
            ilisi: batches.and_then(|b| b.ilisi),
            batch_asw: batches.and_then(|b| b.batch_asw),
            seconds: rounded(seconds),
            cpu_seconds: rounded(cpu_seconds),
            peak_mb: rounded(peak_mb),
            bin_cells: bins.map(|b| joined(&b.cells)).unwrap_or_default(),
            bin_correct: bins.map(|b| joined(&b.correct)).unwrap_or_default(),
            bin_confidence: bins.map(|b| joined(&b.confidence.map(rounded))).unwrap_or_default(),
            error,
        }
    }

    pub fn key(&self) -> Key {
        Key {
            dataset: self.dataset.clone(),
            method: self.method,
            k: self.k,
            variant: self.variant.clone(),
            counts: self.counts.clone(),
            seed: self.seed,
        }
    }

    pub fn reliability(&self) -> Option<Reliability> {
        Some(Reliability {
            cells: split(&self.bin_cells)?,
            correct: split(&self.bin_correct)?,
            confidence: split(&self.bin_confidence)?,
        })
    }
}

fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

fn joined(values: &[impl ToString]) -> String {
    values.iter().map(ToString::to_string).collect::<Vec<_>>().join(";")
}

fn split<T: std::str::FromStr>(text: &str) -> Option<[T; BINS]> {
    let values: Option<Vec<T>> = text.split(';').map(|v| v.parse().ok()).collect();
    values?.try_into().ok()
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::score::EmbeddingScores;

    /// A run with an ARI; every other score is the same number.
    pub fn row(dataset: &str, method: Method, seed: u64, ari: f64) -> Row {
        let key = Key {
            dataset: dataset.into(),
            method,
            k: KMode::Given,
            variant: "default".into(),
            counts: "original".into(),
            seed,
        };
        let scores = Scores {
            n_cells: 90,
            n_clusters: 4,
            ari,
            nmi: ari,
            ami: ari,
            acc: ari,
            f1_macro: ari,
            reliability: None,
            embedding: Some(embedding(ari)),
        };
        let cost = Cost { seconds: 2.0, cpu_seconds: 3.0, peak_mb: 50.0 };
        Row::new(&key, [100, 2000, 4], (Ok(scores), cost))
    }

    fn embedding(score: f64) -> EmbeddingScores {
        EmbeddingScores {
            knn_acc: score,
            knn_f1: score,
            clisi: Some(score),
            connectivity: score,
            kmeans_ari: score,
            leiden_best: score,
            leiden_mean: score,
            cut_given: Some(score),
            cut_auto: Some(score),
            batches: None,
        }
    }
}
