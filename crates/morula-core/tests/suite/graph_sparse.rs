//! The sparse product and its gradient against dense matrices in f64.

use crate::common::{device, f64_tensor, normals, scalar, values};
use burn::tensor::{DType, Device, Tensor, TensorData};
use morula_core::CoreError;
use morula_core::graph::SparseTensor;
use proptest::prelude::*;

/// A CSR matrix on the host with unsorted columns and repeated places.
#[derive(Debug, Clone)]
struct Host {
    n_rows: usize,
    n_cols: usize,
    indptr: Vec<usize>,
    indices: Vec<u32>,
    values: Vec<f64>,
}

impl Host {
    fn new(n_rows: usize, n_cols: usize, mut entries: Vec<(usize, u32, f64)>) -> Self {
        entries.sort_by_key(|entry| entry.0);
        let count = |row| entries.iter().filter(|entry| entry.0 < row).count();
        let indptr = (0..=n_rows).map(count).collect();
        let (indices, values) = entries.iter().map(|&(_, column, value)| (column, value)).unzip();
        Self { n_rows, n_cols, indptr, indices, values }
    }

    fn upload(&self, dtype: DType) -> SparseTensor {
        let Self { n_rows, n_cols, indptr, indices, values } = self;
        SparseTensor::new(*n_rows, *n_cols, indptr, indices, values, (&device(), dtype)).unwrap()
    }

    /// The dense matrix of the entries' magnitudes.
    fn magnitude(&self) -> Tensor<2> {
        let values = self.values.iter().map(|value| value.abs()).collect();
        Self { values, ..self.clone() }.dense()
    }

    fn dense(&self) -> Tensor<2> {
        let mut dense = vec![0.0; self.n_rows * self.n_cols];
        for row in 0..self.n_rows {
            for entry in self.indptr[row]..self.indptr[row + 1] {
                dense[row * self.n_cols + self.indices[entry] as usize] += self.values[entry];
            }
        }
        f64_tensor(&dense, [self.n_rows, self.n_cols])
    }
}

fn hosts() -> impl Strategy<Value = (Host, usize)> {
    (1usize..9, 1usize..9, 0usize..40, 1usize..7).prop_flat_map(|(n_rows, n_cols, n, width)| {
        let entry = (0..n_rows, 0..n_cols as u32, -2.0..2.0f64);
        prop::collection::vec(entry, n)
            .prop_map(move |entries| (Host::new(n_rows, n_cols, entries), width))
    })
}

/// The error of a sum is bounded by its terms' magnitudes, not by the sum: terms may cancel.
#[track_caller]
fn equal_up_to_rounding(found: &Tensor<2>, expected: &Tensor<2>, magnitude: &Tensor<2>) {
    let [found, expected, magnitude] = [found, expected, magnitude].map(|t| values(t.clone()));
    for ((f, e), m) in found.iter().zip(&expected).zip(&magnitude) {
        assert!((f - e).abs() <= 1e-13 * m, "found {f}, expected {e}, from terms of {m}");
    }
}

proptest! {
    /// Forward, backward, transpose.
    #[test]
    fn products_are_those_of_the_dense_matrix((host, width) in hosts()) {
        let (sparse, dense, magnitude) = (host.upload(DType::F64), host.dense(), host.magnitude());
        let x = f64_tensor(&normals(1, host.n_cols * width), [host.n_cols, width]).require_grad();
        let weight = f64_tensor(&normals(2, host.n_rows * width), [host.n_rows, width]);
        let [found, expected] = [sparse.matmul(x.clone()), dense.clone().matmul(x.clone())];
        let bound = magnitude.clone().matmul(x.clone().abs());
        equal_up_to_rounding(&found, &expected, &bound);

        // A weighted square, so that the gradient depends on the output.
        let loss = |y: Tensor<2>| (y.powi_scalar(2) * weight.clone()).sum();
        let [found, expected] = [found, expected]
            .map(|y| x.grad(&loss(y).backward()).unwrap());
        let bound = magnitude.clone().transpose().matmul(bound * weight.clone().abs() * 2.0);
        equal_up_to_rounding(&found, &expected, &bound);

        let back = sparse.transpose().matmul(weight.clone());
        let bound = magnitude.transpose().matmul(weight.clone().abs());
        equal_up_to_rounding(&back, &dense.transpose().matmul(weight), &bound);
    }

    /// Compared with the rows themselves.
    #[test]
    fn selection_gathers_rows(rows in prop::collection::vec(0usize..5, 1..12)) {
        let x = f64_tensor(&normals(3, 15), [5, 3]);
        let selection = SparseTensor::selection(&rows, 5, (&device(), DType::F64)).unwrap();
        let found = values(selection.matmul(x.clone()));
        let expected: Vec<f64> = rows.iter().flat_map(|&row| normals(3, 15)[row * 3..row * 3 + 3].to_vec()).collect();
        prop_assert_eq!(found, expected);
    }
}

