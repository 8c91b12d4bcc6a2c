//! Scores clusters against labels: the only file that sees both.

use anyhow::{Result, bail};
use morula::metrics::{Contingency, Evaluation, encode_labels, evaluate};
use serde::{Deserialize, Serialize};

use crate::clustered::Clustered;

/// Bins of the confidence, equally wide from 0 to 1.
pub const BINS: usize = 10;

/// Agreement with the labels, over the cells that have a label and a cluster.
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
}

/// Cells by bins of the confidence.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Reliability {
    /// Cells in the bin.
    pub cells: [usize; BINS],
    /// Cells whose cluster is matched to their type.
    pub correct: [usize; BINS],
    /// Sum of their confidences.
    pub confidence: [f64; BINS],
}

/// Scores clusters; `truth` has a label per cell of the input, none where it is missing.
pub fn score(clustered: &Clustered, truth: &[Option<String>]) -> Result<Scores> {
    let cells = clustered.kept_cells.iter().enumerate();
    let labelled: Vec<(usize, &str)> =
        cells.filter_map(|(at, &i)| Some((at, truth.get(i)?.as_deref()?))).collect();
    if labelled.is_empty() {
        bail!("no cell has both a label and a cluster");
    }
    let truth: Vec<&str> = labelled.iter().map(|cell| cell.1).collect();
    let pred: Vec<usize> = labelled.iter().map(|cell| clustered.labels[cell.0]).collect();
    let Evaluation { n_cells, n_clusters_pred, ari, nmi, ami, acc, f1_macro, .. } =
        evaluate(&truth, &pred)?;
    let reliability = match &clustered.confidence {
        None => None,
        Some(confidence) => {
            let confidence: Vec<f32> = labelled.iter().map(|cell| confidence[cell.0]).collect();
            Some(reliability(&truth, &pred, &confidence)?)
        }
    };
    Ok(Scores { n_cells, n_clusters: n_clusters_pred, ari, nmi, ami, acc, f1_macro, reliability })
}

fn reliability(truth: &[&str], pred: &[usize], confidence: &[f32]) -> Result<Reliability> {
    let (classes, _) = encode_labels(truth);
    let (clusters, _) = encode_labels(pred);
    let matching = Contingency::new(truth, pred)?.best_matching();
    let mut matched = vec![None; clusters.iter().max().map_or(0, |k| k + 1)];
    matching.pairs().iter().for_each(|pair| matched[pair.cluster] = Some(pair.class));
    let mut bins = Reliability::default();
    for ((class, &cluster), &p) in classes.into_iter().zip(&clusters).zip(confidence) {
        let bin = ((f64::from(p) * BINS as f64) as usize).min(BINS - 1);
        bins.cells[bin] += 1;
        bins.correct[bin] += usize::from(matched[cluster] == Some(class));
        bins.confidence[bin] += f64::from(p);
    }
    Ok(bins)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn truth(labels: &[&str]) -> Vec<Option<String>> {
        labels.iter().map(|l| (!l.is_empty()).then(|| l.to_string())).collect()
    }

    #[test]
    fn cells_without_a_label_or_a_cluster_do_not_count() {
        let clustered = Clustered {
            kept_cells: vec![0, 1, 3, 4, 5],
            labels: vec![0, 0, 1, 1, 1],
            confidence: None,
        };
        let scores = score(&clustered, &truth(&["a", "a", "b", "b", "", "b"])).unwrap();
        assert_eq!((scores.n_cells, scores.n_clusters, scores.ari), (4, 2, 1.0));
        assert!(scores.reliability.is_none());
        assert!(score(&clustered, &truth(&[""; 6])).is_err());
    }

    #[test]
    fn a_bin_counts_the_cells_of_matched_clusters() {
        let clustered = Clustered {
            kept_cells: (0..6).collect(),
            labels: vec![7, 7, 7, 2, 2, 5],
            confidence: Some(vec![0.95, 1.0, 0.31, 0.35, 0.99, 0.0]),
        };
        // 7 is a, 2 is b; the third cell is wrong, and 5 is matched to nothing.
        let scores = score(&clustered, &truth(&["a", "a", "b", "b", "b", "b"])).unwrap();
        let bins = scores.reliability.unwrap();
        assert_eq!(bins.cells, [1, 0, 0, 2, 0, 0, 0, 0, 0, 3]);
        assert_eq!(bins.correct, [0, 0, 0, 1, 0, 0, 0, 0, 0, 3]);
        assert!((bins.confidence[9] - 2.94).abs() < 1e-6);
    }
}
