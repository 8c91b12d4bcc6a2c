//! The first step of every model: it prepares raw counts for training.

use morula_cluster::representations::CellGraph;
use morula_data::CountMatrix;
use morula_preprocess::{Prepared, Recipe, RecipeParams};

use crate::{ModelError, NClusters, Result};

/// Cells prepared for training.
pub(crate) struct Setup {
    pub recipe: Recipe,
    pub prepared: Prepared,
    pub cells: CellGraph,
}

impl Setup {
    /// Preprocesses raw counts.
    ///
    /// # Errors
    /// As [`RecipeParams::fit`]; [`ModelError::TooFewCells`] when fewer cells than clusters are
    /// left.
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
