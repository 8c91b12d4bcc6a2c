//! Shrinkage of cells towards their cluster's centre, with Stein's unbiased risk estimate (SURE).
//!
//! A hierarchical Bayesian model of the embeddings, per cluster k:
//!
//! ```text
//! z_i | theta_i ~ N(theta_i, sigma_k^2 I)     what the encoder says of a cell
//! theta_i       ~ N(mu_k, tau_k^2 I)          where the cell truly is
//!
//! theta_hat_i = (1 - b_k) z_i + b_k mu_k      posterior mean
//! SURE_k = n_k P sigma_k^2 + b_k^2 S_k - 2 nu_k P sigma_k^2 b_k
//! b*_k   = min(1, nu_k P sigma_k^2 / S_k)     its minimiser over tau_k^2 >= 0
//! risk   = sum_k SURE_k / B
//! ```
//!
//! SURE_k estimates E sum_i ||theta_hat_i - theta_i||^2 without knowing theta. At b* its gradient
//! with respect to z_i is 2 b*^2 (z_i - mu_k), whether b* is detached or not: lowering the risk
//! draws each cell to its centre, the more so the less the cells of a cluster truly differ.
//!
//! With soft memberships theta_hat_i = z_i - sum_k r_ik b_k (z_i - mu_k), and the risk is
//! sum_ik r_ik SURE_ik / B, the memberships held fixed.
//!
//! | symbol | meaning | in the code |
//! | --- | --- | --- |
//! | B, P, K | cells of the batch, dimensions, clusters | `n_cells`, `n_dims`, `n_clusters` |
//! | z_i | embedding of cell i, one noisy view | `z`, \[B, P\] |
//! | z_i^a, z_i^b | two views of one cell | `z` and `replicate` |
//! | r_ik | membership of cell i in cluster k | [`Memberships`], `weights`, \[B, K\] |
//! | n_k | sum_i r_ik, the cluster's size N | `size` |
//! | h_ik | r_ik / n_k: the cell's share in its own centre; 0 for a fixed centre | |
//! | nu_k | sum_i r_ik (1 - h_ik): N - 1 (group mean) or N (fixed) | `freedom` = nu_k P |
//! | mu_k | centre | `centres`, [`Centre`] |
//! | S_k | sum_i r_ik \|\|z_i - mu_k\|\|^2 | `scatter` |
//! | D_ik | divergence of z_i - mu_k, P (1 - h_ik) | `divergence` |
//! | sigma_k^2 | noise variance per dimension | `sigma2`, [`Variance`] |
//! | tau_k^2 | variance per dimension of the true cells around mu_k | `tau2` |
//! | b_k | weight of the centre | `b`, [`Shrinkage`] |
//! | theta_hat_i | shrunk embedding | `theta_hat` |
//!
//! Sources: Stein, Annals of Statistics 9 (1981); James and Stein (1961); Xie, Kou and Brown, JASA
//! 107 (2012); JojoSCL, arXiv 2506.00410.

mod clusters;
mod input;
mod memberships;
mod risk;
mod sure;
mod variance;
mod warmup;
mod weight;

pub use input::SureInput;
pub use memberships::Memberships;
pub use risk::{posterior_weight, stein_risk};
pub use sure::{Centre, SureOutput, SureShrinkage, SureShrinkageConfig};
pub use variance::{Estimate, Variance};
pub use warmup::Warmup;
pub use weight::Shrinkage;
