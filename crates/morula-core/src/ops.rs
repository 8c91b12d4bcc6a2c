//! Small tensor operations shared by the modules.
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use morula_core::ops::squared_distances;
//!
//! let device = Device::flex();
//! let x = Tensor::<2>::from_data([[0.0, 0.0], [3.0, 4.0], [1.0, 0.0]], &device);
//! let distances = squared_distances(x, Tensor::zeros([1, 2], &device));
//! assert_eq!(distances.dims(), [3, 1]);
//! assert_eq!(distances.try_into_vec_as::<f32>().unwrap(), [0.0, 25.0, 1.0]);
//! ```

use burn::tensor::{Bool, Device, Int, Tensor};

/// Added to a squared norm before its root, so that a zero row has the gradient 0 and not NaN.
const NORM_GUARD: f64 = 1e-24;

/// Subtracted from a logit to remove it from a softmax: `exp` of the result is exactly 0.
const MASKED: f64 = 1e9;

/// Rows scaled to Euclidean length 1; a zero row stays zero.
///
/// # Shapes
/// - x: `[n, d]`
/// - output: `[n, d]`
pub fn l2_normalize(x: Tensor<2>) -> Tensor<2> {
    let norm = x.clone().square().sum_dim(1).add_scalar(NORM_GUARD).sqrt();
    x / norm
}

/// `log(sum_j exp(x_ij))` of every row, shifted by the row's maximum.
///
/// # Shapes
/// - x: `[n, m]`
/// - output: `[n, 1]`
pub fn logsumexp(x: Tensor<2>) -> Tensor<2> {
    let max = x.clone().detach().max_dim(1);
    (x - max.clone()).exp().sum_dim(1).log() + max
}

/// Removes the diagonal of a square matrix of logits from every row's softmax.
///
/// # Shapes
/// - logits: `[n, n]`
/// - output: `[n, n]`
pub fn mask_diagonal(logits: Tensor<2>) -> Tensor<2> {
    let [n, _] = logits.dims();
    let index = Tensor::<1, Int>::arange(0..n as i64, &logits.device().inner());
    let same = index.clone().reshape([n, 1]).equal(index.reshape([1, n]));
    mask(logits, same)
}

/// Removes entries of a matrix of logits from every row's softmax.
///
/// # Shapes
/// - logits, masked: `[n, m]`
/// - output: `[n, m]`
pub fn mask(logits: Tensor<2>, masked: Tensor<2, Bool>) -> Tensor<2> {
    let penalty = masked.float().cast(logits.dtype()).mul_scalar(MASKED);
    logits - penalty
}

/// Squared Euclidean distance of every row of `x` to every row of `centers`, never below 0.
///
/// # Shapes
/// - x: `[n, d]`
/// - centers: `[k, d]`
/// - output: `[n, k]`
pub fn squared_distances(x: Tensor<2>, centers: Tensor<2>) -> Tensor<2> {
    let x_norm = x.clone().square().sum_dim(1);
    let c_norm = centers.clone().square().sum_dim(1).transpose();
    let cross = x.matmul(centers.transpose());
    (x_norm + c_norm - cross.mul_scalar(2.0)).clamp_min(0.0)
}

/// Rows with a 1 in the column of the label and 0 elsewhere; a label out of range gives a row of 0.
///
/// It compares labels with class numbers, because Burn's `one_hot` reads the labels back to the
/// host.
///
/// # Shapes
/// - labels: `[n]`
/// - output: `[n, n_classes]`
pub fn one_hot(labels: Tensor<1, Int>, n_classes: usize) -> Tensor<2> {
    let [n] = labels.dims();
    let options = (&labels.device(), labels.dtype());
    let classes = Tensor::<1, Int>::arange(0..n_classes as i64, options);
    labels.reshape([n, 1]).equal(classes.reshape([1, n_classes])).float()
}

/// Row numbers as an index tensor.
pub fn indices(rows: &[usize], device: &Device) -> Tensor<1, Int> {
    let rows: Vec<i32> = rows.iter().map(|&i| i as i32).collect();
    Tensor::from_ints(rows.as_slice(), &device.clone().inner())
}
