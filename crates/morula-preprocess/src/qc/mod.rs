//! Quality control: metrics, outliers and doublets.

mod doublets;
mod gene_sets;
mod metrics;
mod outliers;
mod quality;

pub use doublets::{DoubletParams, DoubletRate, Doublets, score_doublets};
pub use gene_sets::GeneSet;
pub use metrics::{QcMetrics, SetCounts, TOP_GENES, calculate_qc_metrics};
pub use outliers::Bounds;
pub use quality::{QcParams, Quality, SampleQuality, quality_control};
