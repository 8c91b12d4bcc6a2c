//! The Siamese losses beyond the reference: dense oracles, finite differences, degenerate input.

use crate::common::{device, f64_tensor, near, normals, scalar, values};
use burn::tensor::{DType, Tensor};
use morula_core::siamese::{cell_correlation_loss, latent_correlation_loss, propagation_jsd};
use proptest::prelude::*;

fn random(seed: u64, rows: usize, d: usize) -> Tensor<2> {
    f64_tensor(&normals(seed, rows * d), [rows, d])
}

/// `mean_i (S_ii - 1)^2 + mean_{i != j} S_ij^2` entry by entry.
fn dense_correlation(z1: &[f64], z2: &[f64], d: usize) -> f64 {
    let cosine = |a: &[f64], b: &[f64]| {
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let norms = (dot(a, a) * dot(b, b)).sqrt();
        if norms == 0.0 { 0.0 } else { dot(a, b) / norms }
    };
    let n = z1.len() / d;
    let (mut agreement, mut rest) = (0.0, 0.0);
    for (i, a) in z1.chunks(d).enumerate() {
        for (j, b) in z2.chunks(d).enumerate() {
            let s = cosine(a, b);
            if i == j { agreement += (s - 1.0).powi(2) } else { rest += s * s }
        }
    }
    agreement / n as f64 + rest / (n * (n - 1)).max(1) as f64
}

/// Gradients by autodiff against central differences, for both arguments.
#[track_caller]
fn check(
    loss: impl Fn(Tensor<2>, Tensor<2>) -> Tensor<1>,
    a: &[f64],
    b: &[f64],
    shape: [usize; 2],
) {
    const STEP: f64 = 1e-5;
    let leaves = [a, b].map(|x| f64_tensor(x, shape).require_grad());
    let gradients = loss(leaves[0].clone(), leaves[1].clone()).backward();
    for (side, leaf) in leaves.iter().enumerate() {
        let difference = |index: usize| {
            let [above, below] = [STEP, -STEP].map(|step| {
                let mut moved = [a.to_vec(), b.to_vec()];
                moved[side][index] += step;
                scalar(loss(f64_tensor(&moved[0], shape), f64_tensor(&moved[1], shape)))
            });
            (above - below) / (2.0 * STEP)
        };
        let differences: Vec<f64> = (0..a.len()).map(difference).collect();
        near(&values(leaf.grad(&gradients).unwrap()), &differences, 1e-7);
    }
}

#[test]
fn gradients_match_finite_differences() {
    let shape = [7, 4];
    let (a, b) = (normals(1, 28), normals(2, 28));
    let memberships = random(3, 7, 3).exp();
    check(cell_correlation_loss, &a, &b, shape);
    check(|z1, z2| latent_correlation_loss(z1, z2, memberships.clone()), &a, &b, shape);
    check(propagation_jsd, &a, &b, shape);
}

#[test]
fn a_zero_row_has_no_correlation() {
    let mut z1 = normals(1, 15);
    z1[3..6].fill(0.0);
    let z2 = normals(2, 15);
    let leaf = f64_tensor(&z1, [5, 3]).require_grad();
    let loss = cell_correlation_loss(leaf.clone(), f64_tensor(&z2, [5, 3]));
    near(&[scalar(loss.clone())], &[dense_correlation(&z1, &z2, 3)], 1e-12);
    let gradient = values(leaf.grad(&loss.backward()).unwrap());
    assert!(gradient.iter().all(|g| g.is_finite()), "{gradient:?}");

    let zeros = Tensor::<2>::zeros([4, 3], &device());
    assert_eq!(scalar(cell_correlation_loss(zeros.clone(), zeros)), 1.0);
}

#[test]
fn a_single_cell_has_no_others() {
    let loss = cell_correlation_loss(random(1, 1, 4), random(2, 1, 4));
    near(&[scalar(loss)], &[dense_correlation(&normals(1, 4), &normals(2, 4), 4)], 1e-12);
}

/// Orthogonal cells whose views agree are the optimum.
#[test]
fn orthogonal_cells_cost_nothing() {
    let z = f64_tensor(&[3.0, 0.0, 0.0, 0.0, 0.5, 0.0, 0.0, 0.0, 9.0], [3, 3]);
    assert!(scalar(cell_correlation_loss(z.clone(), z.mul_scalar(7.0))).abs() < 1e-15);
}

#[test]
fn memberships_are_held_fixed_and_empty_clusters_ignored() {
    let (z1, z2) = (random(1, 6, 3), random(2, 6, 3));
    let two = random(3, 6, 2).exp().require_grad();
    let three = Tensor::cat(vec![two.clone(), Tensor::zeros([6, 1], (&device(), DType::F64))], 1);
    let leaf = z1.clone().require_grad();
    let without = latent_correlation_loss(leaf.clone(), z2.clone(), two.clone());
    let with = latent_correlation_loss(z1, z2, three);
    near(&[scalar(with)], &[scalar(without.clone())], 1e-12);
    let gradients = without.backward();
    assert!(two.grad(&gradients).is_none() && leaf.grad(&gradients).is_some());
}

#[test]
fn equal_distributions_do_not_diverge() {
    let z = random(1, 6, 5);
    // a shift of a row does not change its softmax
    let leaf = z.clone().add_scalar(40.0).require_grad();
    let loss = propagation_jsd(leaf.clone(), z);
    assert!(scalar(loss.clone()).abs() < 1e-14);
    let gradient = values(leaf.grad(&loss.backward()).unwrap());
    assert!(gradient.iter().all(|g| g.abs() < 1e-14), "{gradient:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(50))]

    #[test]
    fn correlation_equals_the_dense_one(seed in 0u64..1000, n in 1usize..30, d in 1usize..8) {
        let (z1, z2) = (normals(seed, n * d), normals(seed + 1, n * d));
        let loss = cell_correlation_loss(f64_tensor(&z1, [n, d]), f64_tensor(&z2, [n, d]));
        let (found, expected) = (scalar(loss), dense_correlation(&z1, &z2, d));
        // Squares of differences between numbers up to 1: where these agree, only rounding remains.
        let bound = 1e-9 * expected + f64::EPSILON;
        prop_assert!((found - expected).abs() <= bound, "{found} {expected}");
    }

    /// Between 0 and log 2, symmetric, and never NaN in f32; the same for its gradients.
    #[test]
    fn divergence_is_bounded_and_symmetric(seed in 0u64..1000, scale in -3.0f64..30.0) {
        let of = |seed| {
            let draws: Vec<f64> = normals(seed, 12).iter().map(|z| z * 10f64.powf(scale)).collect();
            f64_tensor(&draws, [3, 4]).cast(DType::F32).require_grad()
        };
        let (p, q) = (of(seed), of(seed + 1));
        let loss = propagation_jsd(p.clone(), q.clone());
        let found = scalar(loss.clone());
        prop_assert!((-1e-6..=std::f64::consts::LN_2 + 1e-6).contains(&found), "{found}");
        prop_assert!((found - scalar(propagation_jsd(q.clone(), p.clone()))).abs() < 1e-6);
        let gradients = loss.backward();
        for leaf in [p, q] {
            let gradient = values(leaf.grad(&gradients).unwrap());
            prop_assert!(gradient.iter().all(|g| g.is_finite()), "{gradient:?}");
        }
    }
}
