//! The interface of every fitted clustering model.

use std::path::Path;

use burn::tensor::Device;
use morula_cluster::{Classes, ClusterTree, Level};
use morula_data::{CountMatrix, DenseMatrix};
use morula_preprocess::{FilterReport, Neighbors, Recipe};
use serde::Serialize;
use serde_json::Value;

use crate::{EpochRecord, Result};

/// The result of a model for a set of cells.
#[derive(Debug, Clone)]
pub struct Prediction {
    /// Positions, in the input, of the cells that passed the filter. The other fields are in this
    /// order.
    pub kept_cells: Vec<usize>,
    /// Cluster of each cell, below the number of clusters.
    pub labels: Vec<usize>,
    /// Probability of every cluster, cells x clusters; rows sum to 1.
    pub proba: DenseMatrix,
    /// Embedding, cells x dimensions.
    pub latent: DenseMatrix,
    /// Nearest cells in the embedding by direction, for a layout. Only for the cells of a fit by
    /// communities.
    pub neighbors: Option<Neighbors>,
    /// Leaf of [`ClusterModel::tree`] of each cell. `None` from a model without a tree.
    pub leaves: Option<Vec<usize>>,
    /// Report of the preprocessing: cells filtered, genes missing and genes ignored.
    pub report: FilterReport,
}

impl Prediction {
    /// Takes the likeliest cluster of every cell as its label.
    pub(crate) fn new(
        Classes { proba, leaves }: Classes,
        latent: DenseMatrix,
        kept_cells: Vec<usize>,
        report: FilterReport,
    ) -> Self {
        let labels = proba.argmax();
        Self { kept_cells, labels, proba, latent, neighbors: None, leaves, report }
    }

    /// Number of clusters; some may have none of these cells.
    pub fn n_clusters(&self) -> usize {
        self.proba.n_cols()
    }

    /// Confidence: the probability of the cluster of each cell, from 1 / K to 1.
    pub fn confidence(&self) -> Vec<f32> {
        self.labels.iter().enumerate().map(|(i, &k)| self.proba.row(i)[k]).collect()
    }
}

/// Description of a fitted model, stored beside its results.
#[derive(Debug, Clone, PartialEq)]
pub struct Description {
    /// Parameters by name, as in a configuration file.
    pub parameters: Value,
    /// Seed of all random numbers.
    pub seed: u64,
    /// Quantities with one value per cluster, by name.
    pub per_cluster: Vec<(&'static str, Vec<f64>)>,
}

impl Description {
    pub(crate) fn of(
        params: &impl Serialize,
        seed: u64,
        per_cluster: Vec<(&'static str, Vec<f64>)>,
    ) -> Self {
        Self { parameters: serde_json::to_value(params).unwrap_or_default(), seed, per_cluster }
    }
}

/// Implements the methods of [`ClusterModel`] that return a field of every model.
macro_rules! model_fields {
    () => {
        fn name(&self) -> &'static str {
            NAME
        }

        fn tree(&self) -> Option<&ClusterTree> {
            self.tree.as_ref()
        }

        fn fitted(&self) -> Option<&Prediction> {
            self.fitted.as_ref()
        }

        fn recipe(&self) -> &Recipe {
            &self.recipe
        }

        fn history(&self) -> &[EpochRecord] {
            &self.history
        }
    };
}

/// A fitted clustering model. It may move to another thread.
pub trait ClusterModel: std::fmt::Debug + Send {
    /// Name in output columns, files and on the command line.
    fn name(&self) -> &'static str;

    /// Number of clusters.
    fn n_clusters(&self) -> usize;

    /// The clusters, the communities within them, and how they join; `None` from another cluster
    /// method than `communities`.
    fn tree(&self) -> Option<&ClusterTree>;

    /// Clusters, probabilities and embedding of the cells of the fit. `None` after loading: a saved
    /// model does not keep them.
    fn fitted(&self) -> Option<&Prediction>;

    /// The fitted preprocessing.
    fn recipe(&self) -> &Recipe;

    /// Losses of every epoch; none from a model without training.
    fn history(&self) -> &[EpochRecord];

    /// Parameters, seed and values per cluster.
    fn describe(&self) -> Description;

    /// Clusters, probabilities and embedding of new cells. Genes are matched by name.
    ///
    /// # Errors
    /// When too few of the model's genes are present, or no cell passes the filter; when the model
    /// knows [batches](Self::batches) and these cells have none. An unknown batch is no error.
    fn predict(&self, counts: &CountMatrix) -> Result<Prediction>;

    /// Writes the model to a folder. A model already there is replaced only when the new one is
    /// complete.
    ///
    /// # Errors
    /// When a file cannot be written.
    fn save(&self, folder: &Path) -> Result<()>;

    /// Reads a model from a folder.
    ///
    /// # Errors
    /// When a file is missing, damaged or of another model or version.
    fn load(folder: &Path, device: &Device) -> Result<Self>
    where
        Self: Sized;

    /// The model with another cut of its [tree](Self::tree) as its clusters, without training. It is
    /// used and saved like any model. It does not keep the [cells of the fit](Self::fitted):
    /// [`ClusterTree::cut`] says which group their [leaves](Prediction::leaves) are in.
    ///
    /// # Errors
    /// For a model without a tree; as [`ClusterTree::cut`].
    fn cut(&self, level: Level) -> Result<Box<dyn ClusterModel>>;

    /// Denoised counts of cells with that embedding, cells x the [selected
    /// genes](Recipe::selected_genes). `None` from a model without a decoder of counts.
    ///
    /// # Errors
    /// When the embedding has another width, or the device fails.
    fn denoised(&self, _latent: &DenseMatrix) -> Result<Option<DenseMatrix>> {
        Ok(None)
    }

    /// Batches that it corrects for; empty without batches. Then batches of new cells change nothing
    /// ([`FilterReport::ignored_batches`]).
    fn batches(&self) -> &[String] {
        self.recipe().batches()
    }

    /// Cluster probabilities of new cells, cells that passed the filter x clusters.
    ///
    /// # Errors
    /// As [`predict`](Self::predict).
    fn predict_proba(&self, counts: &CountMatrix) -> Result<DenseMatrix> {
        Ok(self.predict(counts)?.proba)
    }

    /// Embedding of new cells, cells that passed the filter x dimensions.
    ///
    /// # Errors
    /// As [`predict`](Self::predict).
    fn latent(&self, counts: &CountMatrix) -> Result<DenseMatrix> {
        Ok(self.predict(counts)?.latent)
    }
}
