//! The graph's operations in f32 on every device, against dense products and f64 on the CPU.

use crate::common::device_check::{check, check_against, run};
use crate::common::graphs::{random, with_weights};
use crate::common::{f64_tensor, normals};
use burn::tensor::{Tensor, TensorData};
use morula_core::graph::{
    DiffusionConfig, DiffusionScheme, GcnConfig, Graph, Propagator, SparseTensor, StructureLoss,
    StructureSample,
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// 40 cells, the last of them without neighbours.
fn graph() -> Graph {
    Graph::from_edges(40, random(39, 90, 6).edges().collect::<Vec<_>>()).unwrap()
}

#[test]
fn sparse_product_is_the_dense_one() {
    const SHAPE: [usize; 3] = [7, 23, 5];
    let [n_rows, n_cols, width] = SHAPE;
    // Row r has 3 r entries, so the first has none.
    let indptr: Vec<usize> = (0..=n_rows).map(|row| 3 * row * row.saturating_sub(1) / 2).collect();
    let n_entries = indptr[n_rows];
    let indices: Vec<u32> = (0..n_entries).map(|e| ((e * 5) % n_cols) as u32).collect();
    let weights = normals(1, n_entries);
    let mut dense = vec![0.0; n_rows * n_cols];
    for row in 0..n_rows {
        for entry in indptr[row]..indptr[row + 1] {
            dense[row * n_cols + indices[entry] as usize] += weights[entry];
        }
    }
    let dense = f64_tensor(&dense, [n_rows, n_cols]);
    let input = normals(3, n_cols * width);
    let expected = run(f64_tensor(&input, [n_cols, width]), |x| dense.clone().matmul(x));
    check_against("product", &input, [n_cols, width], &expected, |options, x| {
        SparseTensor::new(n_rows, n_cols, &indptr, &indices, &weights, options).unwrap().matmul(x)
    });
}

/// Repeated rows: where scattered gradients go wrong.
#[test]
fn gather_of_repeated_rows() {
    let rows: Vec<usize> = (0..300).map(|i| (i * i) % 11).collect();
    check("gather", [12, 3], |options, x| {
        SparseTensor::selection(&rows, 12, options).unwrap().matmul(x)
    });
}

#[test]
fn propagation_of_a_transposed_input() {
    check("transposed input", [6, 40], |options, x| {
        graph().propagation(options).matmul(x.transpose())
    });
}

#[test]
fn diffusion() {
    for scheme in [DiffusionScheme::Series, DiffusionScheme::Chebyshev] {
        let diffusion = DiffusionConfig::new().with_scheme(scheme).init().unwrap();
        check(&format!("{scheme:?} diffusion"), [40, 4], |options, x| {
            diffusion.forward(&graph().propagation(options), x)
        });
    }
}

#[test]
fn graph_network() {
    let diffusion = DiffusionConfig::new().init().unwrap();
    for diffused in [false, true] {
        let name = if diffused { "network along diffusion" } else { "network along edges" };
        check(name, [40, 6], |options, x| {
            let weights = [[6, 5], [5, 3]].map(|shape| {
                let data = TensorData::new(normals(4, shape[0] * shape[1]), shape);
                Tensor::from_data(data, options.clone())
            });
            let gcn = GcnConfig::new(vec![6, 5, 3]).init(&options.device).unwrap();
            let s = graph().propagation(options);
            let propagator = if diffused {
                Propagator::Diffusion(s, diffusion.clone())
            } else {
                Propagator::Adjacency(s)
            };
            with_weights(gcn, &weights).forward(&propagator, x).remove(1)
        });
    }
}

#[test]
fn structure_loss() {
    check("structure loss", [40, 4], |options, x| {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let sample = StructureSample::draw(&graph(), 3, &mut rng, options).unwrap();
        let half = x.clone().mul_scalar(0.5);
        StructureLoss.forward(x, half, &sample).reshape([1, 1])
    });
}
