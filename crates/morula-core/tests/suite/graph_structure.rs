//! The sampled structure loss against the dense one.

use crate::common::graphs::{check_gradient, complete, dense, golden, propagation, random};
use crate::common::{
    Average, device, f64_tensor, matrix, near, normals, number, scalar, siamese_case,
};
use burn::tensor::{DType, Tensor, activation::sigmoid};
use morula_core::graph::{Graph, StructureLoss, StructureSample};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

fn sample(graph: &Graph, m: usize, seed: u64) -> StructureSample {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    StructureSample::draw(graph, m, &mut rng, (&device(), DType::F64)).unwrap()
}

fn all(graph: &Graph) -> StructureSample {
    StructureSample::all(graph, (&device(), DType::F64)).unwrap()
}

fn embeddings(n: usize) -> [Tensor<2>; 2] {
    [f64_tensor(&normals(1, n * 3), [n, 3]), f64_tensor(&normals(2, n * 4), [n, 4])]
}

fn dense_loss(graph: &Graph, z: Tensor<2>, z_hat: Tensor<2>) -> f64 {
    let affinity = |x: Tensor<2>| sigmoid(x.clone().matmul(x.transpose()));
    let residual = affinity(z) + affinity(z_hat) - dense(&propagation(graph));
    scalar(residual.square().mean())
}

/// Origin: scsiameseclu.json, case `reconstruction`, NumPy float64.
#[test]
fn reference_value() {
    let case = siamese_case("reconstruction");
    let graph = golden(&siamese_case("gcn"));
    // The reference takes the reconstruction of width 4 and the latent of width 3.
    let loss = StructureLoss.forward(matrix(&case["z_gae"]), matrix(&case["z_hat"]), &all(&graph));
    let structure = scalar(loss);
    let expected = number(&case["loss_a_mse(sig(z z^T)+sig(zh zh^T), A)"]);
    near(&[structure], &[expected], 1e-9);

    let x = matrix(&case["x"]);
    let expression = scalar((matrix(&case["x_hat"]) - x.clone()).square().mean());
    let signal = propagation(&graph).matmul(x);
    let signal = scalar((matrix(&case["z_hat"]) - signal).square().mean());
    let total = expression + signal + 0.1 * structure;
    let names = ["loss_ae_mse", "loss_w_mse(z_hat, A x)", "total = ae + w + 0.1 a"];
    near(&[expression, signal, total], &names.map(|name| number(&case[name])), 1e-9);
}

/// Isolated cells, a complete graph (nothing to sample), no edges at all, a single cell.
#[test]
fn all_pairs_are_the_dense_loss() {
    let graphs = [
        random(9, 6, 4),
        random(7, 30, 5),
        complete(6),
        complete(1),
        Graph::from_edges(5, []).unwrap(),
        Graph::from_edges(5, [(1, 3)]).unwrap(),
    ];
    for graph in graphs {
        let n = graph.n_nodes();
        let [z, z_hat] = embeddings(n);
        let expected = dense_loss(&graph, z.clone(), z_hat.clone());
        // More draws than non-edges give all of them.
        for sample in [all(&graph), sample(&graph, n, 1), sample(&graph, usize::MAX, 2)] {
            let loss = StructureLoss.forward(z.clone(), z_hat.clone(), &sample);
            near(&[scalar(loss)], &[expected], 1e-12);
        }
    }
}

/// 2000 draws of one or three non-edges per cell: the mean is within four standard errors, and the
/// error is small enough that missing weights would show.
#[test]
fn sampling_is_unbiased() {
    let graph = random(12, 20, 7);
    let [z, z_hat] = embeddings(12);
    let expected = dense_loss(&graph, z.clone(), z_hat.clone());
    for m in [1, 3] {
        let draws: Vec<f64> = (0..2000)
            .map(|seed| {
                let sample = sample(&graph, m, seed);
                scalar(StructureLoss.forward(z.clone(), z_hat.clone(), &sample))
            })
            .collect();
        let average = Average::of(&draws);
        assert!(average.covers(expected, 4.0), "m {m}: {average:?} {expected}");
        assert!(average.standard_error > 0.0 && average.standard_error < 0.01 * expected);
    }
}

#[test]
fn samples_hold_what_they_say() {
    let graph = random(30, 60, 3);
    let others: usize = (0..30).map(|i| 29 - graph.neighbors(i).len()).sum();
    assert_eq!(all(&graph).n_pairs(), graph.n_edges() + 30 + others);
    assert_eq!(sample(&graph, 4, 0).n_pairs(), graph.n_edges() + 30 + 4 * 30);
    assert_eq!(sample(&complete(5), 4, 0).n_pairs(), 10 + 5);
    // The same seed gives the same pairs, another seed other pairs.
    let [z, z_hat] = embeddings(30);
    let loss =
        |seed| scalar(StructureLoss.forward(z.clone(), z_hat.clone(), &sample(&graph, 4, seed)));
    assert_eq!(loss(1), loss(1));
    assert_ne!(loss(1), loss(2));
}

#[test]
fn gradients_match_central_differences() {
    let graph = random(6, 7, 2);
    let [z, z_hat] = embeddings(6);
    for sample in [all(&graph), sample(&graph, 2, 5)] {
        check_gradient(&normals(1, 18), [6, 3], |z| {
            StructureLoss.forward(z, z_hat.clone(), &sample)
        });
        check_gradient(&normals(2, 24), [6, 4], |z_hat| {
            StructureLoss.forward(z.clone(), z_hat, &sample)
        });
    }
}

#[test]
fn large_embeddings_give_finite_gradients() {
    let graph = random(6, 7, 2);
    let z = f64_tensor(&normals(1, 18), [6, 3]).mul_scalar(1e3).require_grad();
    let loss = StructureLoss.forward(z.clone(), z.clone(), &all(&graph));
    let gradient = z.grad(&loss.backward()).unwrap();
    assert!(crate::common::values(gradient).iter().all(|g| g.is_finite()));
}

#[test]
fn degenerate_samples() {
    let empty = Graph::from_edges(0, []).unwrap();
    let nothing = f64_tensor(&[], [0, 3]);
    assert_eq!(scalar(StructureLoss.forward(nothing.clone(), nothing, &all(&empty))), 0.0);
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    assert!(StructureSample::draw(&empty, 0, &mut rng, &device()).is_err());
}
