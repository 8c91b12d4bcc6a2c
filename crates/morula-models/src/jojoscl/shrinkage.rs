//! Shrinkage of the fitted clusters: b from SURE, and embeddings drawn to their cluster's centre.

use burn::module::Module;
use burn::tensor::Tensor;
use morula_cluster::random::{Purpose, stream};
use morula_cluster::representations::BatchCorrection;
use morula_core::ops;
use morula_core::shrinkage::{Memberships, SureInput, SureShrinkageConfig, Variance};
use morula_data::DenseMatrix;

use super::network::EVAL_BATCH;
use super::state::State;
use super::trainer::Trainer;
use crate::Result;
use crate::device::{read, read_matrix, upload};

/// b of each of `n_clusters` clusters. The noise variance of the embedding is measured between two
/// augmented views of every cell.
pub(super) fn estimate(
    trainer: &Trainer<'_>,
    state: &State,
    correction: &BatchCorrection,
    batches: Option<&[usize]>,
    (labels, n_clusters): (&[usize], usize),
) -> Result<Vec<f32>> {
    let params = trainer.params;
    let encoder = state.network.encoder.clone().no_grad();
    let mut views: [Vec<Tensor<2>>; 2] = Default::default();
    for (i, x) in trainer.x.clone().split(EVAL_BATCH, 0).into_iter().enumerate() {
        // Streams of training end below this index: epochs x batches stay far under 2^48.
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
    let members = Memberships::hard(ops::indices(labels, &a.device()), n_clusters);
    let input = SureInput::new(a, members);
    let input = match params.variance {
        Variance::Replicates => input.with_replicate(b),
        Variance::CentroidClt => input,
    };
    let sure = SureShrinkageConfig::new().with_variance(params.variance).init()?;
    read(sure.forward(input)?.b, "the shrinkage of the clusters")
}

/// Mean embedding of every cluster, the origin for an empty one: `K x d`.
pub(super) fn centres(h: &DenseMatrix, labels: &[usize], n_clusters: usize) -> DenseMatrix {
    let d = h.n_cols();
    let (mut sums, mut sizes) = (vec![0.0_f64; n_clusters * d], vec![0_usize; n_clusters]);
    for (row, &k) in h.rows().zip(labels) {
        sizes[k] += 1;
        sums[k * d..(k + 1) * d].iter_mut().zip(row).for_each(|(sum, &v)| *sum += f64::from(v));
    }
    let mean = |(i, sum): (usize, &f64)| (sum / sizes[i / d].max(1) as f64) as f32;
    DenseMatrix::from_rows(sums.iter().enumerate().map(mean).collect(), d)
}

/// Draws embeddings to their cluster's centre: `theta_hat_i = (1 - b_k) h_i + b_k mu_k`.
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
    use super::*;

    #[test]
    fn cells_move_to_the_centre_of_their_cluster_by_b() {
        let h = DenseMatrix::from_rows(vec![0.0, 2.0, 2.0, 4.0, 8.0, 8.0], 2);
        let centres = centres(&h, &[0, 0, 1], 3);
        assert_eq!(centres.values(), [1.0, 3.0, 8.0, 8.0, 0.0, 0.0]);
        let shrunk = shrink(&h, &centres, &[0, 0, 1], &[0.5, 1.0, 0.0]);
        assert_eq!(shrunk.values(), [0.5, 2.5, 1.5, 3.5, 8.0, 8.0]);
    }
}
