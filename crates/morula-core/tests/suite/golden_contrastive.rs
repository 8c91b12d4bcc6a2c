//! Contrastive losses and the momentum encoder against float64 numbers computed with NumPy
//! (tests/golden/jojoscl.json;
//! sections [2.2](https://github.com/morula-bio/morula/blob/main/docs/models/jojoscl.md#2-2),
//! [2.4](https://github.com/morula-bio/morula/blob/main/docs/models/jojoscl.md#2-4)
//! and [2.5](https://github.com/morula-bio/morula/blob/main/docs/models/jojoscl.md#2-5)).

use burn::module::{Module, Param};
use burn::tensor::{DType, Device, Int, Tensor, TensorData, activation::softmax};
use morula_core::contrastive::{
    ClusterContrastiveLossConfig, InstanceContrastiveLossConfig, momentum_update,
};
use serde_json::Value;

const TOLERANCE: f64 = 1e-9;

fn case(name: &str) -> Value {
    let golden: Value = serde_json::from_str(include_str!("../golden/jojoscl.json")).unwrap();
    let cases = golden["cases"].as_array().unwrap();
    cases.iter().find(|c| c["name"] == name).unwrap_or_else(|| panic!("no case {name}")).clone()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

fn matrix(value: &Value) -> Tensor<2> {
    let rows = value.as_array().unwrap();
    let columns = rows[0].as_array().unwrap().len();
    let flat: Vec<f64> = rows.iter().flat_map(|r| r.as_array().unwrap()).map(number).collect();
    let data = TensorData::new(flat, [rows.len(), columns]);
    Tensor::from_data(data, (&Device::flex(), DType::F64))
}

fn scalar(x: Tensor<1>) -> f64 {
    x.into_scalar::<f64>()
}

fn assert_close(found: f64, expected: f64) {
    approx::assert_relative_eq!(found, expected, max_relative = TOLERANCE, epsilon = 1e-12);
}

#[test]
fn nt_xent() {
    for name in ["nt_xent_T0.07", "nt_xent_T0.5", "nt_xent_T1.0", "nt_xent_collapsed"] {
        let case = case(name);
        let temperature = number(&case["input"]["temperature"]);
        let loss = InstanceContrastiveLossConfig::new().with_temperature(temperature).init();
        let (a, b) = (matrix(&case["input"]["za"]), matrix(&case["input"]["zb"]));
        assert_close(scalar(loss.forward(a.clone(), b.clone())), number(&case["expected"]["loss"]));
        if let Some(expected) = case["expected"]["per_anchor"].as_array() {
            let found = loss.per_anchor(a, b).try_into_vec_as::<f64>().unwrap();
            assert_eq!(found.len(), expected.len());
            found.iter().zip(expected).for_each(|(f, e)| assert_close(*f, number(e)));
        }
    }
}

/// Cell 1 is in the batch twice: by itself, and as the second view of cell 0.
#[test]
fn a_cell_is_no_negative_of_itself() {
    let case = case("nt_xent_T0.5");
    let loss = InstanceContrastiveLossConfig::new().with_temperature(0.5).init();
    let (a, b) = (matrix(&case["input"]["za"]), matrix(&case["input"]["zb"]));
    let [n, _] = a.dims();
    let cells = |of: Vec<i32>| Tensor::<1, Int>::from_ints(of.as_slice(), &a.device());
    let own: Vec<i32> = (0..n as i32).collect();
    let each = [cells(own.clone()), cells(own.clone())];
    let plain = scalar(loss.forward(a.clone(), b.clone()));
    assert_close(scalar(loss.forward_cells([a.clone(), b.clone()], each)), plain);

    let mut second = own.clone();
    second[0] = 1;
    let found = scalar(
        loss.forward_cells([a.clone(), b.clone()], [cells(own.clone()), cells(second.clone())]),
    );
    let cell: Vec<i32> = own.iter().chain(&second).copied().collect();
    let positive: Vec<i32> = second.iter().chain(&own).copied().collect();
    let z = Tensor::cat(vec![a, b], 0).try_into_vec_as::<f64>().unwrap();
    let d = z.len() / (2 * n);
    let similarity = |i: usize, j: usize| -> f64 {
        (0..d).map(|k| z[i * d + k] * z[j * d + k]).sum::<f64>() / 0.5
    };
    let of_row = |i: usize| {
        let pair = (i + n) % (2 * n);
        let counts = |j: &usize| *j == pair || (cell[*j] != cell[i] && cell[*j] != positive[i]);
        let sum: f64 = (0..2 * n).filter(counts).map(|j| similarity(i, j).exp()).sum();
        sum.ln() - similarity(i, pair)
    };
    let expected = (0..2 * n).map(of_row).sum::<f64>() / (2 * n) as f64;
    assert_close(found, expected);
    assert!(found < plain, "fewer negatives");
}

#[test]
fn cluster_contrast_and_balance() {
    for name in ["cluster_loss_T1.0", "cluster_loss_T0.07"] {
        let case = case(name);
        let expected = &case["expected"];
        let temperature = number(&case["input"]["temperature"]);
        let loss = ClusterContrastiveLossConfig::new().with_temperature(temperature).init();
        let q_a = softmax(matrix(&case["input"]["logits_a"]), 1);
        let q_b = softmax(matrix(&case["input"]["logits_b"]), 1);
        let output = loss.forward(q_a, q_b);
        assert_close(scalar(output.contrast.clone()), number(&expected["contrast_cosine"]));
        let balance = number(&expected["entropy_reg_a"]) + number(&expected["entropy_reg_b"]);
        assert_close(scalar(output.balance.clone()), balance);
        assert_close(scalar(output.total()), number(&expected["total_cosine"]));
    }
}

#[test]
fn a_collapsed_assignment_pays_log_k_and_gets_a_finite_gradient() {
    let case = case("cluster_entropy_collapsed");
    let q = matrix(&case["input"]["probs"]).autodiff().require_grad();
    let output = ClusterContrastiveLossConfig::new().init().forward(q.clone(), q.clone());
    let expected = 2.0 * number(&case["expected"]["entropy_reg"]);
    assert_close(scalar(output.balance.clone().inner()), expected);
    let gradient = q.grad(&output.total().backward()).unwrap();
    let gradient = gradient.try_into_vec_as::<f64>().unwrap();
    assert!(gradient.iter().all(|g| g.is_finite()), "{gradient:?}");
}

#[test]
fn one_cell_contrasts_with_nothing() {
    let z = Tensor::<2>::from_floats([[0.6, 0.8]], &Device::flex());
    let loss = InstanceContrastiveLossConfig::new().init().forward(z.clone(), z);
    assert!(loss.into_scalar::<f32>().abs() < 1e-5);
}

#[derive(Module, Debug)]
struct Weight {
    value: Param<Tensor<1>>,
}

#[test]
fn momentum_encoder() {
    let case = case("ema");
    let values = |v: &Value| -> Vec<f64> { v.as_array().unwrap().iter().map(number).collect() };
    let tensor = |v: &Value| {
        let values = values(v);
        let n = values.len();
        let data = TensorData::new(values, [n]);
        Weight { value: Param::from_tensor(Tensor::from_data(data, (&Device::flex(), DType::F64))) }
    };
    let query = tensor(&case["input"]["query"]);
    let mut key = tensor(&case["input"]["key"]);
    for _ in 0..case["input"]["steps"].as_u64().unwrap() {
        key = momentum_update(key, &query, number(&case["input"]["m"]));
    }
    let found = key.value.val().try_into_vec_as::<f64>().unwrap();
    found.iter().zip(values(&case["expected"]["key"])).for_each(|(f, e)| assert_close(*f, e));
}

/// d loss / d z by autodiff against central differences, in float64.
fn check_gradient(x: Tensor<2>, loss: impl Fn(Tensor<2>) -> Tensor<1>) {
    let leaf = x.clone().autodiff().require_grad();
    let gradient = leaf.grad(&loss(leaf.clone()).backward()).unwrap();
    let gradient = gradient.try_into_vec_as::<f64>().unwrap();
    let values = x.clone().try_into_vec_as::<f64>().unwrap();
    let step = 1e-6;
    for i in 0..values.len() {
        let at = |shift: f64| {
            let mut moved = values.clone();
            moved[i] += shift;
            let data = TensorData::new(moved, x.shape());
            scalar(loss(Tensor::from_data(data, (&Device::flex(), DType::F64))))
        };
        let difference = (at(step) - at(-step)) / (2.0 * step);
        approx::assert_relative_eq!(gradient[i], difference, max_relative = 1e-5, epsilon = 1e-7);
    }
}

#[test]
fn gradients_match_finite_differences() {
    let case = case("nt_xent_T0.5");
    let (a, b) = (matrix(&case["input"]["za"]), matrix(&case["input"]["zb"]));
    let instance = InstanceContrastiveLossConfig::new().with_temperature(0.5).init();
    check_gradient(a.clone(), |z| instance.forward(z, b.clone()));
    check_gradient(b, |z| instance.forward(a.clone(), z));

    let case = self::case("cluster_loss_T1.0");
    let (a, b) = (matrix(&case["input"]["logits_a"]), matrix(&case["input"]["logits_b"]));
    let cluster = ClusterContrastiveLossConfig::new().init();
    check_gradient(a, |q| cluster.forward(softmax(q, 1), softmax(b.clone(), 1)).total());
}
