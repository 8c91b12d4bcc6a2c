//! The clustering models of Morula.
//!
//! Every model follows one order: parameters with a builder, [`check`](JojoSclParams::check),
//! [`fit`](JojoSclParams::fit) on a [`CountMatrix`](morula_data::CountMatrix) of raw counts, then
//! a model that implements [`ClusterModel`]. No function here takes a label.

// A training step does not wait for the device (clippy.toml).
#![cfg_attr(not(test), deny(clippy::disallowed_methods))]

mod assignment;
mod batches;
mod capacity;
#[macro_use]
mod check;
pub mod cluster;
mod correction;
mod device;
mod error;
mod expression;
mod fingerprint;
mod fitting;
mod folder;
mod head;
mod jojoscl;
mod linkage;
mod matrix;
mod model;
mod n_clusters;
mod origin;
mod posterior;
mod progress;
mod rng;
#[cfg(test)]
mod same_start;
mod scsiameseclu;
mod start;
mod terms;
mod views;
mod votes;
#[cfg(test)]
mod waits;
mod weights;

pub use device::{DeviceChoice, NamedDevice, devices};
pub use error::{ModelError, Result};
pub use head::Head;
pub use jojoscl::{Embedding, JojoScl, JojoSclModel, JojoSclParams, JojoSclValidParams};
pub use matrix::Matrix;
pub use model::{Checkpoint, ClusterModel, FitOptions, ModelParams, Prediction, saved_model_name};
pub use n_clusters::NClusters;
pub use progress::{EpochRecord, Observer};
pub use scsiameseclu::{
    ScSiameseClu, ScSiameseCluModel, ScSiameseCluParams, ScSiameseCluValidParams,
};

pub use burn::tensor::Device;

use matrix::read;

/// The crate's page, whose example is tested.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
