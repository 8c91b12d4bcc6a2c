//! Layers, losses and algorithms on every device that is compiled in. One program, so that kernels
//! are compiled once.

#[path = "../common/mod.rs"]
mod common;
mod contrastive;
mod graph;
mod siamese;
