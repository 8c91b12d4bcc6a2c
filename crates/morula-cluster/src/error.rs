//! Errors of clustering.

use std::path::PathBuf;

/// Result of this crate.
pub type Result<T> = std::result::Result<T, ClusterError>;

/// Errors of clustering.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClusterError {
    /// A parameter outside its range.
    #[error("parameter {name} = {value} is not allowed: {expected}")]
    Parameter {
        /// Name of the parameter.
        name: &'static str,
        /// Its value.
        value: String,
        /// The allowed values.
        expected: &'static str,
    },
    /// Points that cannot be put into that many clusters.
    #[error("the embedding of {n_cells} cells cannot be put into {n_clusters} clusters: {why}")]
    Points {
        /// Number of points.
        n_cells: usize,
        /// Number of clusters.
        n_clusters: usize,
        /// The reason.
        why: &'static str,
    },
    /// More clusters than there can be.
    #[error(
        "{n_asked} clusters requested, but at most {n_possible} can all have cells; \
         request at most {n_possible}"
    )]
    TooManyClusters {
        /// Number of clusters requested.
        n_asked: usize,
        /// The largest number of clusters that all have cells.
        n_possible: usize,
    },
    /// Views of different sets of cells.
    #[error("views of {found:?} cells: give at least one, all of the same cells")]
    Views {
        /// Cells of each view.
        found: Vec<usize>,
    },
    /// A file of a saved classifier cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The reason that the system gives.
        source: std::io::Error,
    },
    /// A saved classifier is damaged or of another kind.
    #[error("{path}: not a usable classifier: {why}")]
    Saved {
        /// The file.
        path: PathBuf,
        /// What is wrong with the file.
        why: String,
    },
    /// A table cannot be made.
    #[error(transparent)]
    Data(Box<morula_data::DataError>),
    /// Neighbours, components or batch correction refused their input.
    #[error(transparent)]
    Preprocess(#[from] morula_preprocess::PreprocessError),
}

impl From<morula_data::DataError> for ClusterError {
    fn from(error: morula_data::DataError) -> Self {
        Self::Data(Box::new(error))
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
        false => Err(ClusterError::Parameter { name, value: value.to_string(), expected }),
    }
}
