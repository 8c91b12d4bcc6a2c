//! Zero-inflated negative binomial counts: loss, heads, autoencoder (METHODS 3.3, 3.5).
//!
//! A count c of gene j in cell i is 0 with probability pi (it dropped out), and else follows a
//! negative binomial distribution with mean s_i mu and dispersion theta:
//!
//! ```text
//! NB(c)   = Gamma(c + theta) / (Gamma(theta) c!)
//!           (theta / (theta + s mu))^theta (s mu / (theta + s mu))^c
//! ZINB(c) = pi [c = 0] + (1 - pi) NB(c)        variance of NB: s mu + (s mu)^2 / theta
//! ```
//!
//! | symbol | meaning | in the code |
//! | --- | --- | --- |
//! | c | counts, \[n, genes\] | `counts` |
//! | s | size factor of a cell, \[n\] | `size_factors` |
//! | log mu | log of the mean before the size factor, \[n, genes\] | `log_mean` |
//! | log theta | log of the dispersion, \[n, genes\] | `log_dispersion` |
//! | logit pi | log-odds of dropout, \[n, genes\] | `dropout_logits` |
//! | t | log(s mu / theta) | `odds` |
//! | A | log(1 + s mu / theta) = softplus(t) | |
//! | B | theta A = -log NB(0) | `barrier` |
//!
//! Sources: Eraslan et al., Nature Communications 10 (2019); scSiameseClu, IJCAI 2025.

mod autoencoder;
mod composite;
#[cfg(feature = "flex")]
mod flex;
#[cfg(feature = "flex")]
mod fused;
#[cfg(feature = "flex")]
mod gamma;
mod heads;
mod layers;
mod loss;
mod parameters;
#[cfg(feature = "flex")]
mod rows;
#[cfg(all(test, feature = "flex"))]
mod tests;

pub use autoencoder::{Decoded, ZinbAutoencoder, ZinbAutoencoderConfig};
pub use heads::{ZinbHeads, ZinbHeadsConfig};
pub use loss::{ZinbLoss, ZinbLossConfig};
pub use parameters::ZinbParameters;
