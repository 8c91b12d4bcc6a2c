//! Shrinkage of clusters: b from SURE, and embeddings moved towards their cluster's centre.

use burn::tensor::{Int, Tensor};
use morula_core::ops;
use morula_core::shrinkage::{Memberships, SureInput, SureShrinkageConfig, Variance};
use morula_data::DenseMatrix;
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::device::{read, read_matrix};

/// The shrinkage of clusters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Shrinkage {
    /// b of every cluster.
    pub b: Vec<f32>,
    /// Mean embedding of every cluster, the origin for an empty one: `K x d`.
    pub centres: DenseMatrix,
}

/// The noise variance per dimension of an embedding, from the embeddings of two halves of the
/// molecules of every cell. The halves are draws of the same cell, and the whole cell has half the
/// noise of one of them:
///
/// `sigma^2 = sum_i |h_i^a - h_i^b|^2 / (4 n d)`
pub(super) fn noise(a: &DenseMatrix, b: &DenseMatrix) -> f64 {
    let pairs = a.values().iter().zip(b.values());
    let squares: f64 = pairs.map(|(a, b)| f64::from(a - b).powi(2)).sum();
    squares / (4.0 * a.values().len().max(1) as f64)
}

impl Shrinkage {
    /// Estimates b of each of `n_clusters` clusters of an embedding with noise variance `sigma2`.
    pub fn estimate(
        h: Tensor<2>,
        labels: &[usize],
        n_clusters: usize,
        variance: Variance,
        sigma2: f64,
    ) -> Result<Self> {
        let device = h.device();
        let labels = ops::indices(labels, &device);
        let input = SureInput::new(h.clone(), Memberships::hard(labels.clone(), n_clusters));
        let input = match variance {
            Variance::Replicates => {
                input.with_sigma2(Tensor::from_floats([sigma2 as f32], &device))
            }
            Variance::CentroidClt => input,
        };
        let sure = SureShrinkageConfig::new().with_variance(variance).init()?;
        Ok(Self {
            b: read(sure.forward(input)?.b, "the shrinkage of the clusters")?,
            centres: read_matrix(centres(h, labels, n_clusters), "the centres of the clusters")?,
        })
    }

    /// Moves every cell to the nearest centre, k: `theta_hat_i = (1 - b_k) h_i + b_k mu_k`.
    pub fn apply(&self, h: &DenseMatrix) -> DenseMatrix {
        let d = h.n_cols();
        let mut out = h.values().to_vec();
        let distance = |h: &[f32], mu: &[f32]| -> f32 {
            h.iter().zip(mu).map(|(h, mu)| (h - mu) * (h - mu)).sum()
        };
        out.chunks_mut(d.max(1)).for_each(|h| {
            let distances = self.centres.rows().map(|mu| distance(h, mu)).enumerate();
            let Some((k, _)) = distances.min_by(|a, b| a.1.total_cmp(&b.1)) else { return };
            h.iter_mut().zip(self.centres.row(k)).for_each(|(h, mu)| *h += (mu - *h) * self.b[k]);
        });
        DenseMatrix::from_rows(out, d)
    }

    /// Whether its sizes agree with each other and with embeddings of `d` dimensions.
    pub fn fits(&self, d: usize) -> bool {
        self.b.len() == self.centres.n_rows() && self.centres.n_cols() == d
    }
}

/// Mean embedding of every cluster.
fn centres(h: Tensor<2>, labels: Tensor<1, Int>, n_clusters: usize) -> Tensor<2> {
    let member = ops::one_hot(labels, n_clusters);
    let size = member.clone().sum_dim(0).transpose().clamp_min(1.0);
    member.transpose().matmul(h) / size
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};

    use super::*;
    use crate::device::upload;

    #[test]
    fn cells_move_to_the_nearest_centre_in_proportion_to_its_b() {
        let (h, device) = (vec![0.0_f32, 2.0, 2.0, 4.0, 8.0, 8.0], &Device::flex());
        let on_device = Tensor::from_data(TensorData::new(h.clone(), [3, 2]), device);
        let centres = centres(on_device, ops::indices(&[0, 0, 1], device), 3);
        let centres = read_matrix(centres, "the centres").unwrap();
        assert_eq!(centres.values(), [1.0, 3.0, 8.0, 8.0, 0.0, 0.0]);
        let centres = DenseMatrix::from_rows(centres.values()[..4].to_vec(), 2);
        let shrinkage = Shrinkage { b: vec![0.5, 1.0], centres };
        assert!(shrinkage.fits(2) && !shrinkage.fits(3));
        let shrunk =
            shrinkage.apply(&DenseMatrix::from_rows(vec![0.0, 2.0, 2.0, 4.0, 7.0, 9.0], 2));
        assert_eq!(shrunk.values(), [0.5, 2.5, 1.5, 3.5, 8.0, 8.0]);
    }

    /// Two halves of a draw with noise variance 2 s^2 each, whose mean has s^2; cells of a cluster
    /// spread by tau^2 around its centre. b is sigma^2 / (sigma^2 + tau^2).
    #[test]
    fn halves_give_the_noise_of_the_whole() {
        use rand::{RngExt, SeedableRng};
        let rng = &mut rand_chacha::ChaCha8Rng::seed_from_u64(0);
        let (n, d, s, tau) = (4000, 4, 0.5_f32, 1.0_f32);
        // A sum of 12 uniform numbers has variance 1.
        let mut normal = |sd: f32| sd * ((0..12).map(|_| rng.random::<f32>()).sum::<f32>() - 6.0);
        let truth: Vec<f32> = (0..n * d).map(|_| normal(tau)).collect();
        let half = s * 2_f32.sqrt();
        let a: Vec<f32> = truth.iter().map(|t| t + normal(half)).collect();
        let b: Vec<f32> = truth.iter().map(|t| t + normal(half)).collect();
        let whole = a.iter().zip(&b).map(|(a, b)| (a + b) / 2.0).collect();
        let of = |x: Vec<f32>| DenseMatrix::from_rows(x, d);
        let sigma2 = noise(&of(a), &of(b));
        assert!((sigma2 / f64::from(s * s) - 1.0).abs() < 0.05, "{sigma2}");
        let device = Device::flex();
        let h = upload(&of(whole), &device);
        let found = Shrinkage::estimate(h, &vec![0; n], 1, Variance::Replicates, sigma2);
        let b = found.unwrap().b[0];
        assert!((b - 0.2).abs() < 0.01, "{b}");
    }
}
