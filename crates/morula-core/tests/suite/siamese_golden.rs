//! Correlation refinement and propagation regularisation against float64 numbers computed with
//! NumPy (tests/golden/scsiameseclu.json, `correlation` and `propagation_jsd`;
//! section [3.4](https://github.com/morula-bio/morula/blob/main/docs/models/scsiameseclu.md#3-4)).

use crate::common::{close, labels, matrix, scalar, siamese_case, values, vector};
use burn::tensor::{DType, Tensor};
use morula_core::ops::one_hot;
use morula_core::siamese::{cell_correlation_loss, latent_correlation_loss, propagation_jsd};

#[test]
fn cell_correlation_and_its_gradients() {
    let case = siamese_case("correlation");
    let (z1, z2) = (matrix(&case["z1"]).require_grad(), matrix(&case["z2"]).require_grad());
    let loss = cell_correlation_loss(z1.clone(), z2.clone());
    close(&loss, &case["sample_loss(mean diag (s-1)^2 + mean offdiag s^2)"]);
    let gradients = loss.backward();
    close(&z1.grad(&gradients).unwrap(), &case["grad_z1"]);
    close(&z2.grad(&gradients).unwrap(), &case["grad_z2"]);
}

#[test]
fn latent_correlation_of_hard_memberships() {
    let case = siamese_case("correlation");
    let of: Vec<i32> = vector(&case["readout_labels"]).iter().map(|&label| label as i32).collect();
    let memberships = one_hot(labels(&of), 3);
    let loss = latent_correlation_loss(matrix(&case["z1"]), matrix(&case["z2"]), memberships);
    close(&loss, &case["latent_loss(mean diag + mean offdiag)"]);
}

/// The reference lists the normalised weights; normalising them again changes nothing.
#[test]
fn latent_correlation_of_soft_memberships() {
    let case = siamese_case("correlation");
    let memberships = matrix(&case["soft_readout_weights (q / col sums)"]);
    let loss = latent_correlation_loss(matrix(&case["z1"]), matrix(&case["z2"]), memberships);
    close(&loss, &case["latent_loss_soft"]);
}

#[test]
fn jensen_shannon_divergence_and_its_gradients() {
    let case = siamese_case("propagation_jsd");
    let (az, z) = (matrix(&case["az"]).require_grad(), matrix(&case["z"]).require_grad());
    let loss = propagation_jsd(az.clone(), z.clone());
    close(&loss, &case["jsd_mean"]);
    let gradients = loss.backward();
    close(&az.grad(&gradients).unwrap(), &case["grad_az"]);
    close(&z.grad(&gradients).unwrap(), &case["grad_z"]);
    for row in 0..5 {
        let row_of = |x: &Tensor<2>| x.clone().narrow(0, row, 1);
        close(&propagation_jsd(row_of(&az), row_of(&z)), &case["jsd_rows"][row]);
    }
}

#[test]
fn jensen_shannon_divergence_of_extreme_rows() {
    let case = &siamese_case("propagation_jsd")["extreme"];
    for dtype in [DType::F64, DType::F32] {
        let az = matrix(&case["az"]).cast(dtype).require_grad();
        let z = matrix(&case["z"]).cast(dtype).require_grad();
        for row in 0..2 {
            let row_of = |x: &Tensor<2>| x.clone().narrow(0, row, 1);
            let found = scalar(propagation_jsd(row_of(&az), row_of(&z)));
            let expected = crate::common::number(&case["jsd_rows"][row]);
            let tolerance = if dtype == DType::F64 { 1e-9 } else { 1e-6 };
            assert!((found - expected).abs() < tolerance, "{found} {expected}");
        }
        let gradients = propagation_jsd(az.clone(), z.clone()).backward();
        for leaf in [az, z] {
            let gradient = values(leaf.grad(&gradients).unwrap());
            assert!(gradient.iter().all(|g| g.is_finite()), "{gradient:?}");
        }
    }
}
