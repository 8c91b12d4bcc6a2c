//! Deep clustering of single-cell RNA-seq on any GPU or CPU.
pub use morula_data as data;
