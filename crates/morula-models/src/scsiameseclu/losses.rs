//! The loss of a step in every stage ([3.4] to [3.8]).
//!
//! [3.4]: https://github.com/morula-bio/morula/blob/main/docs/models/scsiameseclu.md#3-4
//! [3.8]: https://github.com/morula-bio/morula/blob/main/docs/models/scsiameseclu.md#3-8

use burn::tensor::Tensor;
use morula_core::MultiplicativeNoise;
use morula_core::graph::{SparseTensor, StructureLoss, StructureSample};
use morula_core::siamese::{cell_correlation_loss, latent_correlation_loss, propagation_jsd};
use morula_core::transport::transport_loss;
use morula_core::zinb::ZinbLoss;
use rand::seq::index;
use rand_chacha::ChaCha8Rng;

use super::ScSiameseCluParams;
use super::cells::{Cells, Neighborhood};
use super::network::{Encoded, Network, Views, keys};
use crate::Result;
use crate::training::loss_terms::LossTerms;

/// The losses of a run.
pub(super) struct Losses<'a> {
    pub params: &'a ScSiameseCluParams,
    noise: MultiplicativeNoise,
    zinb: ZinbLoss,
    structure: StructureLoss,
}

impl<'a> Losses<'a> {
    pub fn new(params: &'a ScSiameseCluParams, zinb: ZinbLoss) -> Self {
        Self {
            params,
            noise: MultiplicativeNoise::new(params.noise),
            zinb,
            structure: StructureLoss,
        }
    }

    /// An augmented view, on the autodiff device.
    fn view(&self, x: &Tensor<2>, rng: &mut ChaCha8Rng) -> Tensor<2> {
        self.noise.forward(x.clone(), rng).autodiff()
    }

    /// Autoencoder stage: decodes components and counts of `rows` from a noisy view.
    pub fn autoencoder(
        &self,
        network: &Network,
        cells: &Cells,
        rows: &[usize],
        rng: &mut ChaCha8Rng,
    ) -> Result<LossTerms> {
        let z = network.expression.encode(self.view(&cells.features(rows), rng));
        let mut terms = LossTerms::default();
        self.expression(&mut terms, network, z, cells, rows, rng)?;
        Ok(terms)
    }

    /// Graph stage: decodes signal and edges from the graph encoder alone.
    pub fn graph(
        &self,
        network: &Network,
        batch: &Neighborhood,
        rng: &mut ChaCha8Rng,
    ) -> Result<LossTerms> {
        let along = &batch.along[0];
        let z = network.graph.forward(along, self.view(&batch.x, rng));
        let mut terms = LossTerms::default();
        if let Some(z) = z.last() {
            self.signal(&mut terms, network, z.clone(), z.clone(), batch, rng)?;
        }
        Ok(terms)
    }

    /// Joint stage; also the main stage, which passes a `plan` `[b, K]`.
    pub fn joint(
        &self,
        network: &Network,
        cells: &Cells,
        batch: &Neighborhood,
        plan: Option<Tensor<2>>,
        rng: &mut ChaCha8Rng,
    ) -> Result<LossTerms> {
        let views =
            Views { x: [0, 1].map(|_| self.view(&batch.x, rng)), along: batch.along.clone() };
        let encoded = network.encode(&views);
        let keys = keys(self.params, batch.rows.len(), batch.rows.len(), &batch.x.device())?;
        let z = network.fuse(self.params, &encoded, &batch.along[0], keys);
        let mut terms = LossTerms::default();
        self.expression(&mut terms, network, z.clone(), cells, &batch.rows, rng)?;
        let [graph, other] = encoded.graph_latent();
        let graph = (graph + other).mul_scalar(0.5);
        self.signal(&mut terms, network, z.clone(), graph, batch, rng)?;
        if let Some(plan) = plan {
            self.refinement(&mut terms, network, &views, &encoded, &z)?;
            terms.add_if("transport", self.params.transport_weight, || {
                Ok(transport_loss(plan, network.assignment.log_forward(z)))
            })?;
        }
        Ok(terms)
    }