/// Large enough for threads, in f32: one thread and many give the same bits.
#[test]
fn bits_do_not_depend_on_threads() {
    let (n, k, width) = (3000usize, 11usize, 33usize);
    let draws = normals(5, n * k + n * width);
    let entries = (0..n * k).map(|e| (e / k, ((e * 7919) % n) as u32, draws[e])).collect();
    let sparse = Host::new(n, n, entries).upload(DType::F32);
    let x: Vec<f32> = draws[n * k..].iter().map(|&v| v as f32).collect();
    let x = Tensor::<2>::from_data(TensorData::new(x, [n, width]), &Device::flex());
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let leaf = x.clone().autodiff().require_grad();
            let y = sparse.matmul(leaf.clone());
            let gradient = leaf.grad(&y.clone().powi_scalar(2).sum().backward()).unwrap();
            [y.inner(), gradient].map(|t| t.try_into_vec_as::<f32>().unwrap())
        })
    };
    let [one, four] = [run(1), run(4)];
    assert_eq!(one, four);
    // One value by hand.
    let by_hand: f64 = (0..k)
        .map(|e| {
            f64::from(draws[e] as f32) * f64::from(draws[n * k + ((e * 7919) % n) * width] as f32)
        })
        .sum();
    assert!((f64::from(one[0][0]) - by_hand).abs() < 1e-4, "{} {by_hand}", one[0][0]);
}

#[test]
fn gradient_of_a_gather_adds_up_repeated_rows() {
    let x = f64_tensor(&normals(3, 6), [3, 2]).require_grad();
    let selection = SparseTensor::selection(&[2, 0, 2, 2], 3, (&device(), DType::F64)).unwrap();
    let gradient = x.grad(&selection.matmul(x.clone()).sum().backward()).unwrap();
    assert_eq!(values(gradient), [1.0, 1.0, 0.0, 0.0, 3.0, 3.0]);
}

#[test]
fn a_tracked_input_that_needs_no_gradient_is_served() {
    let selection = SparseTensor::selection(&[1, 1], 2, (&device(), DType::F64)).unwrap();
    let x = f64_tensor(&[1.0, 2.0], [2, 1]);
    assert_eq!(values(selection.matmul(x.clone())), [2.0, 2.0]);
    // A tensor that is not a leaf.
    let leaf = x.require_grad();
    let y = selection.matmul(leaf.clone().mul_scalar(3.0));
    assert_eq!(values(leaf.grad(&y.sum().backward()).unwrap()), [0.0, 6.0]);
}

#[test]
fn transposed_and_sliced_inputs_are_read_in_their_own_order() {
    let selection = SparseTensor::selection(&[2, 0], 3, (&device(), DType::F64)).unwrap();
    let x = f64_tensor(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [2, 3]);
    assert_eq!(values(selection.matmul(x.clone().transpose())), [3.0, 6.0, 1.0, 4.0]);
    let wide = f64_tensor(&normals(1, 12), [3, 4]);
    let part = wide.clone().narrow(1, 1, 2);
    let expected: Vec<f64> = [9, 10, 1, 2].iter().map(|&i| normals(1, 12)[i]).collect();
    assert_eq!(values(selection.matmul(part)), expected);
}

#[test]
fn values_follow_the_type_of_the_dense_matrix() {
    let selection = SparseTensor::selection(&[1], 2, &device()).unwrap();
    let x = f64_tensor(&[1.0, 2.0 + 1e-12], [2, 1]);
    assert_eq!(values(selection.matmul(x)), [2.0 + 1e-12]);
}

