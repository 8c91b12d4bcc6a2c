//! Scores of results against labels. No other file sees both.

mod embedding;
mod reliability;

pub use embedding::EmbeddingScores;
pub use reliability::{BINS, Reliability};

use anyhow::{Result, bail};
use morula::metrics::{Evaluation, evaluate};
use serde::{Deserialize, Serialize};

use crate::clustered::Clustered;

/// Scores over the cells that have a label and a cluster.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    pub n_cells: usize,
    pub n_clusters: usize,
    pub ari: f64,
    pub nmi: f64,
    pub ami: f64,
    pub acc: f64,
    pub f1_macro: f64,
    /// For methods that give a confidence.
    pub reliability: Option<Reliability>,
    /// None for fewer than two cells.
    pub embedding: Option<EmbeddingScores>,
}

/// Scores a result; `truth` and `batches` have an entry per cell of the input, none where it is
/// missing.
pub fn score(
    clustered: &Clustered,
    truth: &[Option<String>],
    batches: Option<&[Option<String>]>,
) -> Result<Scores> {
    let kept = clustered.kept_cells.iter().enumerate();
    let (cells, truth_of): (Vec<usize>, Vec<&str>) =
        kept.filter_map(|(at, &i)| Some((at, truth.get(i)?.as_deref()?))).unzip();
    if cells.is_empty() {
        bail!("no cell has both a label and a cluster");
    }
    let pred: Vec<usize> = cells.iter().map(|&at| clustered.labels[at]).collect();
    let Evaluation { n_cells, n_clusters_pred, ari, nmi, ami, acc, f1_macro, .. } =
        evaluate(&truth_of, &pred)?;
    let reliability = match &clustered.confidence {
        None => None,
        Some(all) => {
            let confidence: Vec<f32> = cells.iter().map(|&at| all[at]).collect();
            Some(Reliability::of(&truth_of, &pred, &confidence)?)
        }
    };
    Ok(Scores {
        n_cells,
        n_clusters: n_clusters_pred,
        ari,
        nmi,
        ami,
        acc,
        f1_macro,
        reliability,
        embedding: embedding::score(clustered, truth, batches)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use morula::data::DenseMatrix;

    fn truth(labels: &[&str]) -> Vec<Option<String>> {
        labels.iter().map(|l| (!l.is_empty()).then(|| l.to_string())).collect()
    }

    #[test]
    fn cells_without_a_label_or_a_cluster_do_not_count() {
        let clustered = Clustered {
            kept_cells: vec![0, 1, 3, 4, 5],
            labels: vec![0, 0, 1, 1, 1],
            confidence: None,
            embedding: DenseMatrix::from_rows(vec![0.0, 1.0, 10.0, 11.0, 12.0], 1),
        };
        let scores = score(&clustered, &truth(&["a", "a", "b", "b", "", "b"]), None).unwrap();
        assert_eq!((scores.n_cells, scores.n_clusters, scores.ari), (4, 2, 1.0));
        assert!(scores.reliability.is_none());
        assert!(score(&clustered, &truth(&[""; 6]), None).is_err());
        let one = score(&clustered, &truth(&["a", "", "", "", "", ""]), None).unwrap();
        assert_eq!((one.n_cells, one.embedding), (1, None));
    }
}
