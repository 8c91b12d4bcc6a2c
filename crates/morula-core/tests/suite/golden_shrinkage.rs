//! Shrinkage against float64 reference values computed with NumPy from the equations
//! (`golden/jojoscl.json`; relative tolerance 1e-9 in f64).

use crate::common::{case, close, f64_tensor, labels, matrix, number, scalar, values, vector};
use burn::tensor::Tensor;
use morula_core::shrinkage::{
    Centre, Memberships, Shrinkage, SureInput, SureOutput, SureShrinkageConfig, Variance,
    posterior_weight, stein_risk,
};
use serde_json::Value;

/// All cells in one cluster.
fn together(n_cells: usize) -> Memberships {
    Memberships::hard(labels(&vec![0; n_cells]), 1)
}

/// The module's output for one cluster with a known noise variance, risk summed over the cells.
fn known(
    config: SureShrinkageConfig,
    x: &Tensor<2>,
    sigma2: f64,
    mu: Option<&[f64]>,
) -> (f64, SureOutput) {
    let n_cells = x.dims()[0];
    let mut input =
        SureInput::new(x.clone(), together(n_cells)).with_sigma2(f64_tensor(&[sigma2], [1]));
    if let Some(mu) = mu {
        input = input.with_centres(f64_tensor(mu, [1, mu.len()]));
    }
    let output = config.init().unwrap().forward(input).unwrap();
    (scalar(output.risk.clone()) * n_cells as f64, output)
}

/// Per-cell risk of one cluster for a given b, by the elementwise formula.
fn risk_per_cell(
    x: &Tensor<2>,
    mu: &Tensor<2>,
    sigma2: Tensor<2>,
    b: Tensor<2>,
    share: f64,
) -> Tensor<2> {
    let n_dims = x.dims()[1];
    let distances = (x.clone() - mu.clone()).square().sum_dim(1);
    let divergence = distances.full_like(n_dims as f64 * (1.0 - share));
    stein_risk(distances, divergence, sigma2, b, n_dims)
}

fn shrunk(x: &Tensor<2>, mu: &Tensor<2>, b: &Tensor<2>) -> Tensor<2> {
    x.clone() - b.clone() * (x.clone() - mu.clone())
}

fn fixed() -> SureShrinkageConfig {
    SureShrinkageConfig::new().with_centre(Centre::Fixed)
}

#[test]
fn sure_fixed_mu() {
    let (input, expected) = case("sure_fixed_mu");
    let x = matrix(&input["X"]).require_grad();
    let mu = f64_tensor(&vector(&input["mu"]), [1, 3]).require_grad();
    let sigma2 = f64_tensor(&[number(&input["sigma2"])], [1, 1]);
    let tau2 = f64_tensor(&[number(&input["tau2"])], [1, 1]).require_grad();

    let b = posterior_weight(sigma2.clone(), tau2.clone());
    let per_cell = risk_per_cell(&x, &mu, sigma2, b.clone(), 0.0);
    close(&shrunk(&x, &mu, &b), &expected["theta_hat"]);
    close(&b, &expected["b"]);
    close(&per_cell, &expected["sure_per_cell"]);
    close(&per_cell.clone().mean(), &expected["sure_mean_per_cell"]);
    let sum = per_cell.sum();
    close(&sum, &expected["sure_sum"]);
    let gradients = sum.backward();
    close(&x.grad(&gradients).unwrap(), &expected["grad_sure_sum_wrt_X"]);
    close(&mu.grad(&gradients).unwrap(), &expected["grad_sure_sum_wrt_mu"]);
    close(&tau2.grad(&gradients).unwrap(), &expected["dSUREsum_dtau2"]);
}

#[test]
fn sure_group_mean() {
    let (input, expected) = case("sure_group_mean");
    let x = matrix(&input["X"]).require_grad();
    let sigma2 = f64_tensor(&[number(&input["sigma2"])], [1, 1]);
    let tau2 = f64_tensor(&[number(&input["tau2"])], [1, 1]);

    let b = posterior_weight(sigma2.clone(), tau2);
    let mu = x.clone().mean_dim(0);
    close(&b, &expected["b"]);
    close(&mu, &expected["mu"]);
    close(&shrunk(&x, &mu, &b), &expected["theta_hat"]);
    let uncorrected = risk_per_cell(&x, &mu, sigma2.clone(), b.clone(), 0.0);
    close(&uncorrected.sum(), &expected["sure_sum_WITHOUT_1_over_N_correction"]);
    let per_cell = risk_per_cell(&x, &mu, sigma2, b, 0.25);
    close(&per_cell, &expected["sure_per_cell"]);
    let sum = per_cell.sum();
    close(&sum, &expected["sure_sum"]);
    close(&x.grad(&sum.backward()).unwrap(), &expected["grad_sure_sum_wrt_X"]);
}

