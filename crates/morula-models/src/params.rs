//! The interface of the parameters of every model.

use std::path::PathBuf;

use burn::tensor::Device;
use morula_data::CountMatrix;
use morula_preprocess::RecipeParams;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{ClusterModel, ModelError, NClusters, Observer, Result};

/// Parameters of a clustering model.
pub trait ModelParams: Clone + Default + Serialize + DeserializeOwned + 'static {
    /// Name of the model in output columns, files and on the command line.
    const NAME: &'static str;

    /// The fitted model.
    type Model: ClusterModel;

    /// The authors' own settings; `None` for a method that has not been published.
    fn published(n_clusters: NClusters) -> Option<Self>;

    /// Number of clusters.
    fn n_clusters(&self) -> NClusters;

    /// Sets the number of clusters.
    fn set_n_clusters(&mut self, n_clusters: NClusters);

    /// Sets the seed of all random numbers.
    fn set_seed(&mut self, seed: u64);

    /// Sets the number of epochs of the main stage.
    fn set_epochs(&mut self, epochs: usize);

    /// Parameters of the preprocessing.
    fn recipe(&self) -> &RecipeParams;

    /// Checks every parameter.
    ///
    /// # Errors
    /// [`ModelError::Parameter`] naming the first parameter out of range and the allowed values.
    fn checked(self) -> Result<Self>;

    /// Checks the parameters and fits a model to raw counts.
    ///
    /// # Errors
    /// As [`checked`](Self::checked); when preprocessing leaves no cells or genes; with more
    /// clusters than cells; when a loss is not finite; [`ModelError::Interrupted`] when the
    /// observer stops the fit.
    fn fit_with(
        self,
        counts: &CountMatrix,
        device: &Device,
        options: FitOptions<'_>,
    ) -> Result<Self::Model>;
}

/// Options of a fit besides the parameters.
#[derive(Default)]
pub struct FitOptions<'a> {
    /// Called after every epoch; may stop the fit.
    pub observer: Option<&'a mut dyn Observer>,
    /// Where to write the state of training.
    pub checkpoint: Option<Checkpoint>,
}

/// Where and how often the state of training is written.
#[derive(Debug, Clone)]
pub struct Checkpoint {
    /// The folder, created when missing.
    pub folder: PathBuf,
    /// Epochs between two checkpoints.
    pub every: usize,
    /// Whether to start from a checkpoint in the folder, if one exists.
    pub resume: bool,
}

/// Parameters that passed their check.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked<P>(P);

impl<P> Checked<P> {
    /// Marks parameters as checked; a check calls it at its end.
    pub(crate) fn new(params: P) -> Self {
        Self(params)
    }

    /// The parameters.
    pub fn params(&self) -> &P {
        &self.0
    }

    /// The parameters, to change and check them again.
    pub fn into_params(self) -> P {
        self.0
    }
}

impl<P: ModelParams> Checked<P> {
    /// Fits the model to raw counts. It takes no labels, so none can leak.
    ///
    /// # Errors
    /// As [`ModelParams::fit_with`].
    pub fn fit(&self, counts: &CountMatrix, device: &Device) -> Result<P::Model> {
        self.fit_with(counts, device, FitOptions::default())
    }

    /// [`fit`](Self::fit) with an observer, and with a checkpoint folder to write to or resume
    /// from.
    ///
    /// # Errors
    /// As [`ModelParams::fit_with`].
    pub fn fit_with(
        &self,
        counts: &CountMatrix,
        device: &Device,
        options: FitOptions<'_>,
    ) -> Result<P::Model> {
        self.0.clone().fit_with(counts, device, options)
    }
}

/// Generates consuming setters: `params.epochs(30).seed(1)`.
macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident: $ty:ty),* $(,)?) => {
        $($(#[$doc])* #[must_use] pub fn $name(mut self, $name: $ty) -> Self { self.$name = $name; self })*
    };
}

/// Implements [`ModelParams`] and `fit` from the fields that the parameters of every model have, a
/// `check`, and a function that fits.
macro_rules! model_params {
    ($params:ty, $model:ty, $fit:path) => {
        impl $params {
            /// Checks the parameters and fits.
            ///
            /// # Errors
            /// As [`ModelParams::fit_with`](crate::ModelParams::fit_with).
            pub fn fit(
                self,
                counts: &morula_data::CountMatrix,
                device: &burn::tensor::Device,
            ) -> $crate::Result<$model> {
                $crate::ModelParams::fit_with(self, counts, device, Default::default())
            }
        }

        impl $crate::ModelParams for $params {
            const NAME: &'static str = NAME;

            type Model = $model;

            fn published(n_clusters: $crate::NClusters) -> Option<Self> {
                Some(<$params>::published(n_clusters))
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
                if let Some(checkpoint) = &options.checkpoint {
                    $crate::check_replaceable(&checkpoint.folder.join(NAME))?;
                }
                let params = self.check()?;
                $crate::params::enough_cells(params.params().n_clusters, counts.n_obs())?;
                $fit(params.params(), counts, device, options)
            }
        }
    };
}

/// Refuses more clusters than cells, before memory is taken for either.
pub(crate) fn enough_cells(n_clusters: crate::NClusters, n_cells: usize) -> Result<()> {
    match n_clusters.given() {
        Some(n_clusters) if n_clusters > n_cells => {
            Err(ModelError::TooFewCells { n_cells, n_clusters })
        }
        _ => Ok(()),
    }
}

/// Refuses a parameter unless `ok`. The error names the parameter, its value and the allowed
/// values.
pub(crate) fn require(
    name: &'static str,
    value: impl ToString,
    ok: bool,
    expected: &'static str,
) -> Result<()> {
    match ok {
        true => Ok(()),
        false => Err(ModelError::Parameter { name, value: value.to_string(), expected }),
    }
}

pub(crate) fn at_least_one(name: &'static str, value: usize) -> Result<()> {
    require(name, value, value >= 1, "give a whole number of at least 1")
}

/// Widest layer of a network: far more than any needs, and a matrix of it fits into memory.
pub(crate) const MAX_WIDTH: usize = 1 << 16;

pub(crate) fn width(name: &'static str, value: usize) -> Result<()> {
    let fits = (1..=MAX_WIDTH).contains(&value);
    require(name, value, fits, "give a whole number from 1 to 65536")
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
