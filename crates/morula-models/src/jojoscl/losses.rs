//! The loss of one step of JojoSCL.

use burn::tensor::{Int, Tensor};
use morula_core::contrastive::{
    ClusterContrastiveLoss, ClusterContrastiveLossConfig, InstanceContrastiveLoss,
    InstanceContrastiveLossConfig,
};
use morula_core::ops;
use morula_core::shrinkage::{Memberships, SureInput, SureShrinkage, SureShrinkageConfig};

use super::inputs::Views;
use super::network::Network;
use super::{JojoSclEncoder, JojoSclParams};
use crate::Result;
use crate::training::loss_terms::LossTerms;

/// The cells of one step.
pub(super) struct Batch<'a> {
    pub views: Views,
    /// The cell of every row of the first view.
    pub rows: &'a [usize],
    /// The cell of every row of the second view: the same cell, or a neighbour.
    pub positives: &'a [usize],
    /// Clusters of all cells for the shrinkage, and the weight of that term, once it has started.
    pub shrinkage: Option<(Tensor<1, Int>, f64)>,
}

/// The losses of a run.
pub(super) struct Losses {
    instance: InstanceContrastiveLoss,
    cluster: ClusterContrastiveLoss,
    shrinkage: SureShrinkage,
    instance_weight: f64,
    cluster_weight: f64,
    reconstruction_weight: f64,
    n_clusters: usize,
}

impl Losses {
    pub fn new(params: &JojoSclParams, n_clusters: usize) -> Result<Self> {
        let temperature = params.cluster_temperature;
        Ok(Self {
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
            reconstruction_weight: params.reconstruction_weight,
            n_clusters,
        })
    }

    /// The terms of the loss and their weighted sum ([2.9]).
    ///
    /// `L = w_i L_instance + w_r L_reconstruction + w_c (L_cluster + L_balance) + lambda L_SURE`
    ///
    /// The second view goes through the `key` encoder or, without one, through the same encoder.
    ///
    /// [2.9]: https://github.com/morula-bio/morula/blob/main/docs/models/jojoscl.md#2-9
    pub fn forward(
        &self,
        network: &Network,
        key: Option<&JojoSclEncoder>,
        batch: Batch<'_>,
    ) -> Result<LossTerms> {
        let Views { a, b, target } = batch.views;
        let device = a.device();
        let h_a = network.encoder.forward(a.autodiff());
        let h_b = match key {
            Some(key) => key.forward(b.autodiff()).detach(),
            None => network.encoder.forward(b.autodiff()),
        };
        let mut terms = LossTerms::default();
        let z_a = network.projection.forward(h_a.clone());
        let z_b = network.projection.forward(h_b.clone());
        if self.instance_weight > 0.0 {
            let cells =
                [batch.rows, batch.positives].map(|cells| ops::indices(cells, &device).autodiff());
            let loss = self.instance.forward_cells([z_a.clone(), z_b.clone()], cells);
            terms.add("instance", loss, self.instance_weight);
        }
        if self.reconstruction_weight > 0.0 {
            let error = network.decoder.forward(h_a.clone()) - target.autodiff();
            terms.add("reconstruction", error.square().mean(), self.reconstruction_weight);
        }
        if self.cluster_weight > 0.0 {
            let q_a = network.cluster.forward(h_a);
            let q_b = network.cluster.forward(h_b);
            let loss = self.cluster.forward(q_a, q_b);
            terms.add("cluster", loss.contrast, self.cluster_weight);
            terms.add("balance", loss.balance, self.cluster_weight);
        }
        if let Some((labels, weight)) = batch.shrinkage {
            let pairs = batch.rows.iter().zip(batch.positives).enumerate();
            let own: Vec<usize> = pairs.filter(|(_, (a, b))| a == b).map(|(at, _)| at).collect();
            let loss = self.risk([z_a, z_b], labels, batch.rows, &own)?;
            terms.add("shrinkage", loss, weight);
        }
        Ok(terms)
    }

    /// The risk of the cells whose second view is their own, at the places `own`: only those are two
    /// draws of one cell.
    fn risk(
        &self,
        [z_a, z_b]: [Tensor<2>; 2],
        labels: Tensor<1, Int>,
        rows: &[usize],
        own: &[usize],
    ) -> Result<Tensor<1>> {
        if own.is_empty() {
            return Ok(z_a.sum().mul_scalar(0.0));
        }
        let cells: Vec<usize> = own.iter().map(|&at| rows[at]).collect();
        let device = labels.device();
        let members =
            Memberships::hard(labels.select(0, ops::indices(&cells, &device)), self.n_clusters);
        let own = ops::indices(own, &device);
        let [z, replicate] = [z_a, z_b].map(|z| z.select(0, own.clone()));
        let input = SureInput::new(z, members).with_replicate(replicate);
        Ok(self.shrinkage.forward(input)?.risk)
    }
}
