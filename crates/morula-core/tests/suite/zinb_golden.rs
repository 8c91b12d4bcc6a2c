//! The ZINB loss and heads against float64 numbers computed with NumPy
//! (tests/golden/scsiameseclu.json, cases `zinb_nll` and `zinb_heads`;
//! sections [3.3](https://github.com/morula-bio/morula/blob/main/docs/models/scsiameseclu.md#3-3)
//! and [3.5](https://github.com/morula-bio/morula/blob/main/docs/models/scsiameseclu.md#3-5)).

use crate::common::{
    close, device, f64_tensor, matrix, near, number, scalar, siamese_case, values, vector,
};
use burn::module::Param;
use burn::tensor::{DType, Tensor};
use morula_core::zinb::{ZinbHeadsConfig, ZinbLossConfig, ZinbParameters};
use serde_json::Value;

/// log mu, log theta, logit pi of the case, as leaves.
fn leaves(case: &Value) -> ZinbParameters {
    let pi = matrix(&case["pi"]);
    ZinbParameters {
        log_mean: matrix(&case["mean"]).log().require_grad(),
        log_dispersion: matrix(&case["disp"]).log().require_grad(),
        dropout_logits: (pi.clone().log() - (pi.neg() + 1.0).log()).require_grad(),
    }
}

fn loss(case: &Value, parameters: ZinbParameters, ridge: f64) -> Tensor<1> {
    let sizes = vector(&case["size_factor"]);
    let sizes = f64_tensor(&sizes, [sizes.len()]);
    let loss = ZinbLossConfig::new().with_ridge(ridge).init().unwrap();
    loss.forward(matrix(&case["x"]), parameters, sizes).unwrap()
}

#[test]
fn value_and_ridge() {
    let case = siamese_case("zinb_nll");
    close(&loss(&case, leaves(&case), 0.0), &case["nll_mean"]);
    close(&loss(&case, leaves(&case), 0.1), &case["nll_ridge_0.1_mean"]);
}

#[test]
fn every_entry() {
    let case = siamese_case("zinb_nll");
    let loss = ZinbLossConfig::new().init().unwrap();
    let (counts, parameters) = (matrix(&case["x"]), leaves(&case));
    let [n, genes] = counts.dims();
    let sizes = vector(&case["size_factor"]);
    let expected = vector(&case["nll"]);
    for (index, expected) in expected.iter().enumerate() {
        let (i, j) = (index / genes, index % genes);
        let entry = |t: &Tensor<2>| t.clone().slice([i..i + 1, j..j + 1]);
        let one = ZinbParameters {
            log_mean: entry(&parameters.log_mean),
            log_dispersion: entry(&parameters.log_dispersion),
            dropout_logits: entry(&parameters.dropout_logits),
        };
        let found = loss.forward(entry(&counts), one, f64_tensor(&sizes[i..i + 1], [1])).unwrap();
        approx::assert_relative_eq!(scalar(found), *expected, max_relative = 1e-9, epsilon = 1e-14);
    }
    assert_eq!(expected.len(), n * genes);
}

/// By the chain rule d/d log mu = mu d/d mu, d/d log theta = theta d/d theta and
/// d/d logit = pi (1 - pi) d/d pi.
#[test]
fn gradients() {
    let case = siamese_case("zinb_nll");
    let parameters = leaves(&case);
    let gradients = loss(&case, parameters.clone(), 0.0).backward();
    let ZinbParameters { log_mean, log_dispersion, dropout_logits } = parameters;
    let pi = vector(&case["pi"]);
    let logistic: Vec<f64> = pi.iter().map(|pi| pi * (1.0 - pi)).collect();
    let expected = [
        (log_mean, vector(&case["mean"]), "grad_of_nll_mean_wrt_mean"),
        (log_dispersion, vector(&case["disp"]), "grad_wrt_disp"),
        (dropout_logits, logistic, "grad_wrt_pi"),
    ];
    for (leaf, inner, name) in expected {
        let expected: Vec<f64> =
            vector(&case[name]).iter().zip(inner).map(|(outer, inner)| outer * inner).collect();
        near(&values(leaf.grad(&gradients).unwrap()), &expected, 1e-9);
    }
}

/// Heads that return their input: weight 1, bias 0.
#[test]
fn heads() {
    let case = siamese_case("zinb_heads");
    let x = vector(&case["x"]);
    let x = f64_tensor(&x, [x.len(), 1]);
    let mut identity = Identity;
    let heads =
        burn::module::Module::map(ZinbHeadsConfig::new(1, 1).init(&device()), &mut identity);
    let found = heads.forward(x);
    close(&found.mean(), &case["mean_act_clamp(exp,1e-5,1e6)"]);
    close(&found.dispersion(), &case["disp_act_clamp(softplus,1e-4,1e4)"]);
    close(&found.dropout(), &case["pi_sigmoid"]);
    let dispersions = values(found.dispersion());
    approx::assert_relative_eq!(dispersions[0], 1e-4, max_relative = 1e-12);
    assert!(number(&case["x"][0]) < -20.0);
}

struct Identity;

impl burn::module::ModuleMapper for Identity {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        param.map(|old| {
            let shape = old.shape();
            let value = if D == 2 { 1.0 } else { 0.0 };
            Tensor::full(shape, value, (&device(), DType::F64))
        })
    }
}
