//! Streamed attention against dense attention: values, gradients, hard inputs (section
//! [3.4](https://github.com/morula-bio/morula/blob/main/docs/models/scsiameseclu.md#3-4)).

use crate::common::{device, f64_tensor, near, normals, values};
use burn::tensor::activation::softmax;
use burn::tensor::{DType, Tensor, TensorData};
use morula_core::siamese::attention;
use proptest::prelude::*;

/// `softmax(Q K^T) K` with all its weights.
fn dense(queries: Tensor<2>, keys: Tensor<2>) -> Tensor<2> {
    softmax(queries.matmul(keys.clone().transpose()), 1).matmul(keys)
}

fn random(seed: u64, rows: usize, d: usize, scale: f64) -> Tensor<2> {
    let draws: Vec<f64> = normals(seed, rows * d).iter().map(|draw| scale * draw).collect();
    f64_tensor(&draws, [rows, d])
}

/// Output and gradients of the queries and keys, for a gradient of the output that differs in
/// every entry.
fn evaluate(
    attend: impl Fn(Tensor<2>, Tensor<2>) -> Tensor<2>,
    queries: &Tensor<2>,
    keys: &Tensor<2>,
) -> [Vec<f64>; 3] {
    let leaf = |x: &Tensor<2>| x.clone().detach().require_grad();
    let (queries, keys) = (leaf(queries), leaf(keys));
    let output = attend(queries.clone(), keys.clone());
    let [n, d] = output.dims();
    let weights = random(99, n, d, 1.0).cast(output.dtype());
    let gradients = (output.clone() * weights).sum().backward();
    let gradient = |leaf: Tensor<2>| values(leaf.grad(&gradients).unwrap());
    [values(output), gradient(queries), gradient(keys)]
}

/// Agreement relative to the largest expected value or logit: gradients are sums of products as
/// large as logits, which cancel where the weights are 0 or 1.
#[track_caller]
fn agree(queries: &Tensor<2>, keys: &Tensor<2>, block: usize, tolerance: f64) {
    let streamed = evaluate(|q, k| attention(q, k, block), queries, keys);
    let expected = evaluate(dense, queries, keys);
    let logits = queries.clone().matmul(keys.clone().transpose());
    let largest = values(logits.abs().max())[0];
    for (found, expected) in streamed.iter().zip(&expected) {
        let scale = expected.iter().fold(largest, |scale, value| scale.max(value.abs()));
        let close = |(f, e): (&f64, &f64)| (f - e).abs() <= tolerance * scale;
        assert_eq!(found.len(), expected.len());
        assert!(found.iter().zip(expected).all(close), "{found:?} {expected:?}");
    }
}

#[test]
fn double_precision() {
    for (n, m, d, block) in [(37, 37, 5, 8), (20, 53, 4, 16), (53, 20, 4, 16), (1, 1, 3, 4)] {
        let (queries, keys) = (random(1, n, d, 1.0), random(2, m, d, 1.0));
        agree(&queries, &keys, block, 1e-9);
    }
    agree(&random(1, 5, 3, 1.0), &random(2, 7, 3, 1.0), 0, 1e-9);
}

#[test]
fn single_precision() {
    let single = |seed, n| random(seed, n, 20, 0.3).cast(DType::F32);
    for block in [7, 64, 1000] {
        agree(&single(1, 150), &single(2, 97), block, 1e-5);
    }
}

/// In the fusion queries and keys are one tensor, whose gradient is the sum of both.
#[test]
fn one_tensor_as_queries_and_keys() {
    let z = random(3, 33, 4, 1.0);
    let gradient = |attend: &dyn Fn(Tensor<2>, Tensor<2>) -> Tensor<2>| {
        let leaf = z.clone().require_grad();
        let output = attend(leaf.clone(), leaf.clone());
        let loss = (output * random(9, 33, 4, 1.0)).sum();
        values(leaf.grad(&loss.backward()).unwrap())
    };
    near(&gradient(&|q, k| attention(q, k, 10)), &gradient(&dense), 1e-9);
}

#[test]
fn gradients_match_finite_differences() {
    const STEP: f64 = 1e-5;
    let [n, m, d] = [5, 7, 3];
    let weights = random(4, n, d, 1.0);
    let loss = |queries: &[f64], keys: &[f64]| {
        let (queries, keys) = (f64_tensor(queries, [n, d]), f64_tensor(keys, [m, d]));
        values((attention(queries, keys, 2) * weights.clone()).sum())[0]
    };
    let (queries, keys) = (normals(5, n * d), normals(6, m * d));
    let leaves =
        (f64_tensor(&queries, [n, d]).require_grad(), f64_tensor(&keys, [m, d]).require_grad());
    let output = attention(leaves.0.clone(), leaves.1.clone(), 2);
    let gradients = (output * weights.clone()).sum().backward();
    let difference = |of_queries: bool, index: usize| {
        let [above, below] = [STEP, -STEP].map(|step| {
            let (mut queries, mut keys) = (queries.clone(), keys.clone());
            let moved = if of_queries { &mut queries } else { &mut keys };
            moved[index] += step;
            loss(&queries, &keys)
        });
        (above - below) / (2.0 * STEP)
    };
    let differences = |of_queries: bool, length: usize| -> Vec<f64> {
        (0..length).map(|index| difference(of_queries, index)).collect()
    };
    near(&values(leaves.0.grad(&gradients).unwrap()), &differences(true, n * d), 1e-8);
    near(&values(leaves.1.grad(&gradients).unwrap()), &differences(false, m * d), 1e-8);
}

