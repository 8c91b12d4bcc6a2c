//! Siamese fusion: attention, correlation refinement, propagation regularisation (METHODS 3.4).
//!
//! Two encoders see every cell, one its expression and one the cell graph, in two views each.
//! [`cell_correlation_loss`] and [`latent_correlation_loss`] make the views agree cell by cell and
//! dimension by dimension, [`propagation_jsd`] keeps propagation from smoothing cells together,
//! and [`Fusion`] joins both embeddings, with [`attention`] over all cells. Nothing is n x n.
//!
//! Source: scSiameseClu, IJCAI 2025, arXiv 2505.12626.

mod attention;
mod correlation;
mod fusion;
mod propagation;

pub use attention::attention;
pub use correlation::{cell_correlation_loss, latent_correlation_loss};
pub use fusion::{Fusion, FusionConfig, Keys};
pub use propagation::propagation_jsd;
