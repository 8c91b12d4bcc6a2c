//! The loss as a chain of tensor operations, for any backend.

use burn::tensor::activation::sigmoid;
use burn::tensor::{Bool, FloatDType, Tensor};

use super::parameters::ZinbParameters;
use crate::activation::softplus;
use crate::special::binet;

/// Mean of -log ZINB + ridge pi^2.
///
/// # Shapes
/// - counts and parameters: `[n, genes]`
/// - size_factors: `[n]`
/// - output: `[1]`
pub(super) fn zinb_loss(
    counts: Tensor<2>,
    parameters: ZinbParameters,
    size_factors: Tensor<1>,
    ridge: f64,
) -> Tensor<1> {
    let ZinbParameters { log_mean, log_dispersion, dropout_logits: logits } = parameters;
    let log_size: Tensor<2> = size_factors.log().unsqueeze_dim(1);
    let odds = log_mean + log_size - log_dispersion.clone();
    let dispersion = log_dispersion.clone().exp();
    let barrier = dispersion.clone() * softplus(odds.clone());

    let dtype = FloatDType::from(logits.dtype());
    let positive = counts.clone().greater_elem(0.0);
    let number = |mask: Tensor<2, Bool>| mask.cast(dtype);

    // c = 0: -log(pi + (1 - pi) exp(-B)) is, with w = logit + B,
    //     w > 0:  softplus(-logit) - softplus(-w)          (dropout is more likely)
    //     else:   softplus(logit) + B - softplus(w)
    // and c > 0 shares softplus(logit) + B with the second line. Neither line cancels.
    let posterior = logits.clone() + barrier.clone();
    let dropped = posterior.clone().greater_elem(0.0).bool_and(positive.clone().bool_not());
    let kept = number(dropped.clone().bool_not());
    let sign = kept.clone().mul_scalar(2.0).sub_scalar(1.0);
    let mut nll = softplus(logits.clone() * sign.clone()) + barrier * kept
        - softplus(posterior * sign) * number(positive.clone().bool_not());

    nll = nll + expressed(counts, positive, odds, log_dispersion, dispersion);
    if ridge > 0.0 {
        nll = nll + sigmoid(logits).square().mul_scalar(ridge);
    }
    nll.mean()
}

/// -log NB(c) - B where c > 0, and 0 elsewhere.
///
/// The large parts of log Gamma are combined with B and c log(1 + theta / s mu) into a deviance of
/// c from s mu, which is small near a fit (Loader's saddle point form):
///
/// ```text
/// -log NB(c) = B + c softplus(-t) - theta softplus(t_c) - c softplus(-t_c)
///              + softplus(t_c) / 2 + log(2 pi c) / 2
///              + binet(c) + binet(theta) - binet(c + theta),       t_c = log(c / theta)
/// ```
fn expressed(
    counts: Tensor<2>,
    positive: Tensor<2, Bool>,
    odds: Tensor<2>,
    log_dispersion: Tensor<2>,
    dispersion: Tensor<2>,
) -> Tensor<2> {
    let zero = positive.clone().bool_not();
    let counts = counts.mask_fill(zero.clone(), 1.0);
    let log_counts = counts.clone().log();
    let count_odds = log_counts.clone() - log_dispersion;
    let constant =
        binet(counts.clone()) + (log_counts + core::f64::consts::TAU.ln()).mul_scalar(0.5);
    let deviance = counts.clone() * (softplus(-odds) - softplus(-count_odds.clone()))
        - (dispersion.clone() - 0.5) * softplus(count_odds);
    let gamma = binet(dispersion.clone()) - binet(dispersion + counts);
    (deviance + gamma + constant).mask_fill(zero, 0.0)
}