#[test]
fn gradients_of_one_side_only() {
    let (queries, keys) = (random(1, 9, 3, 1.0), random(2, 11, 3, 1.0));
    let [_, both_queries, both_keys] = evaluate(|q, k| attention(q, k, 4), &queries, &keys);
    let weights = random(99, 9, 3, 1.0);
    let leaf = queries.clone().require_grad();
    let loss = (attention(leaf.clone(), keys.clone(), 4) * weights.clone()).sum();
    assert_eq!(values(leaf.grad(&loss.backward()).unwrap()), both_queries);
    let leaf = keys.require_grad();
    let loss = (attention(queries, leaf.clone(), 4) * weights).sum();
    assert_eq!(values(leaf.grad(&loss.backward()).unwrap()), both_keys);
}

/// Without autodiff the numbers are the same to the bit.
#[test]
fn inference_equals_training() {
    let (queries, keys) = (random(1, 19, 3, 1.0), random(2, 11, 3, 1.0));
    let [training, ..] = evaluate(|q, k| attention(q, k, 4), &queries, &keys);
    let inference = attention(queries.inner(), keys.inner(), 4);
    assert!(!inference.is_autodiff());
    assert_eq!(values(inference), training);
}

/// Logits of 1e4 that differ by a few units, so that weights are neither 0 nor 1.
#[test]
fn huge_logits() {
    let offset = f64_tensor(&[100.0, 0.0, 0.0, 0.0], [1, 4]);
    let z = random(7, 23, 4, 0.01) + offset.clone();
    agree(&z, &z, 5, 1e-9);
    // the offset of the keys is in every logit of a query, and changes no weight
    let single = |x: &Tensor<2>| x.clone().cast(DType::F32);
    let found = evaluate(|q, k| attention(q, k, 5), &single(&z), &single(&z));
    let z = single(&z).cast(DType::F64);
    let expected = evaluate(|q, k| dense(q, k - offset.clone()) + offset.clone(), &z, &z);
    for (found, expected) in found.iter().zip(&expected) {
        near(found, expected, 1e-5);
    }
}

/// Logits up to 1e4 that differ by as much, so that every weight is 0 or 1.
#[test]
fn saturated_weights() {
    for (dtype, tolerance) in [(DType::F32, 1e-5), (DType::F64, 1e-13)] {
        let z = random(7, 23, 6, 50.0).cast(dtype);
        assert!(values(z.clone().matmul(z.clone().transpose()).max())[0] > 1e4);
        agree(&z, &z, 5, tolerance);
    }
}

#[test]
fn identical_keys_share_the_weight() {
    let z = f64_tensor(&[0.3, -1.2, 4.0].repeat(10), [10, 3]);
    near(&values(attention(z.clone(), z.clone(), 4)), &values(z), 1e-12);
}

#[test]
fn nothing_to_attend() {
    let empty = || Tensor::<2>::from_data(TensorData::new(Vec::<f64>::new(), [0, 3]), &device());
    let z = random(1, 4, 3, 1.0);
    assert_eq!(attention(empty(), z.clone().cast(DType::F32), 2).dims(), [0, 3]);
    assert_eq!(values(attention(z.cast(DType::F32), empty(), 2)), [0.0; 12]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// For any sizes, block and spread.
    #[test]
    fn any_shape(
        seed in 0u64..1000,
        n in 1usize..40,
        m in 1usize..40,
        d in 1usize..6,
        block in 1usize..50,
        scale in 0.01f64..5.0,
    ) {
        agree(&random(seed, n, d, scale), &random(seed + 1, m, d, scale), block, 1e-9);
    }

    /// Every output is a weighted mean of the keys.
    #[test]
    fn within_the_range_of_the_keys(seed in 0u64..1000, block in 1usize..9) {
        let keys = normals(seed, 12);
        let found = values(attention(random(seed + 1, 8, 1, 2.0), f64_tensor(&keys, [12, 1]), block));
        let range = keys.iter().fold((f64::MAX, f64::MIN), |(a, b), k| (a.min(*k), b.max(*k)));
        prop_assert!(found.iter().all(|o| (range.0 - 1e-12..=range.1 + 1e-12).contains(o)));
    }
}
