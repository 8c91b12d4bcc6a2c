//! The strength of the shrinkage of each cluster.

use burn::config::Config;
use burn::tensor::{FloatDType, Tensor};

use super::clusters::{Clusters, nonzero};

/// How the weight b_k of the centre follows from sigma^2 and the scatter S_k.
#[derive(Config, Debug, Copy, PartialEq, Eq)]
pub enum Shrinkage {
    /// The minimiser of the risk estimate over tau^2 >= 0, which is also the posterior weight at
    /// the moment estimate of tau^2:
    ///
    /// ```text
    /// b = min(1, nu P sigma^2 / S)
    /// ```
    ///
    /// The risk is the one of a fixed b. At its own minimum it is slightly too low, by up to
    /// 4 b sigma^2 per cluster.
    Sure,
    /// James and Stein's choice, positive part:
    ///
    /// ```text
    /// b = min(1, max(0, nu P - 2) sigma^2 / S)
    /// ```
    ///
    /// The risk accounts for the dependence of b on the data, and is exactly unbiased.
    JamesStein,
}

/// sigma^2, tau^2 and b per cluster, and the divergence for this b.
pub(super) struct Weights {
    /// \[1, K\]
    pub sigma2: Tensor<2>,
    /// \[1, K\]
    pub tau2: Tensor<2>,
    /// 0 for a cluster without support. \[1, K\]
    pub b: Tensor<2>,
    /// \[B, K\]
    pub divergence: Tensor<2>,
}

impl Weights {
    /// The weights for a measured noise variance, \[1, 1\] or \[1, K\].
    pub fn measured(clusters: &Clusters, sigma2: Tensor<2>, rule: Shrinkage) -> Self {
        let Clusters { support, freedom, scatter, divergence, .. } = clusters.clone();
        let sigma2 = sigma2.expand(support.dims());
        let tau2 = scatter.clone() / nonzero(freedom.clone()) - sigma2.clone();
        let (noise, divergence) = match rule {
            Shrinkage::Sure => (freedom * sigma2.clone(), divergence),
            Shrinkage::JamesStein => {
                let noise = freedom.sub_scalar(2.0).clamp_min(0.0) * sigma2.clone();
                let moving = clusters.pull_of_scatter(noise.clone());
                (noise, divergence - moving)
            }
        };
        // min(1, noise / scatter), finite when both are 0
        let b = noise.clone() / nonzero(noise.max_pair(scatter));
        Self { sigma2, tau2: tau2.clamp_min(0.0) * support.clone(), b: b * support, divergence }
    }

    /// The published plug-in: sigma_k^2 = S_k / (nu_k P), b = n_k / (n_k + 1).
    pub fn centroid_clt(clusters: &Clusters) -> Self {
        let Clusters { support, size, freedom, scatter, divergence, .. } = clusters.clone();
        let sigma2 = scatter / nonzero(freedom);
        let tau2 = sigma2.clone() / nonzero(size.clone());
        let b = size.clone() / (size + 1.0) * support;
        Self { sigma2, tau2, b, divergence }
    }
}

impl Clusters {
    /// The part of the divergence of b (z_i - mu_k) / b that comes from the change of b = noise / S
    /// with z: 2 r_ik ||z_i - mu_k||^2 / S_k, and 0 where b is clipped to 1. \[B, K\]
    fn pull_of_scatter(&self, noise: Tensor<2>) -> Tensor<2> {
        let dtype = FloatDType::from(noise.dtype());
        let unclipped = self.scatter.clone().greater(noise).cast(dtype);
        let scale = unclipped.mul_scalar(2.0) / nonzero(self.scatter.clone());
        self.weights.clone() * self.distances.clone() * scale
    }
}
