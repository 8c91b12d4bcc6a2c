//! Both models from counts to clusters, on the CPU. One program, so that Burn is linked once.

mod batches;
mod checkpoints;
mod common;
mod few_cells;
mod integrity;
mod jojoscl;
mod noise;
mod registry;
mod scsiameseclu;
