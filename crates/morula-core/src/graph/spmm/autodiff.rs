//! The gradients: `y = A x` gives `dx = A^T dy`, and the gradient of a polynomial of A is the same
//! polynomial of A^T. The matrix is a constant.

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend};

use super::{Csr, SpmmOps};

#[derive(Debug)]
struct SpmmBackward;

impl<B: SpmmOps> Backward<B, 1> for SpmmBackward {
    type State = Csr<B>;

    fn backward(
        self,
        ops: Ops<Self::State, 1>,
        gradients: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let [parent] = ops.parents;
        let gradient = gradients.consume::<B>(&ops.node);
        if let Some(node) = parent {
            gradients.register::<B>(node.id, B::spmm(ops.state.transpose(), gradient));
        }
    }
}

#[derive(Debug)]
struct DiffuseBackward;

#[derive(Debug, Clone)]
struct Polynomial<B: Backend> {
    matrix: Csr<B>,
    alpha: f64,
    n_products: usize,
}

impl<B: SpmmOps> Backward<B, 1> for DiffuseBackward {
    type State = Polynomial<B>;

    fn backward(
        self,
        ops: Ops<Self::State, 1>,
        gradients: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let [parent] = ops.parents;
        let gradient = gradients.consume::<B>(&ops.node);
        if let Some(node) = parent {
            let Polynomial { matrix, alpha, n_products } = ops.state;
            let gradient = B::diffuse(matrix.transpose(), gradient, alpha, n_products);
            gradients.register::<B>(node.id, gradient);
        }
    }
}

impl<B: SpmmOps, C: CheckpointStrategy> SpmmOps for Autodiff<B, C> {
    fn spmm(matrix: Csr<Self>, x: FloatTensor<Self>) -> FloatTensor<Self> {
        let matrix = inner(matrix);
        match SpmmBackward.prepare::<C>([x.node()]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                let output = B::spmm(matrix.clone(), x.into_primitive());
                prepared.finish(matrix, output)
            }
            OpsKind::UnTracked(prepared) => prepared.finish(B::spmm(matrix, x.into_primitive())),
        }
    }

    fn diffuse(
        matrix: Csr<Self>,
        x: FloatTensor<Self>,
        alpha: f64,
        n_products: usize,
    ) -> FloatTensor<Self> {
        let matrix = inner(matrix);
        let output = |matrix, x| B::diffuse(matrix, x, alpha, n_products);
        match DiffuseBackward.prepare::<C>([x.node()]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                let y = output(matrix.clone(), x.into_primitive());
                prepared.finish(Polynomial { matrix, alpha, n_products }, y)
            }
            OpsKind::UnTracked(prepared) => prepared.finish(output(matrix, x.into_primitive())),
        }
    }
}

/// The matrix without autodiff.
fn inner<B: Backend, C: CheckpointStrategy>(matrix: Csr<Autodiff<B, C>>) -> Csr<B> {
    Csr {
        row_ptr: matrix.row_ptr,
        col: matrix.col,
        val: matrix.val.into_primitive(),
        t_row_ptr: matrix.t_row_ptr,
        t_col: matrix.t_col,
        t_val: matrix.t_val.into_primitive(),
    }
}
