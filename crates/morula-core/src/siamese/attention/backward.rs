//! The gradients, from weights that are computed again.

use burn::backend::Backend;
use burn::backend::tensor::FloatTensor;

use super::blocks::{blocks, dims, rows};
use super::forward::Attended;
use super::ops::AttentionOps;

/// Gradients of the queries and the keys, from the gradient G of the output:
///
/// ```text
/// P = softmax(S),   S = Q K^T,   O = P K
/// T = P * (G K^T - rowsum(G * O))       gradient of S
/// dQ = T K,   dK = P^T G + T^T Q
/// ```
pub fn backward<B: AttentionOps>(
    queries: &FloatTensor<B>,
    keys: &FloatTensor<B>,
    attended: &Attended<B>,
    gradient: FloatTensor<B>,
    block: usize,
) -> [FloatTensor<B>; 2] {
    let [n, _] = dims::<B>(queries);
    let [m, _] = dims::<B>(keys);
    let products = B::float_mul(gradient.clone(), attended.output.clone());
    let mean = B::float_sum_dim(products, 1);
    let key_blocks: Vec<_> = blocks(m, block).map(|range| rows::<B>(keys, &range)).collect();
    let mut to_keys: Vec<Option<FloatTensor<B>>> = vec![None; key_blocks.len()];
    let mut to_queries = vec![];
    for range in blocks(n, block) {
        let row = Row::<B> {
            queries: rows::<B>(queries, &range),
            maximum: rows::<B>(&attended.maximum, &range),
            scale: rows::<B>(&attended.scale, &range),
            gradient: rows::<B>(&gradient, &range),
            mean: rows::<B>(&mean, &range),
        };
        let mut to_row = None;
        for (keys, to_keys) in key_blocks.iter().zip(&mut to_keys) {
            let [query_part, key_part] = row.against(keys);
            add::<B>(&mut to_row, query_part);
            add::<B>(to_keys, key_part);
        }
        to_queries.extend(to_row);
    }
    let to_keys = to_keys.into_iter().flatten().collect();
    [B::float_cat(to_queries, 0), B::float_cat(to_keys, 0)]
}

/// A block of queries with the statistics of its softmax and the gradient of its output.
struct Row<B: Backend> {
    queries: FloatTensor<B>,
    maximum: FloatTensor<B>,
    scale: FloatTensor<B>,
    gradient: FloatTensor<B>,
    /// `rowsum(G * O)`, the mean of `G K^T` under the weights.
    mean: FloatTensor<B>,
}

impl<B: AttentionOps> Row<B> {
    /// The parts of dQ and dK from this block and a block of keys.
    fn against(&self, keys: &FloatTensor<B>) -> [FloatTensor<B>; 2] {
        let transposed = B::float_transpose(keys.clone());
        let logits = B::float_matmul(self.queries.clone(), transposed.clone());
        let weights = B::shifted_exp(logits, self.maximum.clone());
        let weights = B::float_mul(weights, self.scale.clone());
        let to_weights = B::float_matmul(self.gradient.clone(), transposed);
        let to_logits = B::float_mul(B::float_sub(to_weights, self.mean.clone()), weights.clone());
        let as_values = B::float_matmul(B::float_transpose(weights), self.gradient.clone());
        let as_keys = B::float_matmul(B::float_transpose(to_logits.clone()), self.queries.clone());
        [B::float_matmul(to_logits, keys.clone()), B::float_add(as_values, as_keys)]
    }
}

fn add<B: Backend>(sum: &mut Option<FloatTensor<B>>, part: FloatTensor<B>) {
    *sum = Some(match sum.take() {
        Some(sum) => B::float_add(sum, part),
        None => part,
    });
}
