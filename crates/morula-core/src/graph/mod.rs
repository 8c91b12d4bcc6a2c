//! The cell graph: sparse propagation with gradients, graph convolution, perturbation, diffusion
//! (sections [3.1], [3.2], [3.3] and [3.5]; scSiameseClu, IJCAI 2025).
//!
//! On the host, a [`Graph`] lists the neighbours of each cell. On the device, its normalised
//! adjacency is a [`SparseTensor`]:
//!
//! ```text
//! S = D^-1/2 (A + I) D^-1/2,   D = diag(degree + 1)
//! ```
//!
//! Every module here is built on one operation: the product of S with a dense matrix, forward and
//! backward. No matrix of size n x n is formed.
//!
//! The two augmented views of the graph are [`Propagator`]s:
//!
//! | view | operator | made by |
//! | --- | --- | --- |
//! | A_r | S of the graph without its least similar edges | [`Graph::drop_dissimilar`], [`Graph::propagation`] |
//! | A_d | personalised PageRank, alpha (I - (1 - alpha) S)^-1 | [`Diffusion`] |
//!
//! A [`Gcn`] encodes or decodes along either view; [`StructureLoss`] compares its embeddings with
//! S.
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use morula_core::graph::{GcnConfig, Graph, Propagator};
//!
//! let device = Device::flex();
//! let graph = Graph::from_edges(4, [(0, 1), (1, 2)])?;
//! let propagator = Propagator::Adjacency(graph.propagation(&device));
//! let encoder = GcnConfig::new(vec![5, 8, 2]).init(&device)?;
//! let layers = encoder.forward(&propagator, Tensor::ones([4, 5], &device));
//! assert_eq!(layers[0].dims(), [4, 8]);
//! assert_eq!(layers[1].dims(), [4, 2]);
//! # Ok::<(), morula_core::CoreError>(())
//! ```
//!
//! [3.1]: https://github.com/morula-bio/morula/blob/main/docs/models/scsiameseclu.md#3-1
//! [3.2]: https://github.com/morula-bio/morula/blob/main/docs/models/scsiameseclu.md#3-2
//! [3.3]: https://github.com/morula-bio/morula/blob/main/docs/models/scsiameseclu.md#3-3
//! [3.5]: https://github.com/morula-bio/morula/blob/main/docs/models/scsiameseclu.md#3-5

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
