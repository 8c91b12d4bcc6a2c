//! Shrinkage of cells towards their cluster's centre, with Stein's unbiased risk estimate (SURE).
//!
//! A hierarchical Bayesian model of the embeddings, per cluster k:
//!
//! ```text
//! z_i | theta_i ~ N(theta_i, sigma_k^2 I)     embedding of a cell
//! theta_i       ~ N(mu_k, tau_k^2 I)          true position of the cell
//!
//! theta_hat_i = (1 - b_k) z_i + b_k mu_k      posterior mean
//! SURE_k = n_k P sigma_k^2 + b_k^2 S_k - 2 nu_k P sigma_k^2 b_k
//! b*_k   = min(1, nu_k P sigma_k^2 / S_k)     its minimiser over tau_k^2 >= 0
//! risk   = sum_k SURE_k / B
//! ```
//!
//! SURE_k estimates E sum_i ||theta_hat_i - theta_i||^2 without knowing theta. At b* its gradient
//! with respect to z_i is 2 b*^2 (z_i - mu_k), whether b* is detached or not. Lowering the risk
//! therefore moves each cell towards its centre, most where the cells of a cluster truly differ
//! least.
//!
//! With soft memberships theta_hat_i = z_i - sum_k r_ik b_k (z_i - mu_k), and the risk is
//! sum_ik r_ik SURE_ik / B. The memberships have no gradient.
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
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use morula_core::shrinkage::{Memberships, SureInput, SureShrinkageConfig};
//!
//! let device = Device::flex();
//! let z = Tensor::<2>::from_data([[0.0, 0.0], [2.0, 0.0], [5.0, 5.0], [5.0, 7.0]], &device);
//! let labels = Tensor::from_ints([0, 0, 1, 1], &device);
//! let input = SureInput::new(z.clone(), Memberships::hard(labels, 2));
//! let input = input.with_replicate(z.add_scalar(0.1)); // a second view of the same cells
//! let output = SureShrinkageConfig::new().init()?.forward(input)?;
//! assert_eq!(output.theta_hat.dims(), [4, 2]);
//! assert_eq!(output.risk.dims(), [1]);
//! let b = output.b.try_into_vec_as::<f32>().unwrap();
//! assert!(b.iter().all(|b| (0.0..=1.0).contains(b)));
//! # Ok::<(), morula_core::CoreError>(())
//! ```

mod clusters;
mod config;
mod input;
mod memberships;
mod risk;
mod sure;
mod variance;
mod warmup;
mod weight;

pub use config::{Centre, SureShrinkageConfig};
pub use input::SureInput;
pub use memberships::Memberships;
pub use risk::{posterior_weight, stein_risk};
pub use sure::{SureOutput, SureShrinkage};
pub use variance::{Estimate, Variance};
pub use warmup::Warmup;
pub use weight::Shrinkage;
