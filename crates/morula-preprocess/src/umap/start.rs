//! Start of the layout.

use crate::{PcaParams, Result, pca_dense};
use morula_data::CsrMatrix;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Normal};

/// Steps along the graph: enough to bring neighbours together, and few enough to keep groups at
/// their principal components.
const STEPS: usize = 20;
/// The largest coordinate, and the noise that separates equal points (both as in umap-learn).
const EXTENT: f64 = 10.0;
const NOISE: f64 = 1e-2;

/// Two principal components, where each point moves several times to the mean of its neighbourhood.
///
/// This is a few steps of the power iteration towards the leading eigenvectors of the graph. The
/// components alone may split a group with another group in between. The eigenvectors alone
/// collapse if the graph is not connected.
pub(super) fn places(
    x: &[f32],
    n_dims: usize,
    graph: &CsrMatrix,
    seed: u64,
    rng: &mut ChaCha8Rng,
) -> Result<Vec<[f32; 2]>> {
    let n = graph.n_rows();
    let pca = pca_dense(x, n_dims, &PcaParams { n_comps: 2, seed })?;
    let component = |i: usize, c: usize| match c < pca.n_comps {
        true => f64::from(pca.scores[i * pca.n_comps + c]),
        false => 0.0,
    };
    let mut places: Vec<[f64; 2]> = (0..n).map(|i| [component(i, 0), component(i, 1)]).collect();
    for _ in 0..STEPS {
        places = (graph.rows().zip(&places)).map(|(row, own)| smooth(row, own, &places)).collect();
    }
    let largest = places.iter().flatten().fold(0.0, |most: f64, v| most.max(v.abs()));
    let scale = if largest.is_normal() { EXTENT / largest } else { 0.0 };
    let noise = Normal::new(0.0, NOISE).ok();
    let mut jitter = || noise.map_or(0.0, |noise| noise.sample(rng));
    Ok(places.into_iter().map(|p| p.map(|v| (v * scale + jitter()) as f32)).collect())
}

/// The mean of a point and its neighbours, each with weight one half.
fn smooth((near, weights): (&[u32], &[f32]), own: &[f64; 2], places: &[[f64; 2]]) -> [f64; 2] {
    let (mut sum, mut total) = ([0.0; 2], 0.0);
    for (&j, &w) in near.iter().zip(weights) {
        let (other, w) = (places[j as usize], f64::from(w));
        (0..2).for_each(|c| sum[c] += w * other[c]);
        total += w;
    }
    match total > 0.0 {
        true => [0, 1].map(|c| 0.5 * (own[c] + sum[c] / total)),
        false => *own,
    }
}
