//! Errors of this crate. Each message says what is wrong and how to fix it.

use std::path::PathBuf;

use morula_cluster::ClusterError;
use morula_data::DataError;
use morula_markers::MarkersError;
use morula_metrics::MetricsError;
use morula_preprocess::PreprocessError;

/// Result of this crate.
pub type Result<T> = std::result::Result<T, ReportError>;

/// Errors of reports.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// The data has no run of the model.
    #[error(
        "there is no {part}; a report needs a file that `morula cluster --model {model}` has written"
    )]
    NoRun {
        /// The missing part, such as `obs["jojoscl"]`.
        part: String,
        /// The requested model.
        model: String,
    },
    /// A part of the run does not match the other parts.
    #[error("{what}: expected {expected}, found {found}")]
    Shape {
        /// The part.
        what: String,
        /// The size that the other parts require.
        expected: String,
        /// Its size.
        found: String,
    },
    /// No cell has a cluster.
    #[error("no cell has a cluster; there is nothing to show")]
    NoCells,
    /// A picture that could not be drawn.
    #[error("cannot draw {figure}: {why}")]
    Draw {
        /// Name of the picture.
        figure: String,
        /// The reason.
        why: String,
    },
    /// The operating system returned an error.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// The attempted action, as a verb.
        action: &'static str,
        /// The path of the action.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
    /// An error of the data containers.
    #[error(transparent)]
    Data(#[from] DataError),
    /// An error of the tree of clusters.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// An error of normalisation or of the layout.
    #[error(transparent)]
    Preprocess(#[from] PreprocessError),
    /// An error of the marker genes.
    #[error(transparent)]
    Markers(#[from] MarkersError),
    /// An error of the scores.
    #[error(transparent)]
    Metrics(#[from] MetricsError),
}
