//! Assignment, plan and loss against float64 numbers computed with NumPy
//! (tests/golden/scsiameseclu.json, `student_t` and `sinkhorn`;
//! section [3.6](https://github.com/morula-bio/morula/blob/main/docs/models/scsiameseclu.md#3-6)).

use crate::common::{
    close, device, f64_tensor, matrix, near, number, scalar, siamese_case, values, vector,
};
use burn::tensor::{DType, Tensor};
use morula_core::transport::{
    SinkhornConfig, StudentT, StudentTConfig, TransportPlan, dec_target, transport_loss,
};
use serde_json::Value;

fn student_t(case: &Value, nu: f64) -> StudentT {
    let centroids = matrix(&case["centers"]);
    let [k, d] = centroids.dims();
    let config = StudentTConfig::new(k, d).with_nu(nu);
    config.init(&device()).unwrap().with_centroids(centroids).unwrap()
}

#[test]
fn assignment() {
    let case = siamese_case("student_t");
    let z = matrix(&case["z"]);
    close(&student_t(&case, 1.0).forward(z.clone()), &case["q_nu1"]);
    close(&student_t(&case, 2.0).forward(z.clone()), &case["q_nu2"]);
    let log_q = student_t(&case, 1.0).log_forward(z);
    close(&log_q.exp(), &case["q_nu1"]);
}

#[test]
fn dec_target_and_its_divergence() {
    let case = siamese_case("student_t");
    let target = dec_target(matrix(&case["q_nu1"]));
    close(&target, &case["dec_target_from_q_nu1"]);
    let log_q = student_t(&case, 1.0).log_forward(matrix(&case["z"]));
    close(&transport_loss(target, log_q), &case["kl_p_q_batchmean"]);
}

fn plan(case: &Value, config: SinkhornConfig, columns: &[f64], dtype: DType) -> TransportPlan {
    let log_q = matrix(&case["q"]).log().cast(dtype);
    let columns = f64_tensor(columns, [columns.len()]);
    config.init().unwrap().forward(log_q, columns).unwrap()
}

fn exact(iterations: usize) -> SinkhornConfig {
    SinkhornConfig::new().with_tolerance(0.0).with_max_iterations(iterations)
}

#[test]
fn plan_after_three_iterations() {
    let case = siamese_case("sinkhorn");
    let found = plan(&case, exact(3), &vector(&case["col_marginal"]), DType::F64);
    close(&found.plan, &case["plan_3_iterations"]);
    assert_eq!(found.iterations, 3);
    assert!(!found.converged && found.column_error > 1e-4, "{found:?}");
}

#[test]
fn converged_plan() {
    let case = siamese_case("sinkhorn");
    let columns = vector(&case["col_marginal"]);
    let config = SinkhornConfig::new().with_tolerance(1e-12);
    let found = plan(&case, config, &columns, DType::F64);
    assert!(found.converged && found.iterations < 1000, "{found:?}");
    close(&found.plan, &case["plan_converged_1000"]);
    close(&found.plan.clone().sum_dim(1), &case["row_sums"]);
    close(&found.plan.clone().sum_dim(0), &case["col_sums"]);

    let loss = transport_loss(found.plan, matrix(&case["q"]).log());
    close(&loss, &case["kl_plan_q_mean (the intended clustering loss)"]);
}

#[test]
fn uniform_columns() {
    let case = siamese_case("sinkhorn");
    let found = plan(&case, exact(1000), &[2.0, 2.0, 2.0], DType::F64);
    close(&found.plan, &case["uniform_cols_[2,2,2]_plan"]);
}

/// Columns are proportions: the reference's plan, of total mass 1, is this plan divided by n.
#[test]
fn probability_marginals() {
    let case = siamese_case("sinkhorn");
    let marginals = &case["probability_marginals"];
    let found = plan(&case, exact(1000), &vector(&marginals["b"]), DType::F64);
    close(&found.plan.mul_scalar(1.0 / 6.0), &marginals["plan"]);
}

#[test]
fn extreme_kernel_in_the_log_domain() {
    let case = &siamese_case("sinkhorn")["extreme"];
    let config = exact(3000).with_lambda(number(&case["lambda"]));
    let columns = vector(&case["col_sums"]);
    let kernel = matrix(&case["q"]).log().mul_scalar(number(&case["lambda"]));
    near(&[scalar(kernel.min())], &[number(&case["min_log_kernel"])], 1e-9);

    let found = plan(case, config.clone(), &columns, DType::F64);
    close(&found.plan, &case["plan_3000"]);

    let single: Tensor<2> = plan(case, config, &columns, DType::F32).plan;
    assert!(values(single.clone()).iter().all(|share| share.is_finite()));
    near(&values(single.clone()), &vector(&case["plan_3000"]), 1e-4);
    near(&values(single.sum_dim(1)), &[1.0; 6], 1e-6);
}
