//! The loss that pulls the soft assignment towards the transport plan.

use burn::tensor::Tensor;

/// A smaller entry of the plan counts as 0, so that `0 log 0 = 0`.
const SHARE_FLOOR: f64 = 1e-30;

/// Divergence of the soft assignment from the plan (section [3.6]):
///
/// `L_OT = (1 / n) sum_ik P_ik (log P_ik - log q_ik)`, `0 log 0 = 0`
///
/// Only `log_q` has a gradient. It must be finite; the logarithms of
/// [`StudentT`](super::StudentT) always are.
///
/// # Shapes
/// - plan, log_q: `[n, n_clusters]`
/// - output: `[1]`
///
/// [3.6]: https://github.com/morula-bio/morula/blob/main/docs/models/scsiameseclu.md#3-6
pub fn transport_loss(plan: Tensor<2>, log_q: Tensor<2>) -> Tensor<1> {
    let n_cells = log_q.dims()[0].max(1);
    let plan = plan.without_autodiff();
    let log_plan = plan.clone().clamp_min(SHARE_FLOOR).log();
    (plan * (log_plan - log_q)).sum().mul_scalar(1.0 / n_cells as f64)
}
