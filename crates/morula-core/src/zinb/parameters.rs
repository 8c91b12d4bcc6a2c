//! The distributions of the counts of a batch.

use burn::tensor::activation::sigmoid;
use burn::tensor::{Int, Tensor};

/// Zero-inflated negative binomial distributions of a batch, in the log domain.
///
/// # Shapes
/// - each: `[n, genes]`
#[derive(Debug, Clone)]
pub struct ZinbParameters {
    /// log mu, the log of the mean count before the cell's size factor.
    pub log_mean: Tensor<2>,
    /// log theta; without dropout the variance of a count is mu + mu^2 / theta.
    pub log_dispersion: Tensor<2>,
    /// log(pi / (1 - pi)), the log-odds of dropout.
    pub dropout_logits: Tensor<2>,
}

impl ZinbParameters {
    /// mu = exp(log_mean), the mean count without dropout and size factor. `[n, genes]`
    pub fn mean(&self) -> Tensor<2> {
        self.log_mean.clone().exp()
    }

    /// theta = exp(log_dispersion). `[n, genes]`
    pub fn dispersion(&self) -> Tensor<2> {
        self.log_dispersion.clone().exp()
    }

    /// pi = sigmoid(dropout_logits), the probability of dropout. `[n, genes]`
    pub fn dropout(&self) -> Tensor<2> {
        sigmoid(self.dropout_logits.clone())
    }

    /// The distributions of some cells.
    ///
    /// # Shapes
    /// - rows: `[m]`, each below n
    /// - output: `[m, genes]` each
    pub fn select(self, rows: Tensor<1, Int>) -> Self {
        Self {
            log_mean: self.log_mean.select(0, rows.clone()),
            log_dispersion: self.log_dispersion.select(0, rows.clone()),
            dropout_logits: self.dropout_logits.select(0, rows),
        }
    }
}
