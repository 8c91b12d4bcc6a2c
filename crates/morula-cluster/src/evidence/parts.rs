//! Clusters found anew in one part of the molecules, with the other part to test them on.

use morula_data::{CountMatrix, CsrMatrix};
use morula_preprocess::RecipeParams;
use morula_preprocess::thinning::{ThinParams, dispersions, thin};

use super::EvidenceParams;
use crate::communities::{Communities, communities};
use crate::representations::CellGraph;
use crate::{NClusters, Result};

/// Two parts of the molecules, and the clusters of the first.
pub(super) struct Parts {
    pub first: CountMatrix,
    pub second: CountMatrix,
    /// Cells of the counts that preprocessing keeps in the first part.
    pub kept: Vec<usize>,
    /// Mean graph of these cells in the views of expression.
    pub graph: CsrMatrix,
    /// Clusters of these cells.
    pub found: Communities,
}

impl Parts {
    /// Divides the molecules, with the dispersions that genes have within `groups`, and finds
    /// clusters in the first part. A given number of clusters is at most the number of cells kept.
    ///
    /// # Errors
    /// [`ClusterError::Preprocess`](crate::ClusterError::Preprocess) for a share that is not between
    /// 0 and 1, or a first part with too few molecules.
    pub fn new(
        counts: &CountMatrix,
        recipe: &RecipeParams,
        groups: &[usize],
        n_clusters: NClusters,
        params: EvidenceParams,
    ) -> Result<Self> {
        let EvidenceParams { share, seed, .. } = params;
        let phi = dispersions(counts.x(), &totals(counts), groups)?;
        let [first, second] = thin(counts, &phi, ThinParams { share, seed })?;
        let (_, prepared) = recipe.fit(&first)?;
        let graph = CellGraph::fit(&prepared)?.expression_graph()?;
        let kept = prepared.kept_cells;
        let n_clusters = match n_clusters {
            NClusters::Given(k) => NClusters::Given(k.min(kept.len())),
            NClusters::Auto => NClusters::Auto,
        };
        let found = communities(&graph, n_clusters, seed)?;
        Ok(Self { first, second, kept, graph, found })
    }

    /// One value per cell of the counts, from one per cell kept.
    pub fn spread(&self, of_kept: &[usize]) -> Vec<Option<usize>> {
        let mut all = vec![None; self.first.n_obs()];
        self.kept.iter().zip(of_kept).for_each(|(&cell, &value)| all[cell] = Some(value));
        all
    }
}

/// Size of every cell.
pub(super) fn totals(counts: &CountMatrix) -> Vec<f64> {
    let sum = |(_, values): (&[u32], &[f32])| values.iter().map(|&v| f64::from(v)).sum();
    counts.x().rows().map(sum).collect()
}
