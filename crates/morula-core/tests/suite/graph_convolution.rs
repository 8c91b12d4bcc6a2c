//! Graph convolution against reference values and central differences.

use crate::common::graphs::{check_gradient, dense, golden, propagation, random, with_weights};
use crate::common::{close, f64_tensor, matrix, near, normals, siamese_case, values};
use burn::tensor::{Device, Tensor};
use morula_core::graph::{
    DiffusionConfig, GcnConfig, Graph, GraphConv, GraphConvConfig, Propagator,
};

fn layer(weight: Tensor<2>, activation: bool) -> GraphConv {
    let [d_input, d_output] = weight.dims();
    let config = GraphConvConfig::new(d_input, d_output).with_activation(activation);
    with_weights(config.init(&Device::flex()), &[weight])
}

/// Origin: scsiameseclu.json, case `gcn`, NumPy float64.
#[test]
fn reference_layer() {
    let case = siamese_case("gcn");
    let s = propagation(&golden(&case));
    let propagator = Propagator::Adjacency(s.clone());
    let (x, w) = (matrix(&case["x"]), matrix(&case["w"]));
    let z = layer(w.clone(), true).forward(&propagator, x.clone());
    close(&z, &case["out_tanh_sym"]);
    close(&propagator.forward(z), &case["propagated_again_sym(AZ)"]);
    close(&layer(w, false).forward(&propagator, x), &case["out_linear_sym"]);
}

#[test]
fn a_stack_gives_every_layer() {
    let s = propagation(&random(8, 12, 1));
    let widths = [5usize, 4, 3, 2];
    let weights: Vec<Tensor<2>> = widths
        .windows(2)
        .enumerate()
        .map(|(i, w)| f64_tensor(&normals(i as u64, w[0] * w[1]), [w[0], w[1]]))
        .collect();
    let x = f64_tensor(&normals(9, 40), [8, 5]);
    let a = dense(&s);
    for last_linear in [true, false] {
        let config = GcnConfig::new(widths.to_vec()).with_last_linear(last_linear);
        let gcn = with_weights(config.init(&Device::flex()).unwrap(), &weights);
        let found = gcn.forward(&Propagator::Adjacency(s.clone()), x.clone());
        assert_eq!(found.len(), 3);
        let mut h = x.clone();
        for (i, z) in found.into_iter().enumerate() {
            let product = h.matmul(weights[i].clone());
            let active = if last_linear && i == 2 { product } else { product.tanh() };
            h = a.clone().matmul(active);
            near(&values(z), &values(h.clone()), 1e-12);
        }
    }
}

#[test]
fn gradients_match_central_differences() {
    let s = propagation(&random(6, 8, 2));
    let diffusion = DiffusionConfig::new().init().unwrap();
    for propagator in [Propagator::Adjacency(s.clone()), Propagator::Diffusion(s, diffusion)] {
        let weights = [f64_tensor(&normals(1, 12), [3, 4]), f64_tensor(&normals(2, 8), [4, 2])];
        let x = normals(3, 18);
        let gcn = GcnConfig::new(vec![3, 4, 2]).init(&Device::flex()).unwrap();
        // Every layer enters the loss.
        let loss = |weights: &[Tensor<2>], x: Tensor<2>| {
            let layers = with_weights(gcn.clone(), weights).forward(&propagator, x);
            layers.into_iter().map(|z| z.powi_scalar(3).sum()).reduce(|a, b| a + b).unwrap()
        };
        check_gradient(&x, [6, 3], |x| loss(&weights, x));
        let fixed = f64_tensor(&x, [6, 3]);
        check_gradient(&normals(1, 12), [3, 4], |w| loss(&[w, weights[1].clone()], fixed.clone()));
        check_gradient(&normals(2, 8), [4, 2], |w| loss(&[weights[0].clone(), w], fixed.clone()));
    }
}

/// A graph without edges, where a cell depends on itself only, and a graph of one cell.
#[test]
fn a_graph_without_edges_is_a_dense_network() {
    for n in [1, 5] {
        let s = propagation(&Graph::from_edges(n, []).unwrap());
        let (x, w) = (f64_tensor(&normals(1, n * 3), [n, 3]), f64_tensor(&normals(2, 6), [3, 2]));
        let z = layer(w.clone(), true).forward(&Propagator::Adjacency(s), x.clone());
        near(&values(z), &values(x.matmul(w).tanh()), 1e-12);
    }
}

#[test]
fn impossible_stacks_are_refused() {
    for widths in [vec![], vec![4], vec![4, 0, 2], vec![0, 2]] {
        assert!(GcnConfig::new(widths.clone()).init(&Device::flex()).is_err(), "{widths:?}");
    }
}
