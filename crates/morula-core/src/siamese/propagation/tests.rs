use burn::tensor::{DType, Device, Tensor, TensorData};

use super::{composed, propagation_jsd};

fn wave(seed: f64, scale: f64, shape: [usize; 2], dtype: DType) -> Tensor<2> {
    let value = |i: usize| scale * (i as f64 * 1.37 + seed).sin();
    let values: Vec<f64> = (0..shape[0] * shape[1]).map(value).collect();
    Tensor::from_data(TensorData::new(values, shape), (&Device::flex().autodiff(), dtype))
}

/// The divergence and both gradients.
fn run(
    shape: [usize; 2],
    scale: f64,
    dtype: DType,
    f: impl Fn(Tensor<2>, Tensor<2>) -> Tensor<1>,
) -> [Vec<f64>; 3] {
    let [p, q] = [0.3, 2.1].map(|seed| wave(seed, scale, shape, dtype).require_grad());
    let loss = f(p.clone(), q.clone());
    let gradients = loss.clone().mul_scalar(3.0).backward();
    let read = |t: Tensor<2>| t.try_into_vec_as::<f64>().unwrap();
    [
        loss.inner().try_into_vec_as::<f64>().unwrap(),
        read(p.grad(&gradients).unwrap()),
        read(q.grad(&gradients).unwrap()),
    ]
}

/// Widths with and without a partial last block of lanes, in both types.
#[test]
fn the_operation_is_the_chain() {
    for shape in [[1, 1], [7, 5], [3, 16], [200, 37]] {
        for (dtype, tolerance) in [(DType::F64, 1e-12), (DType::F32, 2e-6)] {
            for scale in [0.1, 3.0, 50.0] {
                let found = run(shape, scale, dtype, propagation_jsd);
                let expected = run(shape, scale, dtype, composed);
                for (found, expected) in found.iter().zip(&expected) {
                    let largest = expected.iter().fold(0.1f64, |a, b| a.max(b.abs()));
                    for (f, e) in found.iter().zip(expected) {
                        assert!((f - e).abs() <= tolerance * largest, "{shape:?} {scale} {f} {e}");
                    }
                }
            }
        }
    }
}

#[test]
fn threads_change_no_bit() {
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| run([1000, 20], 2.0, DType::F32, propagation_jsd))
    };
    assert_eq!(run(1), run(3));
}

#[test]
fn not_a_number_stays_one() {
    let p = wave(0.3, 1.0, [3, 20], DType::F32);
    let q = p.clone().mul_scalar(f64::NAN);
    for (p, q) in [(p.clone(), q.clone()), (q, p)] {
        let loss = propagation_jsd(p, q).inner().try_into_vec_as::<f64>().unwrap();
        assert!(loss[0].is_nan());
    }
}
