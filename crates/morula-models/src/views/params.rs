//! Parameters of views.

use burn::tensor::Device;
use morula_data::CountMatrix;
use morula_preprocess::RecipeParams;
use serde::{Deserialize, Serialize};

use super::{NAME, ViewsModel, fit};
use crate::params::{Checked, at_least_one, enough_cells, width};
use crate::{FitOptions, ModelParams, NClusters, Result};

/// Parameters of [`Views`](super::Views). A TOML file can set every field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ViewsParams {
    /// Number of clusters K, or `auto`.
    pub n_clusters: NClusters,
    /// Seed of all random numbers.
    pub seed: u64,
    /// Most dimensions of the embedding.
    pub components: usize,
    /// Neighbours that every cell is averaged with in the embedding; 0 for none. The clusters do
    /// not depend on it.
    pub smoothing_neighbors: usize,
    /// Preprocessing.
    pub recipe: RecipeParams,
}

impl Default for ViewsParams {
    fn default() -> Self {
        Self {
            n_clusters: NClusters::Auto,
            seed: 0,
            components: 20,
            smoothing_neighbors: 10,
            recipe: RecipeParams::default(),
        }
    }
}

impl ViewsParams {
    setters! {
        /// Sets the number of clusters.
        n_clusters: NClusters,
        /// Sets the seed.
        seed: u64,
        /// Sets the largest number of dimensions of the embedding.
        components: usize,
        /// Sets the number of neighbours that a cell is averaged with; 0 for none.
        smoothing_neighbors: usize,
        /// Sets the preprocessing.
        recipe: RecipeParams,
    }

    /// Checks every parameter.
    ///
    /// # Errors
    /// [`ModelError::Parameter`](crate::ModelError::Parameter) naming the first parameter out of
    /// range and the allowed values.
    pub fn check(self) -> Result<Checked<Self>> {
        at_least_one("n_clusters", self.n_clusters.given().unwrap_or(1))?;
        width("components", self.components)?;
        Ok(Checked::new(self))
    }

    /// Checks the parameters and fits.
    ///
    /// # Errors
    /// As [`ModelParams::fit_with`].
    pub fn fit(self, counts: &CountMatrix, device: &Device) -> Result<ViewsModel> {
        self.fit_with(counts, device, FitOptions::default())
    }
}

impl ModelParams for ViewsParams {
    const NAME: &'static str = NAME;

    type Model = ViewsModel;

    /// There are none: no publication describes this method.
    fn published(_: NClusters) -> Option<Self> {
        None
    }

    fn n_clusters(&self) -> NClusters {
        self.n_clusters
    }

    fn set_n_clusters(&mut self, n_clusters: NClusters) {
        self.n_clusters = n_clusters;
    }

    fn set_seed(&mut self, seed: u64) {
        self.seed = seed;
    }

    /// Changes nothing: there is no training.
    fn set_epochs(&mut self, _: usize) {}

    fn recipe(&self) -> &RecipeParams {
        &self.recipe
    }

    fn checked(self) -> Result<Self> {
        Ok(self.check()?.into_params())
    }

    /// Fits on the host. The device, the observer and the checkpoint are not used.
    fn fit_with(self, counts: &CountMatrix, _: &Device, _: FitOptions<'_>) -> Result<ViewsModel> {
        let params = self.checked()?;
        enough_cells(params.n_clusters, counts.n_obs())?;
        fit::fit(params, counts)
    }
}
