//! What every fitted clustering model offers.

use std::path::{Path, PathBuf};

use burn::tensor::{Device, Tensor};
use morula_data::CountMatrix;
use morula_preprocess::{RecipeParams, Report};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::cluster::Granularity;
use crate::{EpochRecord, Matrix, NClusters, Observer, Result, folder};

/// Name of the model saved in a folder: the [`ClusterModel::NAME`] that can
/// [load](ClusterModel::load) it.
///
/// # Errors
/// When there is no saved model, or its description is damaged.
pub fn saved_model_name(target: &Path) -> Result<String> {
    folder::model_name(target)
}

/// What a model says of a set of cells.
#[derive(Debug, Clone)]
pub struct Prediction {
    /// Positions, in the input, of the cells that passed the filter; the other fields follow it.
    pub kept_cells: Vec<usize>,
    /// Cluster of each cell, below the number of clusters.
    pub labels: Vec<usize>,
    /// Probability of every cluster, cells x clusters; rows sum to 1.
    pub proba: Matrix,
    /// Embedding, cells x dimensions.
    pub latent: Matrix,
    /// What preprocessing filtered, missed and ignored.
    pub report: Report,
}

impl Prediction {
    /// Takes probabilities `[n, K]` and reads the embedding `[n, d]` back from the device; the
    /// label of a cell is its likeliest cluster.
    pub(crate) fn read(
        proba: Matrix,
        latent: Tensor<2>,
        kept_cells: Vec<usize>,
        report: Report,
    ) -> Result<Self> {
        Ok(Self {
            kept_cells,
            labels: proba.argmax(),
            proba,
            latent: Matrix::read(latent, "the embedding")?,
            report,
        })
    }

    /// Probability of the cluster each cell was given: the confidence, from 1 / K to 1.
    pub fn confidence(&self) -> Vec<f32> {
        self.labels.iter().enumerate().map(|(i, &k)| self.proba.row(i)[k]).collect()
    }
}

/// A fitted clustering model.
pub trait ClusterModel: Sized {
    /// Name used for output columns, files and the command line.
    const NAME: &'static str;

    /// Number of clusters.
    fn n_clusters(&self) -> usize;

    /// How the number of clusters came about; `None` from a head that only takes a number.
    fn granularity(&self) -> Option<&Granularity>;

    /// Clusters, probabilities and embedding of the cells the model was fitted on; `None` after
    /// loading, since a saved model does not keep them.
    fn fitted(&self) -> Option<&Prediction>;

    /// Clusters, probabilities and embedding of new cells, genes matched by name.
    ///
    /// # Errors
    /// When too few of the model's genes are there, or no cell passes the filter; when the model
    /// knows [batches](Self::batches) and these cells have none. A batch that it does not know is
    /// no error.
    fn predict(&self, counts: &CountMatrix) -> Result<Prediction>;

    /// Batches between which it takes differences out; empty where it knows of none.
    fn batches(&self) -> &[String];

    /// Losses of every epoch.
    fn history(&self) -> &[EpochRecord];

    /// Writes the model to a folder, replacing a model already there only when complete.
    ///
    /// # Errors
    /// When a file cannot be written.
    fn save(&self, folder: &Path) -> Result<()>;

    /// Reads a model from a folder.
    ///
    /// # Errors
    /// When a file is missing, damaged or of another model or version.
    fn load(folder: &Path, device: &Device) -> Result<Self>;

    /// Cluster probabilities of new cells, cells that passed the filter x clusters.
    ///
    /// # Errors
    /// As [`predict`](Self::predict).
    fn predict_proba(&self, counts: &CountMatrix) -> Result<Matrix> {
        Ok(self.predict(counts)?.proba)
    }

    /// Embedding of new cells, cells that passed the filter x dimensions.
    ///
    /// # Errors
    /// As [`predict`](Self::predict).
    fn latent(&self, counts: &CountMatrix) -> Result<Matrix> {
        Ok(self.predict(counts)?.latent)
    }
}

/// Parameters of a clustering model: what a program that offers several models asks of each.
pub trait ModelParams: Clone + Default + Serialize + DeserializeOwned {
    /// The model that they make.
    type Model: ClusterModel;

    /// The authors' own settings.
    fn published(n_clusters: NClusters) -> Self;

    /// Number of clusters.
    fn n_clusters(&self) -> NClusters;

    /// Sets the number of clusters.
    fn set_n_clusters(&mut self, n_clusters: NClusters);

    /// Sets the seed of everything random.
    fn set_seed(&mut self, seed: u64);

    /// Sets the epochs of the main stage.
    fn set_epochs(&mut self, epochs: usize);

    /// Parameters of the preprocessing.
    fn recipe(&self) -> &RecipeParams;

    /// Checks every parameter.
    ///
    /// # Errors
    /// Naming the first one out of range and what is allowed.
    fn checked(self) -> Result<Self>;

    /// Checks the parameters and fits a model to raw counts.
    ///
    /// # Errors
    /// As [`checked`](Self::checked); when preprocessing leaves nothing, with more clusters than
    /// cells, when a loss is no longer finite, or when the observer breaks off.
    fn fit_with(
        self,
        counts: &CountMatrix,
        device: &Device,
        options: FitOptions<'_>,
    ) -> Result<Self::Model>;
}

/// What goes with a fit besides the parameters.
#[derive(Default)]
pub struct FitOptions<'a> {
    /// Told of every epoch; may stop the fit.
    pub observer: Option<&'a mut dyn Observer>,
    /// Where to keep the state of training.
    pub checkpoint: Option<Checkpoint>,
}

/// Where and how often the state of training is kept.
#[derive(Debug, Clone)]
pub struct Checkpoint {
    /// The folder; created when missing.
    pub folder: PathBuf,
    /// Epochs between two checkpoints.
    pub every: usize,
    /// Start from the state in the folder, if there is one.
    pub resume: bool,
}
