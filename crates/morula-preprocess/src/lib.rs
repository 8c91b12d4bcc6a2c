//! Sparse single-cell preprocessing for Morula: quality control, filtering, normalisation, variable
//! genes, PCA, neighbours, simulation.
//!
//! Functions have the names and the behaviour of scanpy's, on sparse matrices throughout. Results
//! are the same for any number of threads.
//!
//! ```
//! use morula_preprocess::{PcaParams, RecipeParams, SimulateParams};
//! use morula_preprocess::{neighbors, pca_offset, simulate};
//!
//! let simulated = simulate(&SimulateParams { cells: 200, genes: 300, ..Default::default() })?;
//! let (recipe, prepared) = RecipeParams::default().fit(&simulated.counts)?;
//! let pca = pca_offset(&prepared.scaled(), &PcaParams { n_comps: 20, seed: 0 })?;
//! let graph = neighbors(&pca.scores, pca.n_comps, 15)?.connectivities();
//! assert_eq!(graph.n_rows(), 200);
//!
//! // New cells use the same genes, size factors, means and deviations.
//! let new = recipe.transform(&simulated.counts)?;
//! assert_eq!(new.scaled(), prepared.scaled());
//! # Ok::<(), morula_preprocess::PreprocessError>(())
//! ```

mod connectivities;
mod error;
mod fast_math;
mod filter;
mod harmony;
mod hvg;
mod log1p;
mod neighbors;
mod normalize;
mod offset_rows;
mod pca;
mod qc;
mod recipe;
mod residuals;
mod rows;
mod scale;
mod simulate;
pub mod thinning;
mod umap;

pub use error::{PreprocessError, Result};
pub use filter::{filter_cells, filter_genes};
pub use harmony::{Harmony, HarmonyParams};
pub use hvg::{
    HighlyVariable, HvgFlavor, HvgParams, highly_variable_genes, highly_variable_genes_by_batch,
};
pub use log1p::log1p;
pub use neighbors::{
    MAX_EXACT, Neighbors, exact_neighbors, kneighbors, neighbors, neighbors_of_other_batches,
};
pub use normalize::{TargetSum, normalize_total};
pub use offset_rows::OffsetRows;
pub use pca::{Pca, PcaParams, pca, pca_dense, pca_offset};
pub use qc::{
    Bounds, DoubletParams, DoubletRate, Doublets, GeneSet, QcMetrics, QcParams, Quality,
    SampleQuality, SetCounts, TOP_GENES, calculate_qc_metrics, quality_control, score_doublets,
};
pub use recipe::{FilterReport, Prepared, Recipe, RecipeParams};
pub use residuals::ResidualPca;
pub use scale::{Scaler, scale};
pub use simulate::{SimulateParams, Simulated, simulate};
pub use umap::{UmapParams, umap, umap_layout};

/// The crate's page, whose example is tested.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
