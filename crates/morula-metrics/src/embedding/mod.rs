//! Scores of an embedding against labels and batches, without clustering it.

mod connectivity;
mod knn_graph;
mod label_totals;
mod lisi;
mod silhouette_batch;
mod votes;

pub use knn_graph::KnnGraph;
pub use silhouette_batch::silhouette_batch;
pub use votes::KnnScores;
