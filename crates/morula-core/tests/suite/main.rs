//! Modules, losses and algorithms on the CPU: reference values, gradients, invariants, edge cases.
//! One program, so that Burn is linked once.

#[path = "../common/mod.rs"]
mod common;

mod golden_contrastive;
mod golden_shrinkage;
mod graph_convolution;
mod graph_diffusion;
mod graph_host;
mod graph_perturbation;
mod graph_sparse;
mod graph_structure;
mod shrinkage_gradients;
mod shrinkage_properties;
mod siamese_attention;
mod siamese_fusion;
mod siamese_golden;
mod siamese_losses;
mod transport_golden;
mod transport_plan;
mod zinb_autoencoder;
mod zinb_golden;
mod zinb_loss;
