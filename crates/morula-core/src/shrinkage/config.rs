//! Configuration of the shrinkage.

use burn::config::Config;

use super::variance::{Estimate, Variance};
use super::weight::Shrinkage;

/// The point that cells are shrunk towards.
#[derive(Config, Debug, Copy, PartialEq, Eq)]
pub enum Centre {
    /// The cluster's (weighted) mean in the batch; a cell has a share h_ik in its own centre.
    GroupMean,
    /// Given centres, kept across steps.
    Fixed,
}

/// Configuration of [`SureShrinkage`](super::SureShrinkage).
#[derive(Config, Debug, Copy, PartialEq, Eq)]
pub struct SureShrinkageConfig {
    /// The source of sigma^2.
    #[config(default = "Variance::Replicates")]
    pub variance: Variance,
    /// With `Variance::Replicates`: one sigma^2 per cluster instead of one for the batch.
    #[config(default = false)]
    pub per_cluster: bool,
    /// What is shrunk when a cell has two views.
    #[config(default = "Estimate::FirstView")]
    pub estimate: Estimate,
    /// The point that cells are shrunk towards.
    #[config(default = "Centre::GroupMean")]
    pub centre: Centre,
    /// How b follows from sigma^2.
    #[config(default = "Shrinkage::Sure")]
    pub shrinkage: Shrinkage,
    /// Whether sigma^2, tau^2 and b have no gradient; z and mu of the risk always have one.
    ///
    /// With a gradient, training can also lower the risk by making the noise look small, which is
    /// not the purpose of the term. At the optimal b, the gradient for a given sigma^2 is the same.
    #[config(default = true)]
    pub detach: bool,
}
