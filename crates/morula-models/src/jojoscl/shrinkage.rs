//! Shrinkage of the fitted clusters: b from SURE, and embeddings moved towards their cluster's
//! centre.

use burn::module::Module;
use burn::tensor::{Int, Tensor};
use morula_cluster::random::{Purpose, stream};
use morula_cluster::representations::BatchCorrection;
use morula_core::ops;
use morula_core::shrinkage::{Memberships, SureInput, SureShrinkageConfig, Variance};
use morula_data::DenseMatrix;

use super::state::State;
use super::trainer::Trainer;
use crate::Result;
use crate::device::{read, read_matrix, upload};

/// The shrinkage of the fitted clusters.
pub(super) struct Shrinkage {
    /// b of every cluster.
    pub b: Vec<f32>,
    /// Mean embedding of every cluster, the origin for an empty one: `K x d`.
    pub centres: DenseMatrix,
}

/// Estimates b of each of `n_clusters` clusters from the noise variance of the embedding, which is
/// measured between two augmented views of every cell. This is the last work on the device: the
/// embedding `h`, `[n, d]`, is still there.
pub(super) fn estimate(
    trainer: &Trainer<'_>,
    state: &State,
    correction: &BatchCorrection,
    batches: Option<&[usize]>,
    (h, labels, n_clusters): (Tensor<2>, &[usize], usize),
) -> Result<Shrinkage> {
    let params = trainer.params;
    let encoder = state.network.encoder.clone().no_grad();
    let mut views: [Vec<Tensor<2>>; 2] = Default::default();
    for (i, x) in trainer.inputs.blocks().enumerate() {
        // Streams of training stay below this index: epochs x batches is far below 2^48.
        let mut rng = stream(params.seed, Purpose::Views, (1 << 48) + i);
        for all in &mut views {
            all.push(encoder.forward(trainer.losses.view(x.clone(), &mut rng)).inner());
        }
    }
    let [a, b] = views.map(|parts| {
        let view = Tensor::cat(parts, 0);
        if batches.is_none() {
            return Ok(view);
        }
        let device = view.device();
        let corrected = correction.apply(read_matrix(view, "an augmented view")?, batches)?;
        Result::Ok(upload(&corrected, &device))
    });
    let (a, b) = (a?, b?);
    let labels = ops::indices(labels, &a.device());
    let members = Memberships::hard(labels.clone(), n_clusters);
    let input = SureInput::new(a, members);
    let input = match params.variance {
        Variance::Replicates => input.with_replicate(b),
        Variance::CentroidClt => input,
    };
    let sure = SureShrinkageConfig::new().with_variance(params.variance).init()?;
    Ok(Shrinkage {
        b: read(sure.forward(input)?.b, "the shrinkage of the clusters")?,
        centres: read_matrix(centres(h, labels, n_clusters), "the centres of the clusters")?,
    })
}

/// Mean embedding of every cluster.
fn centres(h: Tensor<2>, labels: Tensor<1, Int>, n_clusters: usize) -> Tensor<2> {
    let member = ops::one_hot(labels, n_clusters);
    let size = member.clone().sum_dim(0).transpose().clamp_min(1.0);
    member.transpose().matmul(h) / size
}

/// Moves embeddings to their cluster's centre: `theta_hat_i = (1 - b_k) h_i + b_k mu_k`.
pub(super) fn shrink(
    h: &DenseMatrix,
    centres: &DenseMatrix,
    labels: &[usize],
    b: &[f32],
) -> DenseMatrix {
    let row = |(h, &k): (&[f32], &usize)| -> Vec<f32> {
        h.iter().zip(centres.row(k)).map(|(&h, mu)| h + (mu - h) * b[k]).collect()
    };
    DenseMatrix::from_rows(h.rows().zip(labels).flat_map(row).collect(), h.n_cols())
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};

    use super::*;

    #[test]
    fn cells_move_to_the_centre_of_their_cluster_in_proportion_to_b() {
        let (h, device) = (vec![0.0_f32, 2.0, 2.0, 4.0, 8.0, 8.0], &Device::flex());
        let on_device = Tensor::from_data(TensorData::new(h.clone(), [3, 2]), device);
        let centres = centres(on_device, ops::indices(&[0, 0, 1], device), 3);
        let centres = read_matrix(centres, "the centres").unwrap();
        assert_eq!(centres.values(), [1.0, 3.0, 8.0, 8.0, 0.0, 0.0]);
        let shrunk = shrink(&DenseMatrix::from_rows(h, 2), &centres, &[0, 0, 1], &[0.5, 1.0, 0.0]);
        assert_eq!(shrunk.values(), [0.5, 2.5, 1.5, 3.5, 8.0, 8.0]);
    }
}
