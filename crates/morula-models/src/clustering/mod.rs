//! Clusters of an embedding: on the device during training, on the host afterwards.

mod centroid_classifier;
mod classifier;
mod cluster_method;
mod kmeans;

pub(crate) use centroid_classifier::CentroidClassifier;
pub(crate) use classifier::{Classified, Classifier, SavedClassifier, VOTERS, Wanted, no_tree};
pub use cluster_method::ClusterMethod;
pub use kmeans::{KMeans, KMeansConfig, KMeansFit, lloyd, nearest};

/// What is read from the device.
const PROBABILITIES: &str = "the probabilities";
