//! The activations as operations of the CPU backend, with their gradient.

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, DispatchDevice, backend_extension};
use burn::tensor::{DType, Tensor};

use super::Activation;

/// Activations on the backends that have them, with or without differentiation.
#[backend_extension(Flex, Autodiff)]
pub(crate) trait ActivationOps: Backend {
    /// f(x).
    fn activate(x: FloatTensor<Self>, activation: Activation) -> FloatTensor<Self>;
}

/// The gradient on a backend without differentiation.
pub(super) trait ActivationKernel: ActivationOps {
    /// The gradient with respect to the input, from the output and its gradient.
    fn slope(
        output: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        activation: Activation,
    ) -> FloatTensor<Self>;
}

/// Whether the tensor's device and type have the operations.
pub(super) fn supports<const D: usize>(x: &Tensor<D>) -> bool {
    let device = x.device().inner();
    matches!(device.as_dispatch(), DispatchDevice::Flex(_))
        && matches!(x.dtype(), DType::F32 | DType::F64)
}

/// f(x), on a device that has the operations.
pub(super) fn activate<const D: usize>(x: Tensor<D>, activation: Activation) -> Tensor<D> {
    Tensor::from_dispatch(Dispatch::activate(x.into_dispatch(), activation))
}

impl<B: ActivationKernel, C: CheckpointStrategy> ActivationOps for Autodiff<B, C> {
    fn activate(x: FloatTensor<Self>, activation: Activation) -> FloatTensor<Self> {
        match ActivationBackward.prepare::<C>([x.node()]).compute_bound().stateful() {
            OpsKind::Tracked(tracked) => {
                let output = B::activate(x.into_primitive(), activation);
                tracked.finish((output.clone(), activation), output)
            }
            OpsKind::UnTracked(untracked) => {
                untracked.finish(B::activate(x.into_primitive(), activation))
            }
        }
    }
}

#[derive(Debug)]
struct ActivationBackward;

impl<B: ActivationKernel> Backward<B, 1> for ActivationBackward {
    type State = (FloatTensor<B>, Activation);

    fn backward(
        self,
        ops: Ops<Self::State, 1>,
        gradients: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let [parent] = ops.parents;
        let gradient = gradients.consume::<B>(&ops.node);
        if let Some(node) = parent {
            let (output, activation) = ops.state;
            gradients.register::<B>(node.id, B::slope(output, gradient, activation));
        }
    }
}
