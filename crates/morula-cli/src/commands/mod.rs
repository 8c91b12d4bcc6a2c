//! The subcommands, one file each.

pub mod agreement;
pub mod annotate;
pub mod benchmark;
pub mod cluster;
pub mod cut;
pub mod devices;
pub mod evaluate;
pub mod inspect;
pub mod markers;
pub mod match_names;
pub mod predict;
pub mod qc;
pub mod report;
pub mod simulate;
pub mod subcluster;
pub mod transfer;
