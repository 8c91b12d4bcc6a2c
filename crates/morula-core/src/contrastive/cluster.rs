//! Cluster-level contrast, with a balance term against empty clusters.

use burn::config::Config;
use burn::tensor::Tensor;

use super::{InstanceContrastiveLoss, InstanceContrastiveLossConfig};
use crate::ops::l2_normalize;

/// A smaller share counts as 0, so that `0 log 0 = 0` with a finite gradient.
const SHARE_FLOOR: f64 = 1e-30;

/// Configuration of a [`ClusterContrastiveLoss`].
#[derive(Config, Debug)]
pub struct ClusterContrastiveLossConfig {
    /// Temperature T_c > 0 of the contrast between clusters.
    #[config(default = 1.0)]
    pub temperature: f64,
}

/// Contrast of the 2K columns of the two soft assignments (section [2.5]; Contrastive Clustering,
/// section 3.3): NT-Xent over the columns, scaled to length 1, at temperature T_c.
///
/// Each view adds the balance term `log K - H(p)`, `p_k = mean_i q_ik`. It is 0 when all clusters
/// are equally large and `log K` when all cells are in one cluster.
///
/// [2.5]: https://github.com/morula-bio/morula/blob/main/docs/models/jojoscl.md#2-5
#[derive(Debug, Clone)]
pub struct ClusterContrastiveLoss {
    contrast: InstanceContrastiveLoss,
}

/// The two terms of a [`ClusterContrastiveLoss`], each of shape `[1]`.
#[derive(Debug, Clone)]
pub struct ClusterContrastiveOutput {
    /// NT-Xent over the cluster columns.
    pub contrast: Tensor<1>,
    /// `log K - H(p)`, summed over both views.
    pub balance: Tensor<1>,
}

impl ClusterContrastiveLossConfig {
    /// Creates the loss.
    pub fn init(&self) -> ClusterContrastiveLoss {
        let contrast = InstanceContrastiveLossConfig::new().with_temperature(self.temperature);
        ClusterContrastiveLoss { contrast: contrast.init() }
    }
}

impl ClusterContrastiveLoss {
    /// Both terms of the loss.
    ///
    /// # Shapes
    /// - q_a, q_b: `[batch, n_clusters]`, rows summing to 1
    pub fn forward(&self, q_a: Tensor<2>, q_b: Tensor<2>) -> ClusterContrastiveOutput {
        let columns = |q: &Tensor<2>| l2_normalize(q.clone().transpose());
        let contrast = self.contrast.forward(columns(&q_a), columns(&q_b));
        ClusterContrastiveOutput { contrast, balance: imbalance(q_a) + imbalance(q_b) }
    }
}

impl ClusterContrastiveOutput {
    /// Contrast plus balance.
    pub fn total(self) -> Tensor<1> {
        self.contrast + self.balance
    }
}

/// `log K - H(p)` of the mean assignment.
fn imbalance(q: Tensor<2>) -> Tensor<1> {
    let [_, k] = q.dims();
    let share = q.mean_dim(0);
    let log = share.clone().clamp_min(SHARE_FLOOR).log();
    (share * log).sum().add_scalar((k as f64).ln())
}
