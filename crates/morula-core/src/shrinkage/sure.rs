//! The module: from a batch of embeddings to its risk and its shrunk embeddings.

use burn::module::Module;
use burn::tensor::{FloatDType, Tensor};

use super::clusters::Clusters;
use super::config::SureShrinkageConfig;
use super::input::SureInput;
use super::risk::stein_risk;
use super::variance::{Variance, replicate_variance, replicate_variance_per_cluster};
use super::weight::{Shrinkage, Weights};
use crate::{CoreError, Result};

impl SureShrinkageConfig {
    /// Creates the module.
    ///
    /// # Errors
    ///
    /// [`CoreError::Parameter`] for settings that exclude each other: `CentroidClt` fixes b, and
    /// always measures one sigma^2 per cluster.
    pub fn init(&self) -> Result<SureShrinkage> {
        let refuse = |parameter, found, requirement| {
            Err(CoreError::parameter("SureShrinkageConfig", parameter, found, requirement))
        };
        match (self.variance, self.shrinkage, self.per_cluster) {
            (Variance::CentroidClt, Shrinkage::JamesStein, _) => refuse(
                "shrinkage",
                "JamesStein",
                "Variance::CentroidClt fixes b = N / (N + 1); use Variance::Replicates",
            ),
            (Variance::CentroidClt, _, true) => refuse(
                "per_cluster",
                "true",
                "it belongs to Variance::Replicates; Variance::CentroidClt is always per cluster",
            ),
            _ => Ok(SureShrinkage { config: *self }),
        }
    }
}

/// Shrinkage of cells towards their cluster's centre, and Stein's unbiased estimate of its risk.
///
/// Equations and symbols: [the module's page](crate::shrinkage). It reads nothing back to the host
/// and no control flow depends on data, so a training step can call it. Built by
/// [`SureShrinkageConfig`].
#[derive(Module, Debug)]
pub struct SureShrinkage {
    #[module(skip)]
    config: SureShrinkageConfig,
}

/// The result of [`SureShrinkage::forward`].
#[derive(Debug, Clone)]
pub struct SureOutput {
    /// The loss: sum_ik r_ik SURE_ik / B, a mean per cell. \[1\]
    pub risk: Tensor<1>,
    /// Weight of the centre per cluster, from 0 (unchanged) to 1 (moved to the centre). \[K\]
    pub b: Tensor<1>,
    /// Noise variance per dimension of the shrunk quantity (see [`Estimate`](super::Estimate)). \[K\]
    pub sigma2: Tensor<1>,
    /// Variance per dimension of the true cells around the centre. \[K\]
    pub tau2: Tensor<1>,
    /// The centres. \[K, P\]
    pub centres: Tensor<2>,
    /// The shrunk embeddings. \[B, P\]
    pub theta_hat: Tensor<2>,
}

impl SureShrinkage {
    /// Risk, weights and shrunk embeddings of a batch.
    ///
    /// A cluster without cells, or with a single cell that is its own centre, is not shrunk:
    /// b = tau^2 = 0, theta_hat = z, and it adds nothing to the risk. Sums of squares under 1e-15
    /// count as 0.
    ///
    /// # Shapes
    ///
    /// - z, replicate: \[B, P\]; memberships: \[B, K\]; centres: \[K, P\]; sigma2: \[1\] or \[K\]
    /// - output: see [`SureOutput`]
    ///
    /// # Errors
    ///
    /// [`CoreError::Shape`] for shapes that do not match or are empty,
    /// [`CoreError::Parameter`] for an input that the configuration needs and that is missing, or
    /// that is given and that the configuration cannot use.
    pub fn forward(&self, input: SureInput) -> Result<SureOutput> {
        input.check(&self.config)?;
        let SureInput { z, memberships, replicate, sigma2, centres } = input;
        let dtype = FloatDType::from(z.dtype());
        let replicate = replicate.map(|replicate| replicate.cast(dtype));
        let [n_cells, n_dims] = z.dims();
        let [_, n_clusters] = memberships.dims();

        let estimate = self.config.estimate.of(z.clone(), replicate.clone());
        let clusters = Clusters::new(&estimate, &memberships, centres);
        let noise = match (sigma2, replicate) {
            (Some(sigma2), _) => Some(sigma2.cast(dtype).unsqueeze_dim(0)),
            (None, Some(replicate)) => Some(self.replicate_variance(z, replicate, &clusters)),
            (None, None) => None,
        };
        let weights = self.weights(&clusters, noise);

        let risk = stein_risk(
            clusters.distances,
            weights.divergence,
            weights.sigma2.clone(),
            weights.b.clone(),
            n_dims,
        );
        let pull = clusters.weights.clone() * weights.b.clone();
        let kept = pull.clone().sum_dim(1).neg() + 1.0;
        Ok(SureOutput {
            // not `div_scalar`, whose gradient is rounded to f32 in any precision
            risk: (clusters.weights * risk).sum().mul_scalar(1.0 / n_cells as f64),
            theta_hat: estimate * kept + pull.matmul(clusters.centres.clone()),
            b: weights.b.reshape([n_clusters]),
            sigma2: weights.sigma2.reshape([n_clusters]),
            tau2: weights.tau2.reshape([n_clusters]),
            centres: clusters.centres,
        })
    }

    /// sigma^2 of the estimate from two views, \[1, 1\] or \[1, K\].
    fn replicate_variance(
        &self,
        z: Tensor<2>,
        replicate: Tensor<2>,
        clusters: &Clusters,
    ) -> Tensor<2> {
        let variance = match self.config.per_cluster {
            false => replicate_variance(z, replicate),
            true => replicate_variance_per_cluster(z, replicate, clusters.weights.clone()),
        };
        variance.mul_scalar(self.config.estimate.noise_share())
    }

    /// The weights, without gradient if `detach` is set.
    fn weights(&self, clusters: &Clusters, noise: Option<Tensor<2>>) -> Weights {
        let (clusters, noise) = match self.config.detach {
            true => (&clusters.detached(), noise.map(Tensor::without_autodiff)),
            false => (clusters, noise),
        };
        match (self.config.variance, noise) {
            (Variance::Replicates, Some(noise)) => {
                Weights::measured(clusters, noise, self.config.shrinkage)
            }
            _ => Weights::centroid_clt(clusters),
        }
    }
}
