//! The cells of a fit as their expression shows them, alone or beside an embedding.

use std::sync::OnceLock;

use burn::tensor::Tensor;
use morula_data::CsrMatrix;
use morula_preprocess::{Neighbors, Prepared, neighbors};

use crate::cluster::{blend, find};
use crate::views::{ExpressionViews, N_VIEWS, directions};
use crate::{Matrix, NClusters, Result};

/// Cells of a neighbourhood, the cell itself among them: scanpy's 15.
pub(crate) const NEIGHBORHOOD: usize = 15;

/// The cells in the views of expression, which training does not change.
pub(crate) struct Expression {
    views: ExpressionViews,
    scores: [Matrix; N_VIEWS],
    /// Neighbours in all views, once they have been asked for.
    found: OnceLock<Vec<Neighbors>>,
    /// Communities that the views alone show, once they have been counted.
    n_communities: OnceLock<usize>,
}

/// Cells in several views.
pub(crate) struct Surroundings {
    pub views: Vec<Matrix>,
    /// Neighbours of every cell in every view.
    pub found: Vec<Neighbors>,
}

impl Expression {
    /// Fits the views of prepared cells.
    pub fn fit(prepared: &Prepared) -> Result<Self> {
        let (views, scores) = ExpressionViews::fit(prepared)?;
        Ok(Self { views, scores, found: OnceLock::new(), n_communities: OnceLock::new() })
    }

    /// The views, for new cells.
    pub fn views(&self) -> &ExpressionViews {
        &self.views
    }

    /// The cells in every view.
    pub fn scores(&self) -> &[Matrix] {
        &self.scores
    }

    /// A number of clusters before there is an embedding: the one given, or that of the communities
    /// that expression alone shows. A fit has one seed.
    pub fn n_clusters(&self, asked: NClusters, seed: u64) -> Result<usize> {
        if let Some(k) = asked.given() {
            return Ok(k);
        }
        if let Some(&found) = self.n_communities.get() {
            return Ok(found);
        }
        let found = find(&self.graph()?, asked, seed)?.n_clusters.max(1);
        Ok(*self.n_communities.get_or_init(|| found))
    }

    /// The graph whose communities are the clusters of cells: the mean of the views' fuzzy graphs,
    /// the embedding among them. If expression alone shows a single community, and no number is
    /// asked for, it is left at that: parts that an embedding has then are of its own making.
    pub fn graph_with(
        &self,
        cells: &Surroundings,
        asked: NClusters,
        seed: u64,
    ) -> Result<CsrMatrix> {
        match asked == NClusters::Auto && self.n_clusters(asked, seed)? == 1 {
            true => self.graph(),
            false => graph(&cells.found),
        }
    }

    fn graph(&self) -> Result<CsrMatrix> {
        graph(self.found()?)
    }

    /// The cells in the embedding `h`, `[n, d]`, and in these views.
    pub fn beside(&self, h: &Tensor<2>) -> Result<Surroundings> {
        let embedding = directions(h)?;
        let mut found = vec![near(&embedding)?];
        found.extend_from_slice(self.found()?);
        let mut views = vec![embedding];
        views.extend_from_slice(&self.scores);
        Ok(Surroundings { views, found })
    }

    /// The `k` nearest other cells of every cell in each view of expression, or all there are.
    pub fn nearest(&self, k: usize) -> Result<Vec<Neighbors>> {
        if k >= NEIGHBORHOOD {
            let near = |view: &Matrix| Ok(neighbors(view.values(), view.n_cols(), k)?);
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

fn near(view: &Matrix) -> Result<Neighbors> {
    Ok(neighbors(view.values(), view.n_cols(), NEIGHBORHOOD - 1)?)
}

fn graph(found: &[Neighbors]) -> Result<CsrMatrix> {
    blend(&found.iter().map(Neighbors::fuzzy_connectivities).collect::<Vec<_>>())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Cells in views that are given.
    pub fn surroundings(views: Vec<Matrix>) -> Surroundings {
        let found = views.iter().map(|view| near(view).unwrap()).collect();
        Surroundings { views, found }
    }
}
