//! Small graphs, dense matrices, and central differences.

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{DType, Tensor};
use morula_core::graph::{Graph, SparseTensor};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

use super::{device, f64_tensor, near, scalar, values, vector};

/// The graph of six cells of a reference case.
pub fn golden(case: &Value) -> Graph {
    let ends = vector(&case["edges_undirected"]);
    Graph::from_edges(6, ends.chunks(2).map(|e| (e[0] as usize, e[1] as usize))).unwrap()
}

/// A graph with random edges; some nodes may have none.
pub fn random(n_nodes: usize, n_edges: usize, seed: u64) -> Graph {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut node = || rng.random_range(0..n_nodes);
    Graph::from_edges(n_nodes, (0..n_edges).map(|_| (node(), node())).collect::<Vec<_>>()).unwrap()
}

/// Every pair is an edge.
pub fn complete(n_nodes: usize) -> Graph {
    let edges = (0..n_nodes).flat_map(|i| (0..i).map(move |j| (i, j)));
    Graph::from_edges(n_nodes, edges).unwrap()
}

/// The normalised adjacency in f64.
pub fn propagation(graph: &Graph) -> SparseTensor {
    graph.propagation((&device(), DType::F64))
}

pub fn identity(n: usize) -> Tensor<2> {
    let flat: Vec<f64> = (0..n * n).map(|p| f64::from(u8::from(p / n == p % n))).collect();
    f64_tensor(&flat, [n, n])
}

/// All values of a sparse matrix.
pub fn dense(sparse: &SparseTensor) -> Tensor<2> {
    sparse.matmul(identity(sparse.n_cols()))
}

/// Asserts that the gradient of a scalar agrees with central differences, to 1e-7 of its size.
#[track_caller]
pub fn check_gradient(x: &[f64], shape: [usize; 2], loss: impl Fn(Tensor<2>) -> Tensor<1>) {
    const STEP: f64 = 1e-5;
    let leaf = f64_tensor(x, shape).require_grad();
    let gradient = leaf.grad(&loss(leaf.clone()).backward()).unwrap();
    let difference = |index: usize| {
        let [above, below] = [STEP, -STEP].map(|step| {
            let mut moved = x.to_vec();
            moved[index] += step;
            scalar(loss(f64_tensor(&moved, shape)))
        });
        (above - below) / (2.0 * STEP)
    };
    let differences: Vec<f64> = (0..x.len()).map(difference).collect();
    near(&values(gradient), &differences, 1e-7);
}

/// Sets every matrix of a module to given values.
struct Weights<'a>(std::slice::Iter<'a, Tensor<2>>);

impl ModuleMapper for Weights<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let next = self.0.next().unwrap().clone();
        let dims = next.dims();
        param.map(|_| next.reshape::<D, [usize; D]>(std::array::from_fn(|axis| dims[axis])))
    }
}

pub fn with_weights<M: Module>(module: M, weights: &[Tensor<2>]) -> M {
    module.map(&mut Weights(weights.iter()))
}
