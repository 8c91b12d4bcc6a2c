//! Deep clustering of single-cell RNA-seq on any GPU or CPU.
//!
//! This crate gathers the parts under one name: [`data`] (AnnData, sparse counts, files),
//! [`preprocess`], [`core`] (modules on Burn), [`models`] and [`metrics`].

pub use morula_core as core;
pub use morula_data as data;
pub use morula_metrics as metrics;
pub use morula_models as models;
pub use morula_preprocess as preprocess;

/// What most programs need.
pub mod prelude {
    pub use morula_data::{CountMatrix, CsrMatrix};
    pub use morula_models::{
        Checkpoint, ClusterModel, Device, DeviceChoice, EpochRecord, FitOptions, JojoScl,
        JojoSclModel, JojoSclParams, Prediction,
    };
}
