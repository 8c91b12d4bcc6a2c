//! What can go wrong in a report.

use std::path::PathBuf;

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
    /// The data holds no run of the model.
    #[error(
        "there is no {part}; a report needs a file that `morula cluster --model {model}` has written"
    )]
    NoRun {
        /// The part looked for, such as `obs["jojoscl"]`.
        part: String,
        /// The model whose run was asked for.
        model: String,
    },
    /// A part of the run that does not fit the others.
    #[error("{what}: expected {expected}, found {found}")]
    Shape {
        /// The part.
        what: String,
        /// What the other parts ask for.
        expected: String,
        /// What it has.
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
        /// The reason given.
        why: String,
    },
    /// A folder that holds something else than a report.
    #[error(
        "{}: this folder holds {found}, which is not of a report, and writing a report replaces \
         the folder; give another folder", folder.display()
    )]
    Occupied {
        /// The folder.
        folder: PathBuf,
        /// Name of a file in it.
        found: String,
    },
    /// The operating system refused.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// The reason given.
        source: std::io::Error,
    },
    /// An error of the data containers.
    #[error(transparent)]
    Data(#[from] DataError),
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
