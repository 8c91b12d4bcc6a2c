//! Deep clustering of single-cell RNA-seq on any GPU or CPU.
//!
//! This crate gathers the parts under one name: [`data`] (AnnData, sparse counts, files),
//! [`preprocess`], [`core`] (modules on Burn), [`cluster`] (clusters of any embedding, without
//! Burn), [`models`], [`metrics`] and [`markers`] (marker genes, cell types, label transfer).
//! [`results`] writes the results of a model into the user's data.
//!
//! ```
//! use morula::prelude::*;
//! use morula::preprocess::{SimulateParams, simulate};
//!
//! let simulated = simulate(&SimulateParams { cells: 120, genes: 300, types: 3, ..Default::default() })?;
//! let device = DeviceChoice::Cpu.resolve()?;
//! let model = JojoScl::params(3).epochs(2).fit(&simulated.counts, &device.device)?;
//! let prediction = model.predict(&simulated.counts)?;
//! assert_eq!(prediction.labels.len(), prediction.kept_cells.len());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub use morula_cluster as cluster;
pub use morula_core as core;
pub use morula_data as data;
pub use morula_markers as markers;
pub use morula_metrics as metrics;
pub use morula_models as models;
pub use morula_preprocess as preprocess;
#[cfg(feature = "report")]
pub use morula_report as report;

pub mod results;

/// The pages for developers; their code is tested.
#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../../docs/developers.md")]
    struct Developers;
    #[doc = include_str!("../../README.md")]
    struct Readme;
}

/// What most programs need.
pub mod prelude {
    pub use crate::results::{Denoised, additions, umap_additions};
    pub use morula_data::{
        Additions, AnnData, CountMatrix, CsrMatrix, DenseMatrix, read_counts, write_h5ad_with,
    };
    pub use morula_markers::{MarkerLists, MarkersParams, TransferParams, rank_genes_groups};
    pub use morula_models::{
        AnyParams, Checkpoint, ClusterModel, Device, DeviceChoice, EpochRecord, FitOptions,
        JojoScl, JojoSclModel, JojoSclParams, MODELS, ModelKind, ModelParams, NClusters,
        NamedDevice, Prediction, ScSiameseClu, ScSiameseCluModel, ScSiameseCluParams,
    };
}
