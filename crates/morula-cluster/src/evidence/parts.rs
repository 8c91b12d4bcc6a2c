//! Clusters found anew in one part of the molecules, with the other part to test them on.

use morula_data::{CountMatrix, CsrMatrix};
use morula_preprocess::RecipeParams;
use morula_preprocess::thinning::{ThinParams, dispersions, thin};

use super::EvidenceParams;
use crate::communities::{Communities, communities};
use crate::representations::CellGraph;
use crate::{NClusters, Result};

/// Divides the molecules in two parts, with the dispersions that genes have within `groups`.
///
/// # Errors
/// [`ClusterError::Preprocess`](crate::ClusterError::Preprocess) for a share that is not between 0 and
/// 1.
pub(super) fn divided(
    counts: &CountMatrix,
    groups: &[usize],
    EvidenceParams { share, seed, .. }: EvidenceParams,
) -> Result<[CountMatrix; 2]> {
    let phi = dispersions(counts.x(), &totals(counts), groups)?;
    Ok(thin(counts, &phi, ThinParams { share, seed })?)
}

/// Clusters of cells in the views of their expression.
pub(super) struct ByViews {
    n_obs: usize,
    /// Cells that preprocessing keeps.
    kept: Vec<usize>,
    /// Mean graph of these cells.
    pub graph: CsrMatrix,
    /// Clusters of these cells.
    pub found: Communities,
}

impl ByViews {
    /// Finds the clusters. A given number is at most the number of cells kept.
    ///
    /// # Errors
    /// [`ClusterError::Preprocess`](crate::ClusterError::Preprocess) for too few molecules.
    pub fn find(
        counts: &CountMatrix,
        recipe: &RecipeParams,
        n_clusters: NClusters,
        seed: u64,
    ) -> Result<Self> {
        let (_, prepared) = recipe.fit(counts)?;
        let graph = CellGraph::fit(&prepared)?.expression_graph()?;
        let kept = prepared.kept_cells;
        let n_clusters = match n_clusters {
            NClusters::Given(k) => NClusters::Given(k.min(kept.len())),
            NClusters::Auto => NClusters::Auto,
        };
        let found = communities(&graph, n_clusters, seed)?;
        Ok(Self { n_obs: counts.n_obs(), kept, graph, found })
    }

    /// One value per cell of the counts, from one per cell kept.
    pub fn spread(&self, of_kept: &[usize]) -> Vec<Option<usize>> {
        let mut all = vec![None; self.n_obs];
        self.kept.iter().zip(of_kept).for_each(|(&cell, &value)| all[cell] = Some(value));
        all
    }
}

/// Size of every cell.
pub(super) fn totals(counts: &CountMatrix) -> Vec<f64> {
    let sum = |(_, values): (&[u32], &[f32])| values.iter().map(|&v| f64::from(v)).sum();
    counts.x().rows().map(sum).collect()
}
