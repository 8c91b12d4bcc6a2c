//! The graph of the cells of a fit, from views of expression, with or without an embedding.

use std::sync::OnceLock;

use morula_data::{CsrMatrix, DenseMatrix};
use morula_preprocess::{Neighbors, Prepared, neighbors};

use super::cell_neighbors::{graph, near};
use super::{CellNeighbors, ExpressionViews, N_VIEWS, NEIGHBORHOOD};
use crate::communities::communities;
use crate::{NClusters, Result};

/// The cells of a fit in the views of expression. Training does not change them.
#[derive(Debug)]
pub struct CellGraph {
    views: ExpressionViews,
    scores: [DenseMatrix; N_VIEWS],
    /// Neighbours in all views, found on first use.
    found: OnceLock<Vec<Neighbors>>,
    /// Number of communities in the views alone, computed on first use.
    n_communities: OnceLock<usize>,
}

impl CellGraph {
    /// Fits the views of prepared cells.
    ///
    /// # Errors
    /// As [`ExpressionViews::fit`].
    pub fn fit(prepared: &Prepared) -> Result<Self> {
        let (views, scores) = ExpressionViews::fit(prepared)?;
        Ok(Self::of_views(views, scores))
    }

    /// Cells whose scores are known.
    pub(super) fn of_views(views: ExpressionViews, scores: [DenseMatrix; N_VIEWS]) -> Self {
        Self { views, scores, found: OnceLock::new(), n_communities: OnceLock::new() }
    }

    /// The views, for new cells.
    pub fn views(&self) -> &ExpressionViews {
        &self.views
    }

    /// The cells in every view.
    pub fn scores(&self) -> &[DenseMatrix] {
        &self.scores
    }

    /// The number of clusters before training: the given number, or the number of communities in
    /// expression alone. The latter is computed once, with the first seed.
    ///
    /// # Errors
    /// As [`communities`].
    pub fn n_clusters(&self, asked: NClusters, seed: u64) -> Result<usize> {
        if let Some(k) = asked.given() {
            return Ok(k);
        }
        if let Some(&found) = self.n_communities.get() {
            return Ok(found);
        }
        let found = communities(&self.expression_graph()?, asked, seed)?.n_clusters.max(1);
        Ok(*self.n_communities.get_or_init(|| found))
    }

    /// The graph whose communities are the clusters: the mean over the embedding and the views of
    /// expression. If expression shows one community and no number is given, the embedding is
    /// ignored: its structure would be an artefact of training.
    ///
    /// # Errors
    /// As [`communities`].
    pub fn graph_with(
        &self,
        cells: &CellNeighbors,
        asked: NClusters,
        seed: u64,
    ) -> Result<CsrMatrix> {
        match asked == NClusters::Auto && self.n_clusters(asked, seed)? == 1 {
            true => self.expression_graph(),
            false => cells.graph(),
        }
    }

    /// The mean of the graphs of the views.
    ///
    /// # Errors
    /// As [`nearest`](Self::nearest).
    pub fn expression_graph(&self) -> Result<CsrMatrix> {
        graph(self.found()?)
    }

    /// The cells in an embedding, scaled to length 1 so that only directions count, and in these
    /// views.
    ///
    /// # Errors
    /// [`ClusterError::Views`](crate::ClusterError::Views) for an embedding of other cells;
    /// [`ClusterError::Preprocess`](crate::ClusterError::Preprocess) for values that are not finite.
    pub fn beside(&self, embedding: &DenseMatrix) -> Result<CellNeighbors> {
        let embedding = embedding.unit_rows();
        let mut found = vec![near(&embedding)?];
        found.extend_from_slice(self.found()?);
        let mut views = vec![embedding];
        views.extend_from_slice(&self.scores);
        CellNeighbors::with_found(views, found)
    }

    /// The views, for new cells, and the cells in these views.
    ///
    /// # Errors
    /// As [`nearest`](Self::nearest).
    pub fn into_parts(self) -> Result<(ExpressionViews, CellNeighbors)> {
        let found = self.found()?.to_vec();
        Ok((self.views, CellNeighbors::with_found(self.scores.into(), found)?))
    }

    /// The `k` nearest other cells of every cell in each view of expression, or all of them if
    /// fewer.
    ///
    /// # Errors
    /// [`ClusterError::Preprocess`](crate::ClusterError::Preprocess) for values that are not finite.
    pub fn nearest(&self, k: usize) -> Result<Vec<Neighbors>> {
        if k >= NEIGHBORHOOD {
            let near = |view: &DenseMatrix| Ok(neighbors(view.values(), view.n_cols(), k)?);
            return self.scores.iter().map(near).collect();
        }
        Ok(self.found()?.iter().map(|found| found.first(k)).collect())
    }

    fn found(&self) -> Result<&[Neighbors]> {
        if let Some(found) = self.found.get() {
            return Ok(found);
        }
        let found = self.scores.iter().map(near).collect::<Result<_>>()?;
        Ok(self.found.get_or_init(|| found))
    }
}
