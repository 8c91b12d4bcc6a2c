//! Exact attention over all cells, without a matrix of all pairs.
//!
//! `forward`, `backward` and `ops` call each other: the trait in `ops` calls both passes, and the
//! passes are generic over backends with that trait, as Burn's extensions require.

mod backward;
mod blocks;
#[cfg(feature = "flex")]
mod exp;
mod forward;
mod ops;

use burn::backend::Dispatch;
use burn::tensor::Tensor;

use ops::AttentionOps;

/// Softmax attention whose keys are also its values (section [3.4]):
///
/// `O = softmax(Q K^T) K`
///
/// It is exact: an online softmax runs over blocks of queries and keys. The backward pass computes
/// the blocks again, so that neither direction holds more than `block x block` weights beside
/// O((n + m) d).
///
/// # Shapes
/// - queries: `[n, d]`
/// - keys: `[m, d]`
/// - block: rows of a block, at least 1 (0 counts as 1); about 200 on a CPU, some thousands on a
///   GPU
/// - output: `[n, d]`, 0 without keys
///
/// [3.4]: https://github.com/morula-bio/morula/blob/main/docs/models/scsiameseclu.md#3-4
pub fn attention(queries: Tensor<2>, keys: Tensor<2>, block: usize) -> Tensor<2> {
    if queries.dims()[0] == 0 || keys.dims()[0] == 0 {
        return queries.zeros_like();
    }
    // Shifting all keys shifts all logits of a query by the same number, so no weight changes, and
    // the common part of the keys costs no precision.
    let centre = keys.clone().detach().mean_dim(0);
    let keys = keys - centre.clone();
    let output =
        Dispatch::softmax_attention(queries.into_dispatch(), keys.into_dispatch(), block.max(1));
    Tensor::from_dispatch(output) + centre
}
