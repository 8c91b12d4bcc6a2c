//! The negative log-likelihood of counts.

use burn::config::Config;
use burn::tensor::Tensor;

use super::parameters::ZinbParameters;
use crate::{CoreError, Result};

const OPERATION: &str = "ZinbLoss";

/// Configuration of a [`ZinbLoss`].
#[derive(Config, Debug)]
pub struct ZinbLossConfig {
    /// Weight of pi^2, >= 0: a large weight explains zeros by the mean rather than by dropout.
    #[config(default = 0.0)]
    pub ridge: f64,
}

/// Mean negative log-likelihood of counts (section [3.5]; Eraslan et al. 2019, equation 6):
///
/// ```text
/// L = mean_ij [ -log ZINB(c_ij; s_i mu_ij, theta_ij, pi_ij) + ridge pi_ij^2 ]
///
/// c = 0:  -log [ pi + (1 - pi) exp(-B) ]
/// c > 0:  -log(1 - pi) - log NB(c)
/// ```
///
/// The loss is computed in the log domain: value and gradients are finite in f32 for counts up to
/// 1e5, theta from 1e-4 to 1e4, mu from 1e-5 to 1e6 and logits from -50 to 50. Counts need not be
/// integers.
///
/// [3.5]: https://github.com/morula-bio/morula/blob/main/docs/models/scsiameseclu.md#3-5
#[derive(Debug, Clone)]
pub struct ZinbLoss {
    ridge: f64,
}

impl ZinbLossConfig {
    /// Creates the loss.
    ///
    /// # Errors
    /// [`CoreError::Parameter`] if the ridge is negative or not finite.
    pub fn init(&self) -> Result<ZinbLoss> {
        if !(self.ridge.is_finite() && self.ridge >= 0.0) {
            let requirement = "give a finite weight of at least 0";
            return Err(CoreError::parameter(OPERATION, "ridge", self.ridge, requirement));
        }
        Ok(ZinbLoss { ridge: self.ridge })
    }
}

impl ZinbLoss {
    /// The mean over all counts. The three parameters have a gradient; counts and size factors have
    /// none. All inputs are cast to the type of `log_mean`. On the CPU backend `flex` this is one
    /// operation, with the same bits for any number of threads.
    ///
    /// # Shapes
    /// - counts: `[n, genes]`, >= 0
    /// - parameters: `[n, genes]` each
    /// - size_factors: `[n]`, > 0
    /// - output: `[1]`
    ///
    /// # Errors
    /// [`CoreError::Shape`] if the shapes differ, or if there is no count.
    pub fn forward(
        &self,
        counts: Tensor<2>,
        parameters: ZinbParameters,
        size_factors: Tensor<1>,
    ) -> Result<Tensor<1>> {
        check(&counts, &parameters, &size_factors)?;
        let dtype = parameters.log_mean.dtype();
        let (counts, sizes) = (counts.detach().cast(dtype), size_factors.detach().cast(dtype));
        let parameters = ZinbParameters {
            log_dispersion: parameters.log_dispersion.cast(dtype),
            dropout_logits: parameters.dropout_logits.cast(dtype),
            ..parameters
        };
        #[cfg(feature = "flex")]
        if super::fused::supports(&counts) {
            return Ok(super::fused::zinb_loss(counts, parameters, sizes, self.ridge));
        }
        Ok(super::composite::zinb_loss(counts, parameters, sizes, self.ridge))
    }
}

fn check(counts: &Tensor<2>, parameters: &ZinbParameters, size_factors: &Tensor<1>) -> Result<()> {
    let [n, genes] = counts.dims();
    if n == 0 || genes == 0 {
        let expected = "[n, genes] with at least one cell and one gene";
        return Err(CoreError::shape(OPERATION, "counts", &[n, genes], expected));
    }
    let ZinbParameters { log_mean, log_dispersion, dropout_logits } = parameters;
    let named = [
        ("log_mean", log_mean),
        ("log_dispersion", log_dispersion),
        ("dropout_logits", dropout_logits),
    ];
    for (name, tensor) in named {
        if tensor.dims() != [n, genes] {
            let expected = format!("[n, genes] = [{n}, {genes}]");
            return Err(CoreError::shape(OPERATION, name, &tensor.dims(), expected));
        }
    }
    if size_factors.dims() != [n] {
        let expected = format!("[n] = [{n}]");
        return Err(CoreError::shape(OPERATION, "size_factors", &size_factors.dims(), expected));
    }
    Ok(())
}