    /// `mse(x_hat, X)` over all cells, and the ZINB likelihood of the counts over some.
    fn expression(
        &self,
        terms: &mut LossTerms,
        network: &Network,
        z: Tensor<2>,
        cells: &Cells,
        rows: &[usize],
        rng: &mut ChaCha8Rng,
    ) -> Result<()> {
        let params = self.params;
        if params.expression_weight + params.zinb_weight == 0.0 {
            return Ok(());
        }
        let trunk = network.expression.trunk(z);
        terms.add_if("expression", params.expression_weight, || {
            let decoded = network.expression.reconstruct(trunk.clone());
            Ok((decoded - cells.features(rows).autodiff()).square().mean())
        })?;
        terms.add_if("zinb", params.zinb_weight, || {
            let (some, trunk) = match rows.len() <= params.zinb_cells {
                true => (rows.to_vec(), trunk),
                false => {
                    let mut some = index::sample(rng, rows.len(), params.zinb_cells).into_vec();
                    some.sort_unstable();
                    let selection = SparseTensor::selection(&some, rows.len(), &cells.x.device())?;
                    (some.into_iter().map(|i| rows[i]).collect(), selection.matmul(trunk))
                }
            };
            let (counts, factors) = cells.counts(&some);
            Ok(self.zinb.forward(counts, network.expression.distribution(trunk), factors)?)
        })
    }

    /// `mse(Z_hat, S X)`, and the likelihood of the edges.
    fn signal(
        &self,
        terms: &mut LossTerms,
        network: &Network,
        z: Tensor<2>,
        graph: Tensor<2>,
        batch: &Neighborhood,
        rng: &mut ChaCha8Rng,
    ) -> Result<()> {
        let params = self.params;
        let decoded = network.graph_decoder.forward(&batch.along[0], z);
        let Some(decoded) = decoded.last().cloned() else { return Ok(()) };
        terms.add_if("signal", params.signal_weight, || {
            Ok((decoded.clone() - batch.signal.clone().autodiff()).square().mean())
        })?;
        terms.add_if("structure", params.structure_weight, || {
            let device = batch.x.device();
            let sample = StructureSample::draw(&batch.graph, params.non_edges, rng, &device)?;
            Ok(self.structure.forward(graph, decoded, &sample))
        })
    }

    /// Cell and latent refinement, and the regularisation of every layer's propagation.
    fn refinement(
        &self,
        terms: &mut LossTerms,
        network: &Network,
        views: &Views,
        encoded: &Encoded,
        z: &Tensor<2>,
    ) -> Result<()> {
        let params = self.params;
        let [e1, e2] = encoded.expression.clone();
        let [g1, g2] = encoded.graph_latent();
        terms.add_if("cells", params.cell_weight, || {
            Ok(cell_correlation_loss(e1.clone(), e2.clone()))
        })?;
        terms.add_if("graph_cells", params.graph_cell_weight, || {
            Ok(cell_correlation_loss(g1.clone(), g2.clone()))
        })?;
        terms.add_if("latent", params.latent_weight, || {
            let q = network.assignment.forward(z.clone()).detach();
            let expression = latent_correlation_loss(e1, e2, q.clone());
            Ok(expression + latent_correlation_loss(g1, g2, q))
        })?;
        terms.add_if("propagation", params.propagation_weight, || {
            let layers = (0..2)
                .flat_map(|v| encoded.graph[v].iter().map(move |z| (&views.along[v], z.clone())));
            let mut sum: Option<Tensor<1>> = None;
            for (along, z) in layers {
                let jsd = propagation_jsd(along.forward(z.clone()), z);
                sum = Some(sum.map_or(jsd.clone(), |sum| sum + jsd));
            }
            Ok(sum.unwrap_or_else(|| z.clone().sum().mul_scalar(0.0)))
        })
    }
}
