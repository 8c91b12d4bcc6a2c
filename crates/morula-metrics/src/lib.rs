//! Clustering scores for Morula: agreement with true labels, and internal quality.
//!
//! - Agreement with the truth: [`evaluate`] computes every score as an [`Evaluation`];
//!   [`Contingency`] has one method per score.
//! - Internal quality, without a truth: [`LabelledPoints`] computes silhouette, Calinski-Harabasz
//!   and Davies-Bouldin on an embedding.
//!
//! Labels are slices of any ordered type: numbers, strings, your own enum. Only the groups of cells
//! with equal labels matter, not the names or the order of labels. Conventions are scikit-learn's,
//! also in degenerate cases, except that an input without cells is an error.
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

mod error;
mod evaluation;
mod external;
mod internal;
mod labels;

pub use error::{MetricsError, Result};
pub use evaluation::{Evaluation, evaluate};
pub use external::{Contingency, Matching, Overlap};
pub use internal::LabelledPoints;
pub use labels::encode_labels;

/// The crate's page, whose example is tested.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
