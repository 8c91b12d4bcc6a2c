//! Backend-generic deep-learning modules for single-cell clustering, on Burn.
//!
//! Modules follow Burn's order: a `Config`, `init`, `forward` with its `# Shapes`. They know
//! tensors only: no files, no cell or gene names, no labels. The backend is chosen at run time
//! through [`burn::tensor::Device`].

// A training step does not wait for the device (clippy.toml).
#![cfg_attr(not(test), deny(clippy::disallowed_methods))]

pub mod activation;
mod augment;
mod component_encoder;
pub mod contrastive;
mod encoder;
mod error;
#[cfg(feature = "flex")]
mod fast_math;
pub mod graph;
pub mod init;
pub mod ops;
pub mod shrinkage;
pub mod siamese;
pub mod special;
pub mod transport;
pub mod zinb;

pub use augment::{ExpressionAugmentation, ExpressionAugmentationConfig, MultiplicativeNoise};
pub use component_encoder::{ComponentEncoder, ComponentEncoderConfig, linear};
pub use encoder::{Encoder, EncoderConfig};
pub use error::{CoreError, Result};

/// The crate's page, whose example is tested.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
