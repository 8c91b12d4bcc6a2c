//! The first step of every model: from raw counts to cells ready for training.

use morula_cluster::representations::CellGraph;
use morula_data::CountMatrix;
use morula_preprocess::{Prepared, Recipe, RecipeParams};

use crate::{ModelError, NClusters, Result};

/// Cells ready for training.
pub(crate) struct Setup {
    pub recipe: Recipe,
    pub prepared: Prepared,
    pub cells: CellGraph,
}

impl Setup {
    /// Preprocesses raw counts.
    ///
    /// # Errors
    /// As the recipe's; [`ModelError::TooFewCells`] when it leaves fewer cells than clusters.
    pub fn new(recipe: &RecipeParams, asked: NClusters, counts: &CountMatrix) -> Result<Self> {
        let (recipe, prepared) = recipe.fit(counts)?;
        let (n_cells, n_clusters) = (prepared.n_cells(), asked.given().unwrap_or(1));
        if n_cells < n_clusters {
            return Err(ModelError::TooFewCells { n_cells, n_clusters });
        }
        let cells = CellGraph::fit(&prepared)?;
        Ok(Self { recipe, prepared, cells })
    }
}
