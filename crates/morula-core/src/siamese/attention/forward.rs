//! The online softmax.

use burn::backend::Backend;
use burn::backend::tensor::FloatTensor;

use super::blocks::{blocks, dims, rows};
use super::ops::AttentionOps;

/// The output, and what the weights `exp(S - maximum) * scale`, `S = Q K^T`, are computed from.
///
/// It keeps two numbers per query. A single one, the logarithm of the normaliser, would round the
/// weights to the precision of the largest logit.
#[derive(Clone, Debug)]
pub struct Attended<B: Backend> {
    /// `[n, d]`
    pub output: FloatTensor<B>,
    /// Largest logit of every query, `[n, 1]`.
    pub maximum: FloatTensor<B>,
    /// Reciprocal of the sum of `exp(S - maximum)`, `[n, 1]`.
    pub scale: FloatTensor<B>,
}

/// `softmax(Q K^T) K` by blocks, of at least one query and one key.
pub fn forward<B: AttentionOps>(
    queries: &FloatTensor<B>,
    keys: &FloatTensor<B>,
    block: usize,
) -> Attended<B> {
    let ([n, _], [m, _]) = (dims::<B>(queries), dims::<B>(keys));
    let (mut outputs, mut maxima, mut scales) = (vec![], vec![], vec![]);
    for range in blocks(n, block) {
        let queries = rows::<B>(queries, &range);
        let softmax = blocks(m, block)
            .map(|range| rows::<B>(keys, &range))
            .fold(None, |softmax, keys| Some(OnlineSoftmax::<B>::step(softmax, &queries, keys)));
        let Some(softmax) = softmax else { continue };
        let scale = B::float_recip(softmax.sum);
        outputs.push(B::float_mul(softmax.weighted, scale.clone()));
        maxima.push(softmax.maximum);
        scales.push(scale);
    }
    Attended {
        output: B::float_cat(outputs, 0),
        maximum: B::float_cat(maxima, 0),
        scale: B::float_cat(scales, 0),
    }
}

/// The state of a block of queries after some of the keys.
struct OnlineSoftmax<B: Backend> {
    /// Largest logit so far.
    maximum: FloatTensor<B>,
    /// Sum of `exp(S - maximum)`.
    sum: FloatTensor<B>,
    /// Sum of the keys, each multiplied by its `exp(S - maximum)`.
    weighted: FloatTensor<B>,
}

impl<B: AttentionOps> OnlineSoftmax<B> {
    /// Adds a block of keys.
    fn step(before: Option<Self>, queries: &FloatTensor<B>, keys: FloatTensor<B>) -> Self {
        let logits = B::float_matmul(queries.clone(), B::float_transpose(keys.clone()));
        let mut maximum = B::float_max_dim(logits.clone(), 1);
        if let Some(before) = &before {
            maximum = B::float_max_dim(B::float_cat(vec![before.maximum.clone(), maximum], 1), 1);
        }
        let weights = B::shifted_exp(logits, maximum.clone());
        let sum = B::float_sum_dim(weights.clone(), 1);
        let weighted = B::float_matmul(weights, keys);
        let Some(before) = before else { return Self { maximum, sum, weighted } };
        // rescales the sums, which used a smaller maximum
        let shrink = B::float_exp(B::float_sub(before.maximum, maximum.clone()));
        Self {
            maximum,
            sum: B::float_add(B::float_mul(before.sum, shrink.clone()), sum),
            weighted: B::float_add(B::float_mul(before.weighted, shrink), weighted),
        }
    }
}
