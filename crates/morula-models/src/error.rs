//! What can go wrong while fitting, applying, saving or loading a model.

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
        /// The value given.
        value: String,
        /// What is allowed.
        expected: &'static str,
    },
    /// More clusters than cells.
    #[error(
        "{n_clusters} clusters asked for, but only {n_cells} cells are left after filtering; \
         ask for fewer"
    )]
    TooFewCells {
        /// Cells left.
        n_cells: usize,
        /// Clusters asked for.
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
        /// The learning rate given.
        learning_rate: f64,
    },
    /// The observer asked to stop.
    #[error("interrupted after epoch {epoch} of {epochs}{}", saved(.checkpoint))]
    Interrupted {
        /// Epochs done.
        epoch: usize,
        /// Epochs asked for.
        epochs: usize,
        /// Where the state was left, if anywhere.
        checkpoint: Option<PathBuf>,
    },
    /// The embedding cannot be clustered.
    #[error("the embedding of {n_cells} cells cannot be put into {n_clusters} clusters: {why}")]
    Clustering {
        /// Cells embedded.
        n_cells: usize,
        /// Clusters asked for.
        n_clusters: usize,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A tensor that the device cannot hold in one piece.
    #[error(
        "{what} ({} x {} numbers, {} MB) does not fit into a buffer of this device, which holds \
         {} MB at most; use the cpu, or {remedy}",
        .shape[0], .shape[1], .bytes / 1_000_000, .limit / 1_000_000
    )]
    TooLarge {
        /// What it holds.
        what: &'static str,
        /// Rows and columns.
        shape: [usize; 2],
        /// Its size in bytes.
        bytes: u64,
        /// Bytes of the largest buffer.
        limit: u64,
        /// What makes it smaller.
        remedy: &'static str,
    },
    /// No such device, or it does not answer.
    #[error("device {asked}: {why}")]
    Device {
        /// What was asked for.
        asked: String,
        /// Why it cannot be had, and what to do.
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
        /// What is wrong with it.
        why: String,
    },
    /// A checkpoint of other data, other parameters or another model.
    #[error(
        "{path}: this checkpoint is not of this run: {differs}; resume with the data and parameters \
         it was written with, give another checkpoint folder, or begin anew without resume"
    )]
    OtherRun {
        /// Its description.
        path: PathBuf,
        /// What is different.
        differs: String,
    },
    /// No model has that name.
    #[error("the model {name:?} is not known here; there are: {known}")]
    UnknownModel {
        /// The name.
        name: String,
        /// The names of the models.
        known: String,
    },
    /// A setting that parameters cannot have.
    #[error("{0}")]
    Setting(String),
    /// The clustering refused its input.
    #[error(transparent)]
    Cluster(#[from] morula_cluster::ClusterError),
    /// A folder cannot be written.
    #[error(transparent)]
    Data(#[from] morula_data::DataError),
    /// A module refused its input.
    #[error(transparent)]
    Core(#[from] morula_core::CoreError),
    /// The preprocessing refused its input.
    #[error(transparent)]
    Preprocess(#[from] morula_preprocess::PreprocessError),
}

fn saved(checkpoint: &Option<PathBuf>) -> String {
    match checkpoint {
        Some(path) => format!("; the state is in {}, continue with resume", path.display()),
        None => "; no checkpoint folder was given, so nothing was kept".into(),
    }
}
