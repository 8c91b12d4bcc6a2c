//! The cell graph: sparse propagation with gradients, graph convolution, perturbation, diffusion
//! (METHODS 3.1 to 3.3, 3.5; scSiameseClu, IJCAI 2025).
//!
//! On the host a [`Graph`] says which cells are neighbours. On the device its normalised
//! adjacency is a [`SparseTensor`],
//!
//! ```text
//! S = D^-1/2 (A + I) D^-1/2,   D = diag(degree + 1)
//! ```
//!
//! whose product with a dense matrix, forward and backward, is the one operation that everything
//! here is made of. Nothing of size n x n is ever formed.
//!
//! The two augmented views of the graph are [`Propagator`]s:
//!
//! | view | operator | made by |
//! | --- | --- | --- |
//! | A_r | S of the graph without its least similar edges | [`Graph::drop_dissimilar`], [`Graph::propagation`] |
//! | A_d | personalised PageRank, alpha (I - (1 - alpha) S)^-1 | [`Diffusion`] |
//!
//! A [`Gcn`] encodes or decodes along either; [`StructureLoss`] compares what it finds with S.

mod adjacency;
mod convolution;
mod diffusion;
mod pairs;
mod perturbation;
mod propagator;
mod sparse;
mod spmm;
mod structure;

pub use adjacency::Graph;
pub use convolution::{Gcn, GcnConfig, GraphConv, GraphConvConfig};
pub use diffusion::{Diffusion, DiffusionConfig, DiffusionScheme};
pub use pairs::StructureSample;
pub use propagator::Propagator;
pub use sparse::SparseTensor;
pub use structure::StructureLoss;
