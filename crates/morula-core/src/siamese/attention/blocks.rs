//! Blocks of rows of a matrix primitive.

use std::ops::Range;

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, TensorMetadata};
use burn::tensor::Slice;

/// The sizes of a matrix.
pub fn dims<B: Backend>(x: &FloatTensor<B>) -> [usize; 2] {
    x.shape().dims()
}

/// `0..n` in pieces of `block`, the last one shorter.
pub fn blocks(n: usize, block: usize) -> impl Iterator<Item = Range<usize>> {
    (0..n).step_by(block).map(move |start| start..n.min(start + block))
}

/// A range of rows.
pub fn rows<B: Backend>(x: &FloatTensor<B>, range: &Range<usize>) -> FloatTensor<B> {
    B::float_slice(x.clone(), &[Slice::from(range.clone()), Slice::from(..)])
}
