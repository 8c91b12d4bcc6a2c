//! Reference values, f64 tensors on an autodiff CPU device, and seeded draws.
#![allow(dead_code, missing_docs, reason = "each test binary uses a part")]

pub mod device_check;
pub mod graphs;

use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

/// Input and expected values of a case of the reference file.
pub fn case(name: &str) -> (Value, Value) {
    let file: Value = serde_json::from_str(include_str!("../golden/jojoscl.json")).unwrap();
    let cases = file["cases"].as_array().unwrap();
    let case = cases.iter().find(|case| case["name"] == name).unwrap();
    (case["input"].clone(), case["expected"].clone())
}

/// A case of the reference file of scSiameseClu; its fields are inputs and expected values.
pub fn siamese_case(name: &str) -> Value {
    let file: Value = serde_json::from_str(include_str!("../golden/scsiameseclu.json")).unwrap();
    file[name].clone()
}

pub fn device() -> Device {
    Device::flex().autodiff()
}

pub fn f64_tensor<const D: usize>(values: &[f64], shape: [usize; D]) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values.to_vec(), shape), (&device(), DType::F64))
}

pub fn labels(labels: &[i32]) -> Tensor<1, Int> {
    Tensor::from_data(TensorData::new(labels.to_vec(), [labels.len()]), &device())
}

pub fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

/// All numbers of a (nested) array, in order.
pub fn vector(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(items) => items.iter().flat_map(vector).collect(),
        _ => vec![number(value)],
    }
}

pub fn matrix(value: &Value) -> Tensor<2> {
    let rows = value.as_array().unwrap();
    f64_tensor(&vector(value), [rows.len(), rows[0].as_array().unwrap().len()])
}

pub fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.try_into_vec_as::<f64>().unwrap()
}

pub fn scalar<const D: usize>(tensor: Tensor<D>) -> f64 {
    let found = values(tensor);
    assert_eq!(found.len(), 1);
    found[0]
}

/// Asserts agreement with the reference to 1e-9, relative to its largest value.
#[track_caller]
pub fn close<const D: usize>(found: &Tensor<D>, expected: &Value) {
    near(&values(found.clone()), &vector(expected), 1e-9);
}

/// Asserts agreement to `tolerance`, relative to the largest expected value.
#[track_caller]
pub fn near(found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len(), "{found:?} {expected:?}");
    let scale = expected.iter().fold(f64::MIN_POSITIVE, |scale, value| value.abs().max(scale));
    let within = |(f, e): (&f64, &f64)| (f - e).abs() <= tolerance * scale;
    assert!(found.iter().zip(expected).all(within), "found {found:?}, expected {expected:?}");
}

/// Standard normal numbers, by Box and Muller.
pub fn normals(seed: u64, length: usize) -> Vec<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut draw = || {
        let (u, v): (f64, f64) = (rng.random(), rng.random());
        (-2.0 * (1.0 - u).ln()).sqrt() * (std::f64::consts::TAU * v).cos()
    };
    (0..length).map(|_| draw()).collect()
}

/// A mean over independent draws with its standard error.
#[derive(Debug)]
pub struct Average {
    pub mean: f64,
    pub standard_error: f64,
}

impl Average {
    pub fn of(values: &[f64]) -> Self {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
        Self { mean, standard_error: (variance / n).sqrt() }
    }

    /// Whether a value is within some standard errors of the mean.
    pub fn covers(&self, value: f64, standard_errors: f64) -> bool {
        (self.mean - value).abs() <= standard_errors * self.standard_error
    }
}

/// Average of a statistic over draws of N(theta, sigma2 I), given as a tensor \[draws, N, P\].
pub fn monte_carlo(
    theta: &[f64],
    n_cells: usize,
    sigma2: f64,
    draws: usize,
    statistic: impl Fn(Tensor<3>) -> Tensor<2>,
) -> Average {
    let n_dims = theta.len() / n_cells;
    let mut x = normals(7, draws * theta.len());
    for (x, theta) in x.iter_mut().zip(theta.iter().cycle()) {
        *x = theta + sigma2.sqrt() * *x;
    }
    Average::of(&values(statistic(f64_tensor(&x, [draws, n_cells, n_dims]))))
}
