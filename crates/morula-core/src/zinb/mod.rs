//! Zero-inflated negative binomial counts: loss, heads, autoencoder (sections [3.3] and [3.5]).
//!
//! A count c of gene j in cell i is 0 with probability pi (dropout). Otherwise it follows a
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
//!
//! ```
//! use burn::tensor::{Device, Distribution, Tensor};
//! use morula_core::zinb::{ZinbAutoencoderConfig, ZinbLossConfig};
//!
//! let device = Device::flex();
//! let autoencoder = ZinbAutoencoderConfig::new(10, 30).with_hidden(vec![16]).init(&device);
//! let x = Tensor::<2>::random([5, 10], Distribution::Normal(0.0, 1.0), &device);
//! let decoded = autoencoder.forward(x);
//! assert_eq!(decoded.reconstruction.dims(), [5, 10]);
//! assert_eq!(decoded.zinb.mean().dims(), [5, 30]);
//!
//! let (counts, size_factors) = (Tensor::ones([5, 30], &device), Tensor::ones([5], &device));
//! let loss = ZinbLossConfig::new().init()?.forward(counts, decoded.zinb, size_factors)?;
//! assert!(loss.into_scalar::<f32>() > 0.0);
//! # Ok::<(), morula_core::CoreError>(())
//! ```
//!
//! [3.3]: https://github.com/morula-bio/morula/blob/main/docs/models/scsiameseclu.md#3-3
//! [3.5]: https://github.com/morula-bio/morula/blob/main/docs/models/scsiameseclu.md#3-5

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