#[test]
fn sure_optimal_b() {
    let (input, expected) = case("sure_optimal_b");
    let x = matrix(&input["X"]);
    let sigma2 = number(&input["sigma2"]);
    let mu = vector(&input["mu"]);
    for (config, mu, expected) in [
        (fixed(), Some(mu.as_slice()), &expected["fixed"]),
        (SureShrinkageConfig::new(), None, &expected["group_mean"]),
    ] {
        let (risk, output) = known(config, &x, sigma2, mu);
        close(&output.b, &expected["b"]);
        close(&output.tau2, &expected["tau2"]);
        close(&f64_tensor(&[risk], [1]), &expected["sure_at_opt"]);
        let scatter = (x.clone() - output.centres).square().sum();
        close(&scatter, &expected["S"]);
    }
}

#[test]
fn sure_optimal_b_clipped() {
    let (input, expected) = case("sure_optimal_b_clipped");
    let mu = vector(&input["mu"]);
    let (risk, output) = known(fixed(), &matrix(&input["X"]), number(&input["sigma2"]), Some(&mu));
    close(&output.b, &expected["b"]);
    close(&output.tau2, &expected["tau2"]);
    close(&f64_tensor(&[risk], [1]), &expected["sure_at_opt"]);
}

#[test]
fn james_stein() {
    let (input, expected) = case("james_stein");
    let x = f64_tensor(&vector(&input["x"]), [1, 5]);
    let config = fixed().with_shrinkage(Shrinkage::JamesStein);
    let (risk, output) = known(config, &x, number(&input["sigma2"]), Some(&[0.0; 5]));
    close(&output.b, &expected["b"]);
    close(&output.theta_hat, &expected["theta_hat"]);
    close(&f64_tensor(&[risk], [1]), &expected["sure"]);
}

#[test]
fn james_stein_group_mean() {
    let (input, expected) = case("james_stein_group_mean");
    let config = SureShrinkageConfig::new().with_shrinkage(Shrinkage::JamesStein);
    let (risk, output) = known(config, &matrix(&input["X"]), number(&input["sigma2"]), None);
    close(&output.b, &expected["b"]);
    close(&output.theta_hat, &expected["theta_hat"]);
    close(&f64_tensor(&[risk], [1]), &expected["sure"]);
}

#[test]
fn clt_plugin_cluster() {
    let (input, expected) = case("clt_plugin_cluster");
    for (detach, gradient) in
        [(true, "grad_sum_sigma2_detached_wrt_X"), (false, "grad_sum_through_sigma2_wrt_X")]
    {
        let x = matrix(&input["X"]).require_grad();
        let module = SureShrinkageConfig::new()
            .with_variance(Variance::CentroidClt)
            .with_detach(detach)
            .init()
            .unwrap();
        let output = module.forward(SureInput::new(x.clone(), together(5))).unwrap();
        close(&output.sigma2, &expected["sigma2"]);
        close(&output.tau2, &expected["tau2"]);
        close(&output.b, &expected["b"]);
        close(&output.theta_hat, &expected["theta_hat"]);
        let sum = output.risk * 5.0;
        close(&sum, &expected["sure_sum"]);
        close(&sum, &expected["closed_form"]);
        close(&x.grad(&sum.backward()).unwrap(), &expected[gradient]);
    }
}

#[test]
fn xkb_heteroscedastic() {
    let (input, expected) = case("xkb_heteroscedastic");
    let x = f64_tensor(&vector(&input["x"]), [6, 1]);
    let sigma2 = f64_tensor(&vector(&input["A"]), [6, 1]);
    let tau2 = f64_tensor(&[number(&input["lambda"])], [1, 1]);
    let b = posterior_weight(sigma2.clone(), tau2);

    let mu = f64_tensor(&[number(&input["mu"])], [1, 1]);
    let per_cell = risk_per_cell(&x, &mu, sigma2.clone(), b.clone(), 0.0);
    close(&shrunk(&x, &mu, &b), &expected["theta_hat_fixed_mu"]);
    close(&per_cell.clone().sum(), &expected["sure_fixed_mu_sum"]);
    close(&per_cell.mean(), &expected["sure_fixed_mu_mean"]);

    let mean = x.clone().mean_dim(0);
    close(&mean, &expected["grand_mean"]);
    let per_cell = risk_per_cell(&x, &mean, sigma2, b, 1.0 / 6.0);
    close(&per_cell.sum(), &expected["sure_grand_mean_sum"]);
}

