//! An operation in f32 on every device, compared with f64 on the CPU.

use burn::tensor::{DType, Device, Tensor, TensorCreationOptions, TensorData};

use morula_testing::devices::{OPERATION, devices, error};

use super::{device, f64_tensor, normals, values};

/// The values, and the gradient of their weighted sum of squares.
pub fn run(x: Tensor<2>, operation: impl Fn(Tensor<2>) -> Tensor<2>) -> [Vec<f64>; 2] {
    let leaf = x.require_grad();
    let y = operation(leaf.clone());
    let [n, d] = y.dims();
    let weight = TensorData::new(normals(8, n * d), [n, d]);
    let weight = Tensor::from_data(weight, (&y.device(), y.dtype()));
    let loss = (y.clone().square() * weight).sum();
    let gradient = leaf.grad(&loss.backward()).unwrap();
    [values(y.inner()), values(gradient)]
}

/// Runs an operation in f32 on every device and compares it with f64 on the CPU.
///
/// `operation` receives the options for its own tensors, and the input.
#[track_caller]
pub fn check(
    name: &str,
    shape: [usize; 2],
    operation: impl Fn(TensorCreationOptions, Tensor<2>) -> Tensor<2>,
) {
    let input = normals(3, shape[0] * shape[1]);
    let exact = |x| operation((&device(), DType::F64).into(), x);
    let expected = run(f64_tensor(&input, shape), exact);
    check_against(name, &input, shape, &expected, operation);
}

#[track_caller]
pub fn check_against(
    name: &str,
    input: &[f64],
    shape: [usize; 2],
    expected: &[Vec<f64>; 2],
    operation: impl Fn(TensorCreationOptions, Tensor<2>) -> Tensor<2>,
) {
    for on in devices() {
        let device: Device = on.device.clone().autodiff();
        let x = Tensor::from_data(TensorData::new(input.to_vec(), shape), &device);
        let found = run(x, |x| operation((&device).into(), x));
        let errors = [0, 1].map(|part| error(&found[part], &expected[part]));
        let [forward, backward] = errors;
        eprintln!("{name} on {}: {forward:.1e} forward, {backward:.1e} backward", on.name);
        assert!(errors.iter().all(|&error| error <= OPERATION), "{name} on {}", on.name);
    }
}
