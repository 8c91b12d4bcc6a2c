//! The steps after clustering: marker genes, cell types, agreement with known types, and label
//! transfer to new cells.
//!
//! - [`rank_genes_groups`] ranks the genes of every group, with scanpy's definitions and numbers;
//!   [`Markers::to_uns`] converts them to scanpy's layout. [`rank_genes_versus`] compares with one
//!   other group, [`conserved_markers`] batch by batch; [`pseudobulk`] sums counts for tests between
//!   samples.
//! - [`annotate`] assigns clusters the cell types of [`MarkerLists`].
//! - [`marker_agreement`] compares the markers of clusters and of known types.
//! - [`correlate_profiles`] compares the clusters of two samples.
//! - [`LabelTransfer`] learns labels on an embedding and predicts those of new cells.
//!
//! ```
//! use morula_data::Categorical;
//! use morula_markers::{AnnotateParams, MarkerLists, MarkersParams, annotate};
//! use morula_preprocess::{SimulateParams, TargetSum, log1p, normalize_total, simulate};
//!
//! let params = SimulateParams { cells: 150, genes: 300, types: 3, ..Default::default() };
//! let simulated = simulate(&params)?;
//! let clusters = simulated.types.iter().map(|&t| Some(simulated.type_names[t].as_str()));
//! let clusters = Categorical::from_labels(clusters);
//! let genes = simulated.counts.var_names();
//! let mut x = simulated.counts.x().clone();
//! normalize_total(&mut x, TargetSum::Median)?;
//! log1p(&mut x);
//!
//! let markers = MarkersParams::default().run(&x, &clusters)?;
//! let best = markers.groups()[0].top(1).next().unwrap();
//! assert!(simulated.markers[0].contains(&best.gene) && best.pval_adj < 1e-6);
//!
//! let lists = simulated.markers.iter().zip(["alpha", "beta", "delta"]);
//! let lists = lists.flat_map(|(js, t)| js.iter().map(move |&j| (t, &*genes[j])));
//! let lists = MarkerLists::new(lists)?;
//! let annotation = annotate(&markers, genes, &lists, &AnnotateParams::default())?;
//! let types: Vec<Option<usize>> = annotation.clusters.iter().map(|c| c.cell_type).collect();
//! assert_eq!(types, [Some(0), Some(1), Some(2)]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod agreement;
mod annotate;
mod conserved;
mod error;
mod groups;
mod lists;
mod profiles;
mod pseudobulk;
mod rank;
mod transfer;

pub use agreement::{
    Agreement, AgreementParams, ClusterAgreement, TypeAgreement, marker_agreement,
};
pub use annotate::{AnnotateParams, Annotation, ClusterType, annotate};
pub use conserved::{ConservedGroup, ConservedMarker, FEWEST_CELLS, conserved_markers};
pub use error::{MarkersError, Result};
pub use lists::{ListFilter, MarkerLists};
pub use profiles::{ProfileCorrelations, Profiled, correlate_profiles};
pub use pseudobulk::{Pseudobulk, pseudobulk};
pub use rank::{
    GroupMarkers, Marker, Markers, MarkersParams, rank_genes_groups, rank_genes_valid,
    rank_genes_versus,
};
pub use transfer::{LabelTransfer, TransferParams, Transferred};

/// The crate's page, whose example is tested.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
