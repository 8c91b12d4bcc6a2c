//! The loss as one operation of the CPU backend.
//!
//! A chain of tensor operations writes dozens of matrices of the counts' size and keeps most of
//! them for the gradient. Here each direction is one pass, and only the inputs are kept.

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, DispatchDevice, backend_extension};
use burn::tensor::{DType, Tensor};

use super::parameters::ZinbParameters;

/// The loss on the backends that have the operation, with or without differentiation.
#[backend_extension(Flex, Autodiff)]
pub trait ZinbOps: Backend {
    /// Mean of -log ZINB + ridge pi^2, `[1]`.
    fn zinb_loss(
        counts: FloatTensor<Self>,
        log_mean: FloatTensor<Self>,
        log_dispersion: FloatTensor<Self>,
        dropout_logits: FloatTensor<Self>,
        log_sizes: FloatTensor<Self>,
        ridge: f64,
    ) -> FloatTensor<Self>;
}

/// The inputs of the operation.
#[derive(Debug, Clone)]
pub struct Inputs<T> {
    /// `[n, genes]`
    pub counts: T,
    /// `[n, genes]`
    pub log_mean: T,
    /// `[n, genes]`
    pub log_dispersion: T,
    /// `[n, genes]`
    pub dropout_logits: T,
    /// `[n]`
    pub log_sizes: T,
    /// Weight of pi^2.
    pub ridge: f64,
}

/// Both directions on a backend without differentiation.
pub trait ZinbKernel: Backend {
    /// The mean loss, `[1]`.
    fn loss(inputs: Inputs<FloatTensor<Self>>) -> FloatTensor<Self>;

    /// Gradients with respect to log mean, log dispersion and logits, from the gradient `[1]` of
    /// the loss.
    fn gradients(
        inputs: Inputs<FloatTensor<Self>>,
        outer: FloatTensor<Self>,
    ) -> [FloatTensor<Self>; 3];
}

/// Whether the tensor's device and type have the operation.
pub(super) fn supports(tensor: &Tensor<2>) -> bool {
    let device = tensor.device().inner();
    matches!(device.as_dispatch(), DispatchDevice::Flex(_))
        && matches!(tensor.dtype(), DType::F32 | DType::F64)
}

/// Mean of -log ZINB + ridge pi^2; all tensors of one type.
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
    let ZinbParameters { log_mean, log_dispersion, dropout_logits } = parameters;
    Tensor::from_dispatch(Dispatch::zinb_loss(
        counts.into_dispatch(),
        log_mean.into_dispatch(),
        log_dispersion.into_dispatch(),
        dropout_logits.into_dispatch(),
        size_factors.log().into_dispatch(),
        ridge,
    ))
}

impl<B: ZinbKernel, C: CheckpointStrategy> ZinbOps for Autodiff<B, C> {
    fn zinb_loss(
        counts: FloatTensor<Self>,
        log_mean: FloatTensor<Self>,
        log_dispersion: FloatTensor<Self>,
        dropout_logits: FloatTensor<Self>,
        log_sizes: FloatTensor<Self>,
        ridge: f64,
    ) -> FloatTensor<Self> {
        let nodes = [log_mean.node(), log_dispersion.node(), dropout_logits.node()];
        let inputs = Inputs {
            counts: counts.into_primitive(),
            log_mean: log_mean.into_primitive(),
            log_dispersion: log_dispersion.into_primitive(),
            dropout_logits: dropout_logits.into_primitive(),
            log_sizes: log_sizes.into_primitive(),
            ridge,
        };
        match ZinbLossBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(tracked) => tracked.finish(inputs.clone(), B::loss(inputs)),
            OpsKind::UnTracked(untracked) => untracked.finish(B::loss(inputs)),
        }
    }
}

#[derive(Debug)]
struct ZinbLossBackward;

impl<B: ZinbKernel> Backward<B, 3> for ZinbLossBackward {
    type State = Inputs<FloatTensor<B>>;

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let outer = grads.consume::<B>(&ops.node);
        let found = B::gradients(ops.state, outer);
        for (node, gradient) in ops.parents.into_iter().zip(found) {
            if let Some(node) = node {
                grads.register::<B>(node.id, gradient);
            }
        }
    }
}
