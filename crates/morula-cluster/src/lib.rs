//! Clusters of cells, from any embedding or graph, without a neural network.
//!
//! [`ClusterParams::fit`] takes an embedding and gives labels, probabilities, stability and a
//! classifier for new cells. Each part also works alone: [`leiden()`], [`communities()`],
//! [`mean_graph`], [`ward`], [`average_linkage`], [`kmeans()`], [`KnnClassifier`], and the
//! [`representations`] of expression that the models add to their embedding.
//!
//! Points are the rows of a [`DenseMatrix`](morula_data::DenseMatrix), cells x dimensions. Graphs
//! are symmetric [`CsrMatrix`](morula_data::CsrMatrix) of weights, such as
//! [`Neighbors::connectivities`](morula_preprocess::Neighbors::connectivities) and
//! [`Neighbors::fuzzy_connectivities`](morula_preprocess::Neighbors::fuzzy_connectivities).
//! [`Similarity`] names the clusters of one run after those of another.
//! Clusters are numbered by falling size. The same seed gives the same result on any number of
//! threads. No function here takes a label.

mod cluster;
mod communities;
mod error;
pub mod evidence;
mod graph;
mod hierarchy;
mod kmeans;
mod knn_classifier;
mod labels;
mod leiden;
mod matching;
mod n_clusters;
pub mod random;
pub mod representations;
mod tree;

pub use cluster::{ClusterParams, Clustering};
pub use communities::{Communities, communities};
pub use error::{ClusterError, Result};
pub use graph::mean_graph;
pub use hierarchy::{average_linkage, ward};
pub use kmeans::{KMeansParams, kmeans};
pub use knn_classifier::{Classes, KnnClassifier, KnnSizes};
pub use labels::{number_by_cells, ranks};
pub use leiden::{LeidenParams, leiden, leiden_for_k};
pub use matching::{ClusterMatch, Similarity};
pub use n_clusters::{NClusters, largest_possible};
pub use tree::{ClusterTree, Level, Merge};

/// The crate's page, whose example is tested.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