#[test]
fn replicate_variance() {
    let (input, expected) = case("replicate_variance");
    for per_cluster in [false, true] {
        let module = SureShrinkageConfig::new().with_per_cluster(per_cluster).init().unwrap();
        let views =
            SureInput::new(matrix(&input["v1"]), together(4)).with_replicate(matrix(&input["v2"]));
        let output = module.forward(views).unwrap();
        close(&output.sigma2, &expected["sigma2"]);
        close(&output.tau2, &expected["tau2"]);
        close(&(output.sigma2 + output.tau2), &expected["s2_within"]);
        close(&output.b, &expected["b"]);
        close(&output.theta_hat, &expected["theta_hat"]);
        close(&(output.risk * 4.0), &expected["sure_group_mean_sum"]);
    }
}

/// The reference also fixes tau^2. The test therefore checks the formula at the reference's b, cell
/// by cell, and the parts that the module shares with it: the centres, and the formula at the
/// module's own b.
#[test]
fn soft_cluster_sure() {
    let (input, expected) = case("soft_cluster_sure");
    let x = matrix(&input["X"]);
    let r = matrix(&input["R"]);
    let sigma2 = f64_tensor(&vector(&input["sigma2"]), [1, 2]);
    let tau2 = f64_tensor(&vector(&input["tau2"]), [1, 2]);

    let module = SureShrinkageConfig::new().init().unwrap();
    let input = SureInput::new(x.clone(), Memberships::soft(r.clone()))
        .with_sigma2(sigma2.clone().reshape([2]));
    let output = module.forward(input).unwrap();
    close(&output.centres, &expected["mu"]);

    let distances = (x.unsqueeze_dim::<3>(1) - output.centres.unsqueeze_dim(0)).square().sum_dim(2);
    let distances = distances.reshape([4, 2]);
    let share = r.clone() / r.clone().sum_dim(0);
    let divergence = (share.neg() + 1.0) * 3.0;
    let formula = |b| stein_risk(distances.clone(), divergence.clone(), sigma2.clone(), b, 3);

    let b = posterior_weight(sigma2.clone(), tau2);
    close(&b, &expected["b"]);
    close(&formula(b.clone()), &expected["sure_ik"]);
    close(&(r.clone() * formula(b)).sum(), &expected["weighted_sum"]);

    let own = scalar((r * formula(output.b.reshape([1, 2]))).sum());
    close(&(output.risk * 4.0), &Value::from(own));
}

#[test]
fn sure_envelope_grad() {
    let (input, expected) = case("sure_envelope_grad");
    for detach in [true, false] {
        let x = matrix(&input["X"]).require_grad();
        let config = SureShrinkageConfig::new().with_detach(detach);
        let (risk, output) = known(config, &x, number(&input["sigma2"]), None);
        close(&output.b, &expected["b"]);
        close(&f64_tensor(&[risk], [1]), &expected["value"]);
        let gradients = (output.risk * 4.0).backward();
        close(&x.grad(&gradients).unwrap(), &expected["grad"]);
    }
}

/// The reference's draws cannot be repeated here, but the exact risk for
/// b = sigma^2 / (sigma^2 + tau^2) has a closed form: the average of the formula over other draws
/// must agree with it.
#[test]
fn monte_carlo_unbiased() {
    let (input, expected) = case("monte_carlo_unbiased");
    let theta = values(matrix(&input["Theta"]));
    let (sigma2, tau2) = (number(&input["sigma2"]), number(&input["tau2"]));
    let sum = crate::common::monte_carlo(&theta, 6, sigma2, 40_000, |x| {
        let mu = x.clone().mean_dim(1);
        let distances = (x - mu).square().sum_dim(2).reshape([40_000, 6]);
        let one = |value: f64| f64_tensor(&[value], [1, 1]);
        let b = posterior_weight(one(sigma2), one(tau2));
        stein_risk(distances, one(4.0 * 5.0 / 6.0), one(sigma2), b, 4).sum_dim(1)
    });
    let exact = number(&expected["exact_risk"]);
    assert!(sum.covers(exact, 4.0), "{sum:?} {exact}");
    assert!(!sum.covers(number(&expected["mean_sure_without_correction"]), 4.0), "{sum:?}");
    assert!(!sum.covers(number(&expected["mean_released_expression"]), 4.0), "{sum:?}");
}
