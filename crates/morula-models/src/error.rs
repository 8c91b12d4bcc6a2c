//! Errors of fitting, applying, saving and loading a model.

use std::path::PathBuf;

/// Result of this crate.
pub type Result<T> = std::result::Result<T, ModelError>;

/// Errors of the models.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// A parameter outside its range.
    #[error("parameter {name} = {value} is not allowed: {expected}")]
    Parameter {
        /// Name of the parameter, as in the configuration file.
        name: &'static str,
        /// Its value.
        value: String,
        /// The allowed values.
        expected: &'static str,
    },
    /// More clusters than cells.
    #[error(
        "{n_clusters} clusters requested, but only {n_cells} cells are left after filtering; \
         request fewer"
    )]
    TooFewCells {
        /// Number of cells left.
        n_cells: usize,
        /// Number of clusters requested.
        n_clusters: usize,
    },
    /// A loss became NaN or infinite.
    #[error(
        "training stopped: the {term} loss was {value} in epoch {epoch}, batch {batch}; \
         lower learning_rate ({learning_rate}) or the weight of that term"
    )]
    NotFinite {
        /// Epoch, from 1.
        epoch: usize,
        /// Batch within the epoch, from 1.
        batch: usize,
        /// Name of the term.
        term: &'static str,
        /// Its value.
        value: f32,
        /// The learning rate of the parameters.
        learning_rate: f64,
    },
    /// The observer stopped the fit.
    #[error("interrupted after epoch {epoch} of {epochs}{}", saved(.checkpoint))]
    Interrupted {
        /// Epochs done.
        epoch: usize,
        /// Epochs requested.
        epochs: usize,
        /// The checkpoint folder with the state, if one was given.
        checkpoint: Option<PathBuf>,
    },
    /// The embedding cannot be clustered.
    #[error("the embedding of {n_cells} cells cannot be put into {n_clusters} clusters: {why}")]
    Clustering {
        /// Number of cells.
        n_cells: usize,
        /// Number of clusters.
        n_clusters: usize,
        /// The reason.
        why: &'static str,
    },
    /// A tensor that the device cannot hold in one piece.
    #[error(
        "{what} ({} x {} numbers, {} MB) does not fit into a buffer of this device, which holds \
         {} MB at most; use the cpu, or {remedy}",
        .shape[0], .shape[1], .bytes / 1_000_000, .limit / 1_000_000
    )]
    TooLarge {
        /// What the tensor holds.
        what: &'static str,
        /// Rows and columns.
        shape: [usize; 2],
        /// Its size in bytes.
        bytes: u64,
        /// Bytes of the largest buffer.
        limit: u64,
        /// How to make it smaller.
        remedy: &'static str,
    },
    /// The device does not exist or does not answer.
    #[error("device {asked}: {why}")]
    Device {
        /// The device that was requested.
        asked: String,
        /// The reason, and what to do.
        why: String,
    },
    /// Reading back from the device failed.
    #[error("reading {what} back from the device failed: {why}")]
    Read {
        /// What was read.
        what: &'static str,
        /// The reason that the backend gives.
        why: String,
    },
    /// A file of a saved model or checkpoint cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The reason that the system gives.
        source: std::io::Error,
    },
    /// A saved model or checkpoint is damaged or of another kind.
    #[error("{path}: not a usable model or checkpoint: {why}")]
    Saved {
        /// The file.
        path: PathBuf,
        /// What is wrong with the file.
        why: String,
    },
    /// A checkpoint of other data, other parameters or another model.
    #[error(
        "{path}: this checkpoint belongs to another run: {differs}; resume with the data and \
         parameters it was written with, give another checkpoint folder, or start again without \
         resume"
    )]
    OtherRun {
        /// The file that describes the checkpoint.
        path: PathBuf,
        /// The difference.
        differs: String,
    },
    /// The name of no model.
    #[error("unknown model {name:?}; the models are: {known}")]
    UnknownModel {
        /// The name.
        name: String,
        /// The names of the models.
        known: String,
    },
    /// A value that a parameter cannot have.
    #[error("{0}")]
    Setting(String),
    /// The clustering refused its input.
    #[error(transparent)]
    Cluster(Box<morula_cluster::ClusterError>),
    /// A folder cannot be written.
    #[error(transparent)]
    Data(Box<morula_data::DataError>),
    /// A module refused its input.
    #[error(transparent)]
    Core(Box<morula_core::CoreError>),
    /// The preprocessing refused its input.
    #[error(transparent)]
    Preprocess(Box<morula_preprocess::PreprocessError>),
}

/// The wrapped errors are boxed, so that a result stays small.
macro_rules! boxed {
    ($($variant:ident: $error:ty),* $(,)?) => {
        $(impl From<$error> for ModelError {
            fn from(error: $error) -> Self {
                Self::$variant(Box::new(error))
            }
        })*
    };
}

boxed! {
    Cluster: morula_cluster::ClusterError,
    Data: morula_data::DataError,
    Core: morula_core::CoreError,
    Preprocess: morula_preprocess::PreprocessError,
}

fn saved(checkpoint: &Option<PathBuf>) -> String {
    match checkpoint {
        Some(path) => format!("; the state is in {}, continue with resume", path.display()),
        None => "; no checkpoint folder was given, so the state is lost".into(),
    }
}

impl ModelError {
    /// Whether the system refused to read or write.
    pub(crate) fn is_io(&self) -> bool {
        match self {
            Self::Io { .. } => true,
            Self::Data(error) => matches!(error.cause(), morula_data::DataError::Io { .. }),
            Self::Cluster(error) => matches!(**error, morula_cluster::ClusterError::Io { .. }),
            _ => false,
        }
    }
}
