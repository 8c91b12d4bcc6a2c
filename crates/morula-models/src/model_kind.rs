//! The kind of a model, for programs that offer every model.

use std::fmt;
use std::path::Path;

use burn::tensor::Device;
use morula_data::CountMatrix;
use morula_preprocess::RecipeParams;
use serde_json::Value;

use crate::{ClusterModel, FitOptions, ModelParams, NClusters, Result};

/// A model by its name, for programs that offer every model.
#[derive(Debug, Clone, Copy)]
pub struct ModelKind {
    /// Name in output columns, files and on the command line.
    pub name: &'static str,
    /// Name in text.
    pub title: &'static str,
    /// The method in a few words.
    pub about: &'static str,
    /// Whether a network is trained: then there are epochs, and checkpoints of them.
    pub trained: bool,
    /// Whether training has several stages.
    pub staged: bool,
    /// Whether it gives denoised counts.
    pub denoises: bool,
    /// Ablations: changes of its parameters that remove a part of the method.
    pub ablations: &'static [Ablation],
    defaults: fn() -> Box<dyn AnyParams>,
    published: fn(NClusters) -> Option<Box<dyn AnyParams>>,
    read: fn(Value) -> serde_json::Result<Box<dyn AnyParams>>,
    load: fn(&Path, &Device) -> Result<Box<dyn ClusterModel>>,
}

/// An ablation: a part of a method that can be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ablation {
    /// The part removed or changed.
    pub name: &'static str,
    /// The parameters that remove it, as in a configuration file.
    pub toml: &'static str,
}

/// [`ModelParams`] of a model that is chosen when the program runs.
pub trait AnyParams {
    /// As [`ModelParams::n_clusters`].
    fn n_clusters(&self) -> NClusters;

    /// As [`ModelParams::set_n_clusters`].
    fn set_n_clusters(&mut self, n_clusters: NClusters);

    /// As [`ModelParams::set_seed`].
    fn set_seed(&mut self, seed: u64);

    /// As [`ModelParams::set_epochs`].
    fn set_epochs(&mut self, epochs: usize);

    /// As [`ModelParams::recipe`].
    fn recipe(&self) -> &RecipeParams;

    /// The parameters by name, as in a configuration file.
    fn to_value(&self) -> Value;

    /// As [`ModelParams::checked`].
    ///
    /// # Errors
    /// As [`ModelParams::checked`].
    fn checked(self: Box<Self>) -> Result<Box<dyn AnyParams>>;

    /// As [`ModelParams::fit_with`].
    ///
    /// # Errors
    /// As [`ModelParams::fit_with`].
    fn fit_with(
        self: Box<Self>,
        counts: &CountMatrix,
        device: &Device,
        options: FitOptions<'_>,
    ) -> Result<Box<dyn ClusterModel>>;
}

impl<P: ModelParams> AnyParams for P
where
    P::Model: 'static,
{
    fn n_clusters(&self) -> NClusters {
        ModelParams::n_clusters(self)
    }

    fn set_n_clusters(&mut self, n_clusters: NClusters) {
        ModelParams::set_n_clusters(self, n_clusters);
    }

    fn set_seed(&mut self, seed: u64) {
        ModelParams::set_seed(self, seed);
    }

    fn set_epochs(&mut self, epochs: usize) {
        ModelParams::set_epochs(self, epochs);
    }

    fn recipe(&self) -> &RecipeParams {
        ModelParams::recipe(self)
    }

    fn to_value(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    fn checked(self: Box<Self>) -> Result<Box<dyn AnyParams>> {
        Ok(Box::new(ModelParams::checked(*self)?))
    }

    fn fit_with(
        self: Box<Self>,
        counts: &CountMatrix,
        device: &Device,
        options: FitOptions<'_>,
    ) -> Result<Box<dyn ClusterModel>> {
        Ok(Box::new(ModelParams::fit_with(*self, counts, device, options)?))
    }
}

impl ModelKind {
    /// The entry of a model, without stages, denoised counts or ablations.
    pub(crate) const fn of<P: ModelParams>(title: &'static str, about: &'static str) -> Self
    where
        P::Model: 'static,
    {
        Self {
            name: P::NAME,
            title,
            about,
            trained: true,
            staged: false,
            denoises: false,
            ablations: &[],
            defaults: || Box::new(P::default()),
            published: |n_clusters| Some(Box::new(P::published(n_clusters)?)),
            read: |value| Ok(Box::new(serde_json::from_value::<P>(value)?)),
            load: |folder, device| Ok(Box::new(P::Model::load(folder, device)?)),
        }
    }

    /// Sets whether training has stages, and whether the model gives denoised counts.
    pub(crate) const fn with(mut self, staged: bool, denoises: bool) -> Self {
        (self.staged, self.denoises) = (staged, denoises);
        self
    }

    /// Marks a model without a network.
    pub(crate) const fn untrained(mut self) -> Self {
        self.trained = false;
        self
    }

    /// Sets the ablations.
    pub(crate) const fn with_ablations(mut self, ablations: &'static [Ablation]) -> Self {
        self.ablations = ablations;
        self
    }

    /// Our default parameters.
    pub fn defaults(&self) -> Box<dyn AnyParams> {
        (self.defaults)()
    }

    /// The authors' own settings; `None` for a method that has not been published.
    pub fn published(&self) -> Option<Box<dyn AnyParams>> {
        (self.published)(self.defaults().n_clusters())
    }

    /// Parameters from values by name; every name must be present.
    ///
    /// # Errors
    /// The error names the value of the wrong kind, or the unknown name.
    pub fn read(&self, values: Value) -> serde_json::Result<Box<dyn AnyParams>> {
        (self.read)(values)
    }

    /// Reads a saved model of this kind.
    ///
    /// # Errors
    /// As [`ClusterModel::load`].
    pub fn load(&self, folder: &Path, device: &Device) -> Result<Box<dyn ClusterModel>> {
        (self.load)(folder, device)
    }
}

impl PartialEq for ModelKind {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for ModelKind {}

impl fmt::Display for ModelKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
