//! Sparse single-cell preprocessing for Morula: filtering, normalisation, variable genes, PCA, neighbours, simulation.

mod error;
mod filter;
mod hvg;
mod log1p;
mod neighbors;
mod normalize;
mod pca;
mod qc;
mod recipe;
mod rows;
mod scale;
mod simulate;

pub use error::{PreprocessError, Result};
pub use filter::{filter_cells, filter_genes};
pub use hvg::{
    HighlyVariable, HvgFlavor, HvgParams, highly_variable_genes, highly_variable_genes_by_batch,
};
pub use log1p::log1p;
pub use neighbors::{Neighbors, kneighbors, neighbors};
pub use normalize::{TargetSum, normalize_total};
pub use pca::{Pca, PcaParams, pca, pca_dense};
pub use qc::{QcMetrics, calculate_qc_metrics};
pub use recipe::{Prepared, Recipe, RecipeParams, Report};
pub use scale::{Scaler, scale};
pub use simulate::{SimulateParams, Simulated, simulate};
