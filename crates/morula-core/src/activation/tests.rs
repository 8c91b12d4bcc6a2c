use burn::tensor::{DType, Device, Tensor, TensorData, activation};

use super::{leaky_relu, softplus, tanh};

/// Values and the gradient of their squares' sum.
fn run(x: &[f64], dtype: DType, f: impl Fn(Tensor<2>) -> Tensor<2>) -> [Vec<f64>; 2] {
    let device = Device::flex().autodiff();
    let x = Tensor::<2>::from_data(TensorData::new(x.to_vec(), [1, x.len()]), (&device, dtype));
    let x = x.require_grad();
    let y = f(x.clone());
    let gradient = x.grad(&y.clone().square().sum().backward()).unwrap();
    [y.inner(), gradient].map(|t| t.try_into_vec_as::<f64>().unwrap())
}

fn points() -> Vec<f64> {
    let magnitudes = (-60..=60).map(|i| 10f64.powf(f64::from(i) / 10.0));
    let both = magnitudes.flat_map(|x| [x, -x]);
    both.chain([0.0, 0.0999, 0.1, 0.1001, 1e-300]).collect()
}

#[test]
fn hyperbolic_tangent() {
    let x = points();
    for (dtype, tolerance) in [(DType::F64, 2e-15), (DType::F32, 2e-7)] {
        let [found, slopes] = run(&x, dtype, tanh);
        for ((x, y), slope) in x.iter().zip(found).zip(slopes) {
            let expected = x.tanh();
            approx::assert_relative_eq!(y, expected, max_relative = tolerance, epsilon = 1e-40);
            // 1 - y^2 cancels where y is near 1.
            let expected = 2.0 * expected * (1.0 - expected * expected);
            approx::assert_relative_eq!(slope, expected, epsilon = tolerance * 2.0);
        }
    }
}

#[test]
fn leaky_relu_agrees_with_burn() {
    let x = points();
    for dtype in [DType::F64, DType::F32] {
        let burn = run(&x, dtype, |x| activation::leaky_relu(x, 0.2));
        assert_eq!(run(&x, dtype, |x| leaky_relu(x, 0.2)), burn);
    }
}

#[test]
fn not_a_number_stays_one() {
    let x = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
    let [y, _] = run(&x, DType::F32, tanh);
    assert!(y[0].is_nan() && y[1] == 1.0 && y[2] == -1.0, "{y:?}");
    let [y, _] = run(&x, DType::F32, |x| leaky_relu(x, 0.2));
    assert!(y[0].is_nan() && y[1] == f64::INFINITY && y[2] == f64::NEG_INFINITY, "{y:?}");
}

#[test]
fn views_are_read_in_their_order_and_threads_change_nothing() {
    let device = Device::flex();
    let wave = (0..200 * 300).map(|i| (f64::from(i) * 0.37).sin()).collect::<Vec<_>>();
    let x = Tensor::<2>::from_data(TensorData::new(wave, [200, 300]), &device);
    let view = x.clone().transpose().narrow(0, 3, 250);
    let whole = Tensor::<2>::from_data(view.clone().into_data(), &device);
    assert_eq!(tanh(view.clone()).into_data(), tanh(whole).into_data());
    let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let serial = alone.install(|| tanh(view.clone()).into_data());
    assert_eq!(tanh(view).into_data(), serial);
}

#[test]
fn softplus_keeps_its_tails() {
    let device = Device::flex().autodiff();
    let points = [-80.0f64, -20.0, -1.0, 0.0, 1.0, 20.0, 39.0, 41.0, 1e6];
    let x = Tensor::<1>::from_data(points, (&device, DType::F64)).require_grad();
    let value = softplus(x.clone());
    let slopes = x.grad(&value.clone().sum().backward()).unwrap();
    let [value, slopes] = [value, slopes].map(|t| t.try_into_vec_as::<f64>().unwrap());
    for ((x, value), slope) in points.into_iter().zip(value).zip(slopes) {
        let expected = x.max(0.0) + libm::log1p((-x.abs()).exp());
        approx::assert_relative_eq!(value, expected, max_relative = 1e-14);
        let expected = 1.0 / (1.0 + (-x).exp());
        approx::assert_relative_eq!(slope, expected, max_relative = 1e-14);
    }
}
