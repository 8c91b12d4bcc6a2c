//! Errors of subclustering.

use morula_data::DataError;
use morula_models::ModelError;

/// Errors of [`Subclusters`](super::Subclusters).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SubclusterError {
    /// The name of no cluster.
    #[error("no cluster {name:?} in {column}; there are: {}", known.join(", "))]
    UnknownCluster {
        /// The name.
        name: String,
        /// The column of the clusters.
        column: String,
        /// The clusters that have cells.
        known: Vec<String>,
    },
    /// A cluster that has been split before.
    #[error(
        "cluster {name:?} of {column} is split already, into {}; name one of these, or take the \
         column from before the split",
        parts.join(", ")
    )]
    AlreadySplit {
        /// The name.
        name: String,
        /// The column of the clusters.
        column: String,
        /// Its parts.
        parts: Vec<String>,
    },
    /// A cluster that is too small to be divided.
    #[error(
        "cluster {name:?} has {n_cells} cells, and {least} are the fewest that can be divided; name a \
         larger cluster, or ask for fewer parts"
    )]
    TooFewCells {
        /// The name.
        name: String,
        /// Its number of cells.
        n_cells: usize,
        /// The fewest cells.
        least: usize,
    },
    /// Counts of other cells.
    #[error("there are labels of {labels} cells and counts of {counts}; give both for all cells")]
    OtherCells {
        /// Number of cells with labels.
        labels: usize,
        /// Number of cells with counts.
        counts: usize,
    },
    /// An entry of uns that describes no fit of a model.
    #[error(
        "uns[{name:?}] describes no fit of a model ({why}); cluster the cells first, or say which model \
         to fit"
    )]
    NoFit {
        /// The name of the entry.
        name: String,
        /// What is missing or wrong.
        why: String,
    },
    /// A name for results that is taken.
    #[error("{what} is there already and holds no subclusters; give the results another name")]
    Taken {
        /// The part of the data.
        what: String,
    },
    /// Earlier parts of other clusters.
    #[error(
        "{parts} does not hold parts of the clusters of {clusters}; say which column to divide \
         (groupby), or give the results another name"
    )]
    OtherClusters {
        /// The column with the parts.
        parts: String,
        /// The column with the clusters.
        clusters: String,
    },
    /// The fit of a cluster failed.
    #[error("cluster {name:?}: {source}")]
    Fit {
        /// The name.
        name: String,
        /// The reason.
        source: Box<ModelError>,
    },
    /// The data cannot be used.
    #[error(transparent)]
    Data(Box<DataError>),
}

impl From<DataError> for SubclusterError {
    fn from(error: DataError) -> Self {
        Self::Data(Box::new(error))
    }
}
