//! The description of every model.

use morula_models::{ClusterModel, JojoSclModel, ModelError, Prediction, ScSiameseCluModel};
use serde_json::Value;

use super::Denoised;

/// The description of a model beyond [`ClusterModel`], stored beside its results.
pub trait Describe: ClusterModel {
    /// Whether its training has several stages.
    const STAGED: bool = false;

    /// Whether it gives denoised counts.
    const DENOISES: bool = false;

    /// Its parameters by name, as in a configuration file.
    fn parameters(&self) -> Value;

    /// The seed of the fit.
    fn seed(&self) -> u64;

    /// Quantities with one value per cluster, by name.
    fn per_cluster(&self) -> Vec<(&'static str, Vec<f64>)>;

    /// Denoised counts of the cells of a prediction by this model. `None` from a model without
    /// [`DENOISES`](Self::DENOISES).
    ///
    /// # Errors
    /// When the prediction has an embedding of another width, or the device fails.
    fn denoised<'a>(
        &'a self,
        _prediction: &'a Prediction,
    ) -> Result<Option<Denoised<'a>>, ModelError> {
        Ok(None)
    }
}

impl Describe for JojoSclModel {
    fn parameters(&self) -> Value {
        serde_json::to_value(self.params()).unwrap_or_default()
    }

    fn seed(&self) -> u64 {
        self.params().seed
    }

    /// `b`: how far SURE draws the cells of each cluster to its centre.
    fn per_cluster(&self) -> Vec<(&'static str, Vec<f64>)> {
        vec![("b", self.shrinkage().iter().copied().map(f64::from).collect())]
    }
}

impl Describe for ScSiameseCluModel {
    const STAGED: bool = true;
    const DENOISES: bool = true;

    fn parameters(&self) -> Value {
        serde_json::to_value(self.params()).unwrap_or_default()
    }

    fn seed(&self) -> u64 {
        self.params().seed
    }

    fn per_cluster(&self) -> Vec<(&'static str, Vec<f64>)> {
        Vec::new()
    }

    fn denoised<'a>(
        &'a self,
        prediction: &'a Prediction,
    ) -> Result<Option<Denoised<'a>>, ModelError> {
        Ok(Some(Denoised {
            model: Self::NAME,
            genes: self.recipe().selected_genes(),
            cells: &prediction.kept_cells,
            counts: self.denoise(&prediction.latent)?,
        }))
    }
}