#[test]
fn symmetric_matrices_are_checked() {
    let options = (&device(), DType::F64);
    // The columns of row 0 are not sorted.
    let (indptr, indices) = ([0, 2, 3], [1, 0, 0]);
    let sparse = SparseTensor::symmetric(2, &indptr, &indices, &[2.0, 1.0, 2.0], options).unwrap();
    let x = f64_tensor(&[1.0, 10.0], [2, 1]).require_grad();
    let y = sparse.matmul(x.clone());
    assert_eq!(values(y.clone()), [21.0, 2.0]);
    assert_eq!(values(x.grad(&y.sum().backward()).unwrap()), [3.0, 2.0]);
    let refused = SparseTensor::symmetric(2, &indptr, &indices, &[2.0, 1.0, 2.5], options);
    assert!(matches!(refused, Err(CoreError::Parameter { parameter: "values", .. })));
    let refused = SparseTensor::symmetric(2, &[0, 1, 1], &[1], &[1.0], options);
    assert!(matches!(refused, Err(CoreError::Parameter { parameter: "values", .. })));
}

#[test]
fn empty_shapes_give_zeros() {
    let device = device();
    let none = SparseTensor::new(2, 3, &[0, 0, 0], &[], &[], &device).unwrap();
    let x = Tensor::<2>::ones([3, 2], &device).require_grad();
    let y = none.matmul(x.clone());
    assert_eq!(values(y.clone()), [0.0; 4]);
    assert_eq!(values(x.grad(&y.sum().backward()).unwrap()), [0.0; 6]);
    assert_eq!(none.matmul(Tensor::ones([3, 0], &device)).dims(), [2, 0]);
    let nobody = SparseTensor::selection(&[], 3, &device).unwrap();
    assert_eq!(nobody.matmul(x).dims(), [0, 2]);
    assert_eq!(values(nobody.transpose().matmul(Tensor::ones([0, 1], &device))), [0.0; 3]);
    let nothing = SparseTensor::new(0, 0, &[0], &[], &[], &device).unwrap();
    assert_eq!(scalar(nothing.matmul(Tensor::ones([0, 4], &device)).sum()), 0.0);
}

#[test]
fn malformed_matrices_are_refused() {
    let device = device();
    let refused = |n_rows, n_cols, indptr: &[usize], indices: &[u32], values: &[f64]| {
        SparseTensor::new(n_rows, n_cols, indptr, indices, values, &device).unwrap_err()
    };
    let parameter = |error, name| match error {
        CoreError::Parameter { parameter, .. } => assert_eq!(parameter, name),
        other => panic!("{other}"),
    };
    let shape = |error, name| match error {
        CoreError::Shape { tensor, .. } => assert_eq!(tensor, name),
        other => panic!("{other}"),
    };
    shape(refused(2, 2, &[0, 1], &[0], &[1.0]), "indptr");
    shape(refused(1, 2, &[], &[0], &[1.0]), "indptr");
    shape(refused(1, 2, &[0, 1], &[0], &[]), "values");
    parameter(refused(2, 2, &[0, 2, 1], &[0, 1], &[1.0, 1.0]), "indptr");
    parameter(refused(1, 2, &[1, 1], &[0], &[1.0]), "indptr");
    parameter(refused(1, 2, &[0, 0], &[0], &[1.0]), "indptr");
    parameter(refused(1, 2, &[0, 1], &[2], &[1.0]), "indices");
    parameter(refused(usize::MAX, 2, &[0], &[], &[]), "n_rows");
    parameter(refused(0, 1 << 31, &[0], &[], &[]), "n_cols");
    let missing = SparseTensor::selection(&[0, usize::MAX], 3, &device).unwrap_err();
    parameter(missing, "indices");
}

#[test]
#[should_panic(expected = "SparseTensor [1, 2] times a tensor [3, 1]")]
fn a_product_of_other_shapes_panics_like_a_dense_one() {
    let selection = SparseTensor::selection(&[1], 2, &device()).unwrap();
    selection.matmul(Tensor::ones([3, 1], &device()));
}
