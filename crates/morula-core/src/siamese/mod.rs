//! Siamese fusion: attention, correlation refinement, propagation regularisation (section [3.4]).
//!
//! Two encoders embed every cell, one from its expression and one from the cell graph, in two views
//! each. [`cell_correlation_loss`] and [`latent_correlation_loss`] make the views agree cell by
//! cell and dimension by dimension. [`propagation_jsd`] keeps propagation from making all cells
//! alike. [`Fusion`] joins both embeddings, with [`attention`] over all cells. No matrix is n x n.
//!
//! ```
//! use burn::tensor::{Device, Distribution, Tensor};
//! use morula_core::siamese::{FusionConfig, Keys};
//!
//! let device = Device::flex();
//! let fusion = FusionConfig::new(4).init(&device);
//! let z = Tensor::<2>::random([6, 4], Distribution::Normal(0.0, 1.0), &device);
//! let fused = fusion.forward(z.clone(), z.clone(), |z| z, Keys::All);
//! assert_eq!(fused.dims(), [6, 4]);
//! // Before training, the attention's gate is 0 and the fusion is the mean of both embeddings.
//! assert_eq!(fused.into_data(), z.into_data());
//! ```
//!
//! Source: scSiameseClu, IJCAI 2025, arXiv 2505.12626.
//!
//! [3.4]: https://github.com/morula-bio/morula/blob/main/docs/models/scsiameseclu.md#3-4

mod attention;
mod correlation;
mod fusion;
mod propagation;

pub use attention::attention;
pub use correlation::{cell_correlation_loss, latent_correlation_loss};
pub use fusion::{Fusion, FusionConfig, Keys};
pub use propagation::propagation_jsd;
