//! The divergence as one operation of the CPU backend, with its gradient.

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, DispatchDevice, backend_extension};
use burn::tensor::{DType, Tensor};

/// The divergence on the backends that have the operation, with or without differentiation.
#[backend_extension(Flex, Autodiff)]
pub(crate) trait DivergenceOps: Backend {
    /// Mean Jensen-Shannon divergence of the rows' softmax, `[1]`.
    fn divergence(p: FloatTensor<Self>, q: FloatTensor<Self>) -> FloatTensor<Self>;
}

/// The gradients on a backend without differentiation.
pub(super) trait DivergenceKernel: DivergenceOps {
    /// Gradients with respect to both inputs, from the gradient `[1]` of the divergence.
    fn gradients(
        p: FloatTensor<Self>,
        q: FloatTensor<Self>,
        outer: FloatTensor<Self>,
    ) -> [FloatTensor<Self>; 2];
}

/// Whether the tensor's device and type have the operation.
pub(super) fn supports(x: &Tensor<2>) -> bool {
    let device = x.device().inner();
    matches!(device.as_dispatch(), DispatchDevice::Flex(_))
        && matches!(x.dtype(), DType::F32 | DType::F64)
}

/// The divergence, on a device that has the operation.
pub(super) fn propagation_jsd(propagated: Tensor<2>, z: Tensor<2>) -> Tensor<1> {
    assert_eq!(propagated.dims(), z.dims(), "propagation_jsd: both must have one shape");
    Tensor::from_dispatch(Dispatch::divergence(propagated.into_dispatch(), z.into_dispatch()))
}

impl<B: DivergenceKernel, C: CheckpointStrategy> DivergenceOps for Autodiff<B, C> {
    fn divergence(p: FloatTensor<Self>, q: FloatTensor<Self>) -> FloatTensor<Self> {
        let nodes = [p.node(), q.node()];
        let (p, q) = (p.into_primitive(), q.into_primitive());
        match DivergenceBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(tracked) => {
                tracked.finish((p.clone(), q.clone()), B::divergence(p, q))
            }
            OpsKind::UnTracked(untracked) => untracked.finish(B::divergence(p, q)),
        }
    }
}

#[derive(Debug)]
struct DivergenceBackward;

impl<B: DivergenceKernel> Backward<B, 2> for DivergenceBackward {
    type State = (FloatTensor<B>, FloatTensor<B>);

    fn backward(
        self,
        ops: Ops<Self::State, 2>,
        gradients: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let outer = gradients.consume::<B>(&ops.node);
        let (p, q) = ops.state;
        for (node, gradient) in ops.parents.into_iter().zip(B::gradients(p, q, outer)) {
            if let Some(node) = node {
                gradients.register::<B>(node.id, gradient);
            }
        }
    }
}
