//! Fusion and its attention against float64 numbers computed with NumPy
//! (tests/golden/scsiameseclu.json, `fusion`;
//! section [3.4](https://github.com/morula-bio/morula/blob/main/docs/models/scsiameseclu.md#3-4)).

use crate::common::{
    close, device, f64_tensor, matrix, near, normals, number, scalar, siamese_case, values, vector,
};
use burn::module::Param;
use burn::tensor::{DType, Tensor};
use morula_core::graph::SparseTensor;
use morula_core::init::xavier_uniform;
use morula_core::siamese::{Fusion, FusionConfig, Keys, attention};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

fn golden(case: &Value) -> Fusion {
    let vector = |name: &str| Param::from_tensor(f64_tensor(&vector(&case[name]), [3]));
    let rho = Param::from_tensor(f64_tensor(&[number(&case["gate"])], [1]));
    let fusion = FusionConfig::new(3).with_attention_block(4).init(&device());
    Fusion { a: vector("a"), b: vector("b"), rho, ..fusion }
}

#[test]
fn fused_embedding() {
    let case = siamese_case("fusion");
    let (fusion, graph) = (golden(&case), matrix(&case["a_norm"]));
    let (z_ae, z_graph) = (matrix(&case["z_ae"]), matrix(&case["z_gae"]));
    close(&fusion.blend(z_ae.clone(), z_graph.clone()), &case["z_i"]);
    let propagate = |z: Tensor<2>| {
        let local = graph.clone().matmul(z);
        close(&local, &case["z_l"]);
        local
    };
    close(&fusion.forward(z_ae, z_graph, propagate, Keys::All), &case["z"]);
    let local = matrix(&case["z_l"]);
    for block in [1, 4, 6, 100] {
        close(&attention(local.clone(), local.clone(), block), &case["z_g"]);
    }
}

fn random(seed: u64, rows: usize) -> Tensor<2> {
    f64_tensor(&normals(seed, rows * 3), [rows, 3])
}

#[test]
fn a_new_fusion_is_the_propagated_mean() {
    let fusion = FusionConfig::new(3).init(&device());
    let (z_ae, z_graph) = (random(1, 7).cast(DType::F32), random(2, 7).cast(DType::F32));
    let twice = |z: Tensor<2>| z.mul_scalar(2.0);
    let found = fusion.forward(z_ae.clone(), z_graph.clone(), twice, Keys::All);
    near(&values(found), &values(z_ae + z_graph), 1e-6);
}

/// The seed redraws matrices only: the initial a, b and rho are part of the method.
#[test]
fn redrawing_weights_leaves_the_start() {
    let fusion = FusionConfig::new(3).init(&device());
    let fusion = xavier_uniform(fusion, &mut ChaCha8Rng::seed_from_u64(1));
    assert_eq!(values(fusion.a.val()), [0.5; 3]);
    assert_eq!(values(fusion.b.val()), [0.5; 3]);
    assert_eq!(values(fusion.rho.val()), [0.0]);
}

fn anchors(rows: &[usize], n: usize) -> Keys {
    Keys::Anchors(SparseTensor::selection(rows, n, (&device(), DType::F64)).unwrap())
}

#[test]
fn all_cells_as_anchors_are_all_keys() {
    let (fusion, n) = (golden(&siamese_case("fusion")), 9);
    let all = anchors(&[8, 0, 3, 1, 2, 7, 6, 5, 4], n);
    let same = |z: Tensor<2>| z;
    let found = fusion.forward(random(1, n), random(2, n), same, all);
    let expected = fusion.forward(random(1, n), random(2, n), same, Keys::All);
    near(&values(found), &values(expected), 1e-12);
}

/// The gradient reaches anchors both as cells and as keys.
#[test]
fn gradients_match_finite_differences() {
    const STEP: f64 = 1e-5;
    let n = 6;
    let graph = random(5, n).matmul(random(6, n).transpose());
    let weights = random(7, n);
    for keys in [Keys::All, anchors(&[4, 1], n)] {
        let start =
            [normals(1, 18), normals(2, 18), vec![0.2, -0.4, 0.9], vec![0.5, 0.1, -0.3], vec![0.7]];
        let evaluate = |parts: &[Vec<f64>; 5]| {
            let leaf = |part: usize| f64_tensor(&parts[part], [n, 3]).require_grad();
            let param = |part: usize| {
                Param::from_tensor(f64_tensor(&parts[part], [parts[part].len()]).require_grad())
            };
            let (z_ae, z_graph) = (leaf(0), leaf(1));
            let fusion = FusionConfig::new(3).with_attention_block(4).init(&device());
            let fusion = Fusion { a: param(2), b: param(3), rho: param(4), ..fusion };
            let propagate = |z: Tensor<2>| graph.clone().mul_scalar(0.2).matmul(z);
            let z = fusion.forward(z_ae.clone(), z_graph.clone(), propagate, keys.clone());
            let loss = (z * weights.clone()).sum();
            let value = scalar(loss.clone());
            let gradients = loss.backward();
            let gradient = |leaf: Tensor<2>| values(leaf.grad(&gradients).unwrap());
            let of = |param: &Param<Tensor<1>>| values(param.val().grad(&gradients).unwrap());
            let found =
                [gradient(z_ae), gradient(z_graph), of(&fusion.a), of(&fusion.b), of(&fusion.rho)];
            (value, found)
        };
        let (_, gradients) = evaluate(&start);
        for (part, gradient) in gradients.iter().enumerate() {
            let difference = |index: usize| {
                let [above, below] = [STEP, -STEP].map(|step| {
                    let mut moved = start.clone();
                    moved[part][index] += step;
                    evaluate(&moved).0
                });
                (above - below) / (2.0 * STEP)
            };
            let differences: Vec<f64> = (0..gradient.len()).map(difference).collect();
            near(gradient, &differences, 1e-8);
        }
    }
}
