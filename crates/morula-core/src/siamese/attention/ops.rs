//! The operation on every backend: one body for all, and one node of the autodiff graph.

#![cfg_attr(feature = "ndarray", allow(deprecated, reason = "Burn deprecates its ndarray backend"))]

#[cfg(feature = "flex")]
use burn::backend::TensorMetadata;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, backend_extension};

use super::backward::backward;
use super::forward::{Attended, forward};

/// `softmax(Q K^T) K` by blocks.
#[backend_extension(
    Flex: cfg(feature = "flex"),
    NdArray: cfg(feature = "ndarray"),
    Cube: cfg(feature = "cube"),
    Fusion: cfg(feature = "cube"),
    Autodiff
)]
pub trait AttentionOps: Backend {
    /// See [`attention`](super::attention).
    #[allow(unused_variables, reason = "unused in a build without backends")]
    #[fusion(default)]
    fn softmax_attention(
        queries: FloatTensor<Self>,
        keys: FloatTensor<Self>,
        block: usize,
    ) -> FloatTensor<Self> {
        forward::<Self>(&queries, &keys, block).output
    }

    /// `exp(logits - shift)`, which takes most of the time on a CPU; shift: \[n, 1\], at least the
    /// row's largest logit.
    #[fusion(default)]
    fn shifted_exp(logits: FloatTensor<Self>, shift: FloatTensor<Self>) -> FloatTensor<Self> {
        library_exp::<Self>(logits, shift)
    }
}

fn library_exp<B: Backend>(logits: FloatTensor<B>, shift: FloatTensor<B>) -> FloatTensor<B> {
    B::float_exp(B::float_sub(logits, shift))
}

#[cfg(feature = "flex")]
impl AttentionOps for burn::backend::Flex {
    fn shifted_exp(logits: FloatTensor<Self>, shift: FloatTensor<Self>) -> FloatTensor<Self> {
        let mut logits = logits;
        let (range, width) = (logits.layout().contiguous_offsets(), logits.shape()[1]);
        let (Some((start, end)), Some(rows)) = (range, shift.as_slice::<f32>()) else {
            return library_exp::<Self>(logits, shift);
        };
        super::exp::shifted_exp(&mut logits.storage_mut()[start..end], rows, width);
        logits
    }
}

#[cfg(feature = "ndarray")]
impl AttentionOps for burn::backend::NdArray {}

#[cfg(feature = "cube")]
impl AttentionOps for burn_cubecl::CubeBackend {}

impl<B: AttentionOps, C: CheckpointStrategy> AttentionOps for Autodiff<B, C> {
    fn softmax_attention(
        queries: FloatTensor<Self>,
        keys: FloatTensor<Self>,
        block: usize,
    ) -> FloatTensor<Self> {
        let node = AttentionBackward.prepare::<C>([queries.node(), keys.node()]);
        let (queries, keys) = (queries.into_primitive(), keys.into_primitive());
        match node.compute_bound().stateful() {
            OpsKind::Tracked(node) => {
                let attended = forward::<B>(&queries, &keys, block);
                let output = attended.output.clone();
                node.finish((queries, keys, attended, block), output)
            }
            OpsKind::UnTracked(node) => node.finish(B::softmax_attention(queries, keys, block)),
        }
    }
}

#[derive(Debug)]
struct AttentionBackward;

impl<B: AttentionOps> Backward<B, 2> for AttentionBackward {
    type State = (FloatTensor<B>, FloatTensor<B>, Attended<B>, usize);

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
        let gradient = grads.consume::<B>(&ops.node);
        let (queries, keys, attended, block) = ops.state;
        let found = backward::<B>(&queries, &keys, &attended, gradient, block);
        for (parent, gradient) in ops.parents.into_iter().zip(found) {
            if let Some(parent) = parent {
                grads.register::<B>(parent.id, gradient);
            }
        }
    }
}
