//! The ZINB loss at the edges of its domain, and the inputs that it refuses.

use crate::common::{device, f64_tensor, near, normals, scalar, values};
use burn::tensor::{DType, Tensor};
use morula_core::CoreError;
use morula_core::zinb::{ZinbLoss, ZinbLossConfig, ZinbParameters};

fn zinb_loss() -> ZinbLoss {
    ZinbLossConfig::new().init().unwrap()
}

/// Leaves of the shape, drawn from normal distributions.
fn parameters(seed: u64, shape: [usize; 2]) -> ZinbParameters {
    let draws = normals(seed, 3 * shape[0] * shape[1]);
    let mut parts = draws.chunks(shape[0] * shape[1]).map(|d| f64_tensor(d, shape).require_grad());
    let mut next = || parts.next().unwrap();
    ZinbParameters { log_mean: next(), log_dispersion: next(), dropout_logits: next() }
}

fn gradients(loss: &Tensor<1>, parameters: &ZinbParameters) -> [Vec<f64>; 3] {
    let gradients = loss.backward();
    let ZinbParameters { log_mean, log_dispersion, dropout_logits } = parameters;
    [log_mean, log_dispersion, dropout_logits].map(|leaf| values(leaf.grad(&gradients).unwrap()))
}

/// -log(pi + (1 - pi) (theta / (theta + s mu))^theta).
#[test]
fn cells_without_a_count() {
    let parameters = parameters(1, [2, 3]);
    let sizes = [1e-3, 1e3];
    let loss = zinb_loss()
        .forward(
            Tensor::zeros([2, 3], (&device(), DType::F64)),
            parameters.clone(),
            f64_tensor(&sizes, [2]),
        )
        .unwrap();
    let [mu, theta, pi] =
        [parameters.mean(), parameters.dispersion(), parameters.dropout()].map(values);
    let nll = (0..6).map(|i| {
        let silent = (theta[i] / (theta[i] + sizes[i / 3] * mu[i])).powf(theta[i]);
        -(pi[i] + (1.0 - pi[i]) * silent).ln()
    });
    near(&values(loss.clone()), &[nll.sum::<f64>() / 6.0], 1e-12);
    // Less expression and more dropout make a zero more likely.
    let [log_mean, _, logits] = gradients(&loss, &parameters);
    assert!(log_mean.iter().all(|&g| g > 0.0) && logits.iter().all(|&g| g < 0.0));
}

/// A size factor acts as a factor of the mean.
#[test]
fn size_factors_scale_the_mean() {
    let counts = f64_tensor(&[0.0, 1.0, 30.0, 2000.0], [1, 4]);
    for size in [1e-3f64, 0.7, 1e3] {
        let given = parameters(2, [1, 4]);
        let loss =
            zinb_loss().forward(counts.clone(), given.clone(), f64_tensor(&[size], [1])).unwrap();
        let scaled =
            ZinbParameters { log_mean: given.log_mean.clone() + size.ln(), ..given.clone() };
        let other = zinb_loss().forward(counts.clone(), scaled, f64_tensor(&[1.0], [1])).unwrap();
        near(&values(loss.clone()), &values(other.clone()), 1e-13);
        for (a, b) in gradients(&loss, &given).iter().zip(gradients(&other, &given)) {
            near(a, &b, 1e-12);
        }
    }
}

/// The mean over all entries is the mean over one-entry losses, and so are its gradients.
#[test]
fn one_cell_and_one_gene() {
    let shape @ [n, genes] = [3, 5];
    let counts: Vec<f64> = (0..15).map(|i| f64::from(i * i % 7)).collect();
    let counts = f64_tensor(&counts, shape);
    let parameters = parameters(3, shape);
    let sizes = f64_tensor(&[0.4, 1.0, 2.0], [n]);
    let whole = zinb_loss().forward(counts.clone(), parameters.clone(), sizes.clone()).unwrap();
    let mut parts = Vec::new();
    for i in 0..n {
        for j in 0..genes {
            let at = |t: &Tensor<2>| t.clone().slice([i..i + 1, j..j + 1]);
            let one = ZinbParameters {
                log_mean: at(&parameters.log_mean),
                log_dispersion: at(&parameters.log_dispersion),
                dropout_logits: at(&parameters.dropout_logits),
            };
            let size = sizes.clone().narrow(0, i, 1);
            parts.push(zinb_loss().forward(at(&counts), one, size).unwrap());
        }
    }
    let mean = Tensor::cat(parts, 0).mean();
    near(&values(whole.clone()), &[scalar(mean.clone())], 1e-13);
    for (a, b) in gradients(&whole, &parameters).iter().zip(gradients(&mean, &parameters)) {
        near(a, &b, 1e-12);
    }
}

