//! Whether the neighbours of a cell have its label.

use rayon::prelude::*;

use super::{KnnGraph, label_totals::LabelTotals};
use crate::{MetricsError, Result, labels::class_sizes};

/// Agreement of the votes of nearest neighbours with the labels.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct KnnScores {
    /// Share of the cells that get their own label.
    pub accuracy: f64,
    /// Unweighted mean of F1 over the labels.
    pub f1_macro: f64,
}

impl KnnGraph<'_> {
    /// Leave-one-out classification by the k nearest neighbours, both scores in `[0, 1]`.
    ///
    /// A cell gets the label that most of its neighbours have, and never votes on itself. Of tied
    /// labels, the one whose nearest cell is nearest wins, so names of labels do not matter. With
    /// `t_l` cells of label `l` that get `l`, `a_l` cells that have it and `b_l` that get it,
    /// `accuracy = sum_l t_l / n` and `F1_l = 2 t_l / (a_l + b_l)`. A label with one cell has
    /// `F1 = 0`: no other cell can vote for it (Cover and Hart 1967; scikit-learn breaks ties by
    /// the order of names).
    ///
    /// # Errors
    /// [`MetricsError::LabelCount`] unless there is one label per cell.
    pub fn knn_scores<T: Ord>(&self, labels: &[T]) -> Result<KnnScores> {
        let (truth, n_labels) = self.encode(labels)?;
        let votes: Vec<usize> = (0..self.n_cells())
            .into_par_iter()
            .map_init(|| LabelTotals::new(n_labels), |totals, cell| self.vote(cell, &truth, totals))
            .collect();
        let mut agreed = vec![0_usize; n_labels];
        truth.iter().zip(&votes).filter(|(t, v)| t == v).for_each(|(&label, _)| agreed[label] += 1);
        let (having, getting) = (class_sizes(&truth, n_labels), class_sizes(&votes, n_labels));
        let f1 =
            |label: usize| 2.0 * agreed[label] as f64 / (having[label] + getting[label]) as f64;
        Ok(KnnScores {
            accuracy: agreed.iter().sum::<usize>() as f64 / self.n_cells() as f64,
            f1_macro: (0..n_labels).map(f1).sum::<f64>() / n_labels as f64,
        })
    }

    /// [`knn_scores`](Self::knn_scores) where only cells of other batches vote: whether a type is
    /// in the same place in all batches.
    ///
    /// The rows have to be the nearest cells of other batches: search the cells outside each batch
    /// for the neighbours of the cells inside it, with a `k` of at most the cells outside the
    /// largest batch. Labels that only one batch has count as misses.
    ///
    /// # Errors
    /// [`MetricsError::LabelCount`] unless there are one label and one batch per cell;
    /// [`MetricsError::SameBatch`] for a neighbour of the cell's own batch.
    pub fn knn_scores_across<T: Ord, B: Ord>(
        &self,
        labels: &[T],
        batches: &[B],
    ) -> Result<KnnScores> {
        let (batch_of, _) = self.encode(batches)?;
        for cell in 0..self.n_cells() {
            let mut neighbors = self.neighbors(cell).iter();
            if let Some(&neighbor) = neighbors.find(|&&j| batch_of[j as usize] == batch_of[cell]) {
                return Err(MetricsError::SameBatch { cell, neighbor });
            }
        }
        self.knn_scores(labels)
    }

    /// The label that most neighbours of a cell have.
    fn vote(&self, cell: usize, label_of: &[usize], totals: &mut LabelTotals) -> usize {
        let votes = self.neighbors(cell).iter().map(|&j| (label_of[j as usize], 1.0));
        let counted = totals.of(votes).into_iter();
        let most = counted.reduce(|most, next| if next.1 > most.1 { next } else { most });
        most.map_or(label_of[cell], |(label, _)| label)
    }
}
