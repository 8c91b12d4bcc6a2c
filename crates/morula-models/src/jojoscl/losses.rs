//! The loss of one step of JojoSCL.

use burn::tensor::{Int, Tensor};
use morula_core::contrastive::{
    ClusterContrastiveLoss, ClusterContrastiveLossConfig, InstanceContrastiveLoss,
    InstanceContrastiveLossConfig,
};
use morula_core::shrinkage::{Memberships, SureInput, SureShrinkage, SureShrinkageConfig};
use morula_core::{Encoder, ExpressionAugmentation, ExpressionAugmentationConfig};
use rand_chacha::ChaCha8Rng;

use super::JojoSclParams;
use super::network::Network;
use crate::Result;
use crate::training::loss_terms::LossTerms;

/// The cells of one step.
pub(super) struct Batch {
    /// Scaled expression of the cells, `[batch, genes]`, outside autodiff.
    pub x: Tensor<2>,
    /// Scaled expression of their positives, `[batch, genes]`: each is the cell itself or a
    /// neighbour.
    pub positive: Tensor<2>,
    /// Clusters for the shrinkage, and the weight of that term, once it has started.
    pub shrinkage: Option<(Tensor<1, Int>, f64)>,
}

/// The losses of a run.
pub(super) struct Losses {
    augmentation: ExpressionAugmentation,
    instance: InstanceContrastiveLoss,
    cluster: ClusterContrastiveLoss,
    shrinkage: SureShrinkage,
    instance_weight: f64,
    cluster_weight: f64,
    n_clusters: usize,
}

impl Losses {
    pub fn new(params: &JojoSclParams, n_clusters: usize) -> Result<Self> {
        let temperature = params.cluster_temperature;
        Ok(Self {
            augmentation: ExpressionAugmentationConfig::new()
                .with_dropout(params.dropout)
                .with_noise(params.noise)
                .init(),
            instance: InstanceContrastiveLossConfig::new()
                .with_temperature(params.temperature)
                .init(),
            cluster: ClusterContrastiveLossConfig::new().with_temperature(temperature).init(),
            shrinkage: SureShrinkageConfig::new()
                .with_variance(params.variance)
                .with_detach(!params.attach_variance)
                .init()?,
            instance_weight: params.instance_weight,
            cluster_weight: params.cluster_weight,
            n_clusters,
        })
    }

    /// An augmented view, on the autodiff device.
    pub fn view(&self, x: Tensor<2>, rng: &mut ChaCha8Rng) -> Tensor<2> {
        self.augmentation.forward(x, rng).autodiff()
    }

    /// The terms of the loss and their weighted sum ([2.9]).
    ///
    /// `L = w_i L_instance + w_c (L_cluster + L_balance) + lambda L_SURE`
    ///
    /// [2.9]: https://github.com/morula-bio/morula/blob/main/docs/models/jojoscl.md#2-9
    pub fn forward(
        &self,
        network: &Network,
        key: &Encoder,
        batch: Batch,
        rng: &mut ChaCha8Rng,
    ) -> Result<LossTerms> {
        let h_q = network.encoder.forward(self.view(batch.x, rng));
        let h_k = key.forward(self.view(batch.positive, rng)).detach();

        let mut terms = LossTerms::default();
        let z_q = network.projection.forward(h_q.clone());
        let z_k = network.projection.forward(h_k.clone());
        if self.instance_weight > 0.0 {
            let loss = self.instance.forward(z_q.clone(), z_k.clone());
            terms.add("instance", loss, self.instance_weight);
        }
        if self.cluster_weight > 0.0 {
            let q_q = network.cluster.forward(h_q);
            let q_k = network.cluster.forward(h_k);
            let loss = self.cluster.forward(q_q, q_k);
            terms.add("cluster", loss.contrast, self.cluster_weight);
            terms.add("balance", loss.balance, self.cluster_weight);
        }
        if let Some((labels, weight)) = batch.shrinkage {
            let members = Memberships::hard(labels, self.n_clusters);
            let input = SureInput::new(z_q, members).with_replicate(z_k);
            terms.add("shrinkage", self.shrinkage.forward(input)?.risk, weight);
        }
        Ok(terms)
    }
}