/// The gradient of a multiple of the loss is the multiple of its gradient, also through a parameter
/// that is not a leaf.
#[test]
fn the_chain_rule_goes_on() {
    let counts = f64_tensor(&[0.0, 4.0, 1.0, 0.0], [2, 2]);
    let sizes = f64_tensor(&[1.0, 1.0], [2]);
    let given = parameters(4, [2, 2]);
    let loss = zinb_loss().forward(counts.clone(), given.clone(), sizes.clone()).unwrap();
    let expected = gradients(&loss, &given);
    let inner =
        ZinbParameters { log_mean: given.log_mean.clone().mul_scalar(2.0) * 0.5, ..given.clone() };
    let tripled = zinb_loss().forward(counts, inner, sizes).unwrap().mul_scalar(3.0);
    for (found, expected) in gradients(&tripled, &given).iter().zip(expected) {
        let expected: Vec<f64> = expected.iter().map(|g| 3.0 * g).collect();
        near(found, &expected, 1e-12);
    }
}

/// Outside autodiff, and with counts of another precision.
#[test]
fn plain_tensors_and_mixed_precision() {
    let given = parameters(5, [2, 2]);
    let counts = f64_tensor(&[0.0, 4.0, 1.0, 0.0], [2, 2]);
    let sizes = f64_tensor(&[0.5, 1.5], [2]);
    let expected = zinb_loss().forward(counts.clone(), given.clone(), sizes.clone()).unwrap();
    let plain = ZinbParameters {
        log_mean: given.log_mean.clone().inner(),
        log_dispersion: given.log_dispersion.clone().inner(),
        dropout_logits: given.dropout_logits.clone().inner(),
    };
    let found = zinb_loss().forward(counts.clone().inner(), plain, sizes.clone().inner()).unwrap();
    assert_eq!(values(found), values(expected.clone()));
    let mixed =
        zinb_loss().forward(counts.cast(DType::F32), given, sizes.cast(DType::F32)).unwrap();
    near(&values(mixed), &values(expected), 1e-6);
}

#[test]
fn wrong_shapes_are_named() {
    let refused = |counts: [usize; 2], log_mean: [usize; 2], logits: [usize; 2], sizes: usize| {
        let options = (&device(), DType::F64);
        let parameters = ZinbParameters {
            log_mean: Tensor::zeros(log_mean, options),
            log_dispersion: Tensor::zeros([2, 3], options),
            dropout_logits: Tensor::zeros(logits, options),
        };
        let counts = Tensor::zeros(counts, options);
        let loss = zinb_loss().forward(counts, parameters, Tensor::ones([sizes], options));
        match loss.unwrap_err() {
            CoreError::Shape { tensor, .. } => tensor,
            other => panic!("{other}"),
        }
    };
    assert_eq!(refused([2, 3], [3, 2], [2, 3], 2), "log_mean");
    assert_eq!(refused([2, 4], [2, 4], [2, 4], 2), "log_dispersion");
    assert_eq!(refused([2, 3], [2, 3], [1, 3], 2), "dropout_logits");
    assert_eq!(refused([2, 3], [2, 3], [2, 3], 1), "size_factors");
    assert_eq!(refused([0, 3], [2, 3], [2, 3], 1), "counts");
}

#[test]
fn a_ridge_below_zero_is_refused() {
    for ridge in [-0.1, f64::NAN, f64::INFINITY] {
        let error = ZinbLossConfig::new().with_ridge(ridge).init().unwrap_err();
        assert!(matches!(error, CoreError::Parameter { parameter: "ridge", .. }), "{error}");
    }
}
