//! What can go wrong while clustering.

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
        /// The value given.
        value: String,
        /// What is allowed.
        expected: &'static str,
    },
    /// Points that cannot be clustered.
    #[error("the embedding of {n_cells} cells cannot be put into {n_clusters} clusters: {why}")]
    Points {
        /// Points given.
        n_cells: usize,
        /// Clusters asked for.
        n_clusters: usize,
        /// What is wrong with them.
        why: &'static str,
    },
    /// More clusters than there can be.
    #[error(
        "{n_asked} clusters asked for, but not more than {n_possible} can all have cells; \
         ask for at most {n_possible}"
    )]
    TooManyClusters {
        /// Clusters asked for.
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
        /// The system's word.
        source: std::io::Error,
    },
    /// A saved classifier is damaged or of another kind.
    #[error("{path}: not a usable classifier: {why}")]
    Saved {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Neighbours, components or batch correction refused their input.
    #[error(transparent)]
    Preprocess(#[from] morula_preprocess::PreprocessError),
}

/// Passes when `ok`, else names the parameter, its value and what is allowed.
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
