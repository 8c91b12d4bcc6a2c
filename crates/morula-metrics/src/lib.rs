//! Scores for Morula: agreement of clusters with true labels, internal quality, and embeddings.
//!
//! - Agreement with the truth: [`evaluate`] computes every score as an [`Evaluation`];
//!   [`Contingency`] has one method per score.
//! - Internal quality, without a truth: [`LabelledPoints`] computes silhouette, Calinski-Harabasz
//!   and Davies-Bouldin on an embedding.
//! - Embeddings, before any clustering: [`KnnGraph`] computes kNN accuracy and F1, iLISI, cLISI and
//!   graph connectivity from nearest neighbours; [`silhouette_batch`] is the batch ASW.
//!
//! Labels are slices of any ordered type: numbers, strings, your own enum. Only the groups of cells
//! with equal labels matter, not the names or the order of labels. Conventions are scikit-learn's
//! and, for batches, scib-metrics', also in degenerate cases, except that an input without cells is
//! an error.
//!
//! ```
//! use morula_metrics::{Contingency, evaluate};
//!
//! let types = ["T", "T", "B", "B", "NK"];
//! let clusters = [0, 0, 1, 1, 1];
//!
//! let scores = evaluate(&types, &clusters)?;
//! assert_eq!(scores.acc, 0.8);
//! assert!(scores.ari < 1.0);
//!
//! let table = Contingency::new(&types, &clusters)?;
//! assert_eq!(table.homogeneity(), scores.homogeneity);
//! # Ok::<(), morula_metrics::MetricsError>(())
//! ```

mod embedding;
mod error;
mod evaluation;
mod external;
mod internal;
mod labels;

pub use embedding::{KnnGraph, KnnScores, silhouette_batch};
pub use error::{MetricsError, NeighborProblem, Result};
pub use evaluation::{Evaluation, evaluate};
pub use external::{Contingency, Matching, Overlap};
pub use internal::LabelledPoints;
pub use labels::encode_labels;

/// The crate's page, whose example is tested.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
