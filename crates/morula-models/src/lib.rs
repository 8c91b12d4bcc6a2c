//! The clustering models of Morula.
//!
//! Every model follows one order: parameters with a builder, [`check`](JojoSclParams::check),
//! [`fit`](JojoSclParams::fit) on a [`CountMatrix`](morula_data::CountMatrix) of raw counts, then a
//! model that implements [`ClusterModel`]. A program that offers every model uses [`MODELS`]. No
//! function here takes a label.

// A training step does not wait for the device (clippy.toml).
#![cfg_attr(not(test), deny(clippy::disallowed_methods))]

pub mod clustering;
mod device;
mod error;
#[macro_use]
mod model;
mod model_kind;
#[macro_use]
mod params;
mod jojoscl;
mod registry;
mod saved;
mod scsiameseclu;
mod settings;
mod training;
mod views;

pub use clustering::ClusterMethod;
pub use device::{DeviceChoice, NamedDevice, devices};
pub use error::{ModelError, Result};
pub use jojoscl::{
    Embedding, Input as JojoSclInput, JojoScl, JojoSclEncoder, JojoSclModel, JojoSclParams,
    JojoSclValidParams,
};
pub use model::{ClusterModel, Description, Prediction};
pub use model_kind::{Ablation, AnyParams, ModelKind};
pub use params::{Checked, Checkpoint, FitOptions, ModelParams};
pub use registry::MODELS;
pub use saved::check_replaceable;
pub use scsiameseclu::{
    ScSiameseClu, ScSiameseCluModel, ScSiameseCluParams, ScSiameseCluValidParams,
};
pub use training::{EpochRecord, Observer};
pub use views::{Views, ViewsModel, ViewsParams, ViewsValidParams};

pub use burn::tensor::Device;
pub use morula_cluster::NClusters;

/// The crate's page, whose example is tested.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
