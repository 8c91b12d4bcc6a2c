//! The first step of every model: it prepares raw counts for training.

use morula_cluster::representations::{CellFeatures, CellGraph};
use morula_data::{CountMatrix, DenseMatrix};
use morula_preprocess::{Prepared, Recipe, RecipeParams};

use crate::{ModelError, NClusters, Result};

/// Cells prepared for training.
pub(crate) struct Setup {
    pub recipe: Recipe,
    pub prepared: Prepared,
    pub cells: CellGraph,
    /// Features of the cells, where they were asked for: `n x d`.
    pub features: Option<(CellFeatures, DenseMatrix)>,
}

impl Setup {
    /// Preprocesses raw counts.
    ///
    /// # Errors
    /// As [`RecipeParams::fit`]; [`ModelError::TooFewCells`] when fewer cells than clusters are
    /// left.
    pub fn new(recipe: &RecipeParams, asked: NClusters, counts: &CountMatrix) -> Result<Self> {
        let (recipe, prepared) = Self::prepare(recipe, asked, counts)?;
        let cells = CellGraph::fit(&prepared)?;
        Ok(Self { recipe, prepared, cells, features: None })
    }

    /// [`new`](Self::new) with the features of the cells.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_features(
        recipe: &RecipeParams,
        asked: NClusters,
        counts: &CountMatrix,
    ) -> Result<Self> {
        let (recipe, prepared) = Self::prepare(recipe, asked, counts)?;
        let (features, x, cells) = CellFeatures::fit(&prepared)?;
        Ok(Self { recipe, prepared, cells, features: Some((features, x)) })
    }

    fn prepare(
        recipe: &RecipeParams,
        asked: NClusters,
        counts: &CountMatrix,
    ) -> Result<(Recipe, Prepared)> {
        let (recipe, prepared) = recipe.fit(counts)?;
        let (n_cells, n_clusters) = (prepared.n_cells(), asked.given().unwrap_or(1));
        match n_cells < n_clusters {
            true => Err(ModelError::TooFewCells { n_cells, n_clusters }),
            false => Ok((recipe, prepared)),
        }
    }
}
