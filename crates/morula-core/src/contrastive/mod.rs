//! Contrastive learning on two views of the same cells.
//!
//! ```
//! use burn::tensor::{Device, Distribution, Tensor};
//! use morula_core::contrastive::{InstanceContrastiveLossConfig, ProjectionHeadConfig};
//!
//! let device = Device::flex();
//! let head = ProjectionHeadConfig::new(16).init(&device);
//! let loss = InstanceContrastiveLossConfig::new().init();
//! let cells = || Tensor::<2>::random([8, 16], Distribution::Normal(0.0, 1.0), &device);
//! let (z, other) = (head.forward(cells()), head.forward(cells()));
//! assert_eq!(z.dims(), [8, 192]);
//! let [same, different] = [z.clone(), other].map(|view| loss.forward(z.clone(), view));
//! assert!(same.into_scalar::<f32>() < different.into_scalar::<f32>());
//! ```

mod cluster;
mod heads;
mod instance;
mod momentum;

pub use cluster::{ClusterContrastiveLoss, ClusterContrastiveLossConfig, ClusterContrastiveOutput};
pub use heads::{ClusterHead, ClusterHeadConfig, ProjectionHead, ProjectionHeadConfig};
pub use instance::{InstanceContrastiveLoss, InstanceContrastiveLossConfig};
pub use momentum::momentum_update;
