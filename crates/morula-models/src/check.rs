//! Ranges of parameters.

use crate::{ModelError, Result};

/// Generates consuming setters: `params.epochs(30).seed(1)`.
macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident: $ty:ty),* $(,)?) => {
        $($(#[$doc])* #[must_use] pub fn $name(mut self, $name: $ty) -> Self { self.$name = $name; self })*
    };
}

/// Implements [`ModelParams`](crate::ModelParams) by the fields and functions that parameters of
/// every model have.
macro_rules! model_params {
    ($params:ty, $model:ty) => {
        impl $crate::ModelParams for $params {
            type Model = $model;

            fn published(n_clusters: $crate::NClusters) -> Self {
                <$params>::published(n_clusters)
            }

            fn n_clusters(&self) -> $crate::NClusters {
                self.n_clusters
            }

            fn set_n_clusters(&mut self, n_clusters: $crate::NClusters) {
                self.n_clusters = n_clusters;
            }

            fn set_seed(&mut self, seed: u64) {
                self.seed = seed;
            }

            fn set_epochs(&mut self, epochs: usize) {
                self.epochs = epochs;
            }

            fn recipe(&self) -> &morula_preprocess::RecipeParams {
                &self.recipe
            }

            fn checked(self) -> $crate::Result<Self> {
                Ok(self.check()?.into_params())
            }

            fn fit_with(
                self,
                counts: &morula_data::CountMatrix,
                device: &burn::tensor::Device,
                options: $crate::FitOptions<'_>,
            ) -> $crate::Result<$model> {
                self.check()?.fit_with(counts, device, options)
            }
        }
    };
}

/// Passes when `ok`, else names the parameter, its value and what is allowed.
pub(crate) fn require(
    name: &'static str,
    value: impl ToString,
    ok: bool,
    expected: &'static str,
) -> Result<()> {
    if ok {
        Ok(())
    } else {
        Err(ModelError::Parameter { name, value: value.to_string(), expected })
    }
}

pub(crate) fn at_least_one(name: &'static str, value: usize) -> Result<()> {
    require(name, value, value >= 1, "give a whole number of at least 1")
}

pub(crate) fn positive(name: &'static str, value: f64) -> Result<()> {
    require(name, value, value.is_finite() && value > 0.0, "give a positive number")
}

pub(crate) fn not_negative(name: &'static str, value: f64) -> Result<()> {
    require(name, value, value.is_finite() && value >= 0.0, "give 0 or a positive number")
}

pub(crate) fn share(name: &'static str, value: f64) -> Result<()> {
    require(name, value, (0.0..=1.0).contains(&value), "give a share from 0 to 1")
}
