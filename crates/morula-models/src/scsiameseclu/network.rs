//! The trained parts of scSiameseClu and one pass through them ([3.3], [3.4]).
//!
//! [3.3]: https://github.com/morula-bio/morula/blob/main/docs/models/scsiameseclu.md#3-3
//! [3.4]: https://github.com/morula-bio/morula/blob/main/docs/models/scsiameseclu.md#3-4

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use morula_cluster::random::{Purpose, stream};
use morula_core::graph::{Gcn, GcnConfig, Propagator, SparseTensor};
use morula_core::init;
use morula_core::siamese::{Fusion, FusionConfig, Keys};
use morula_core::transport::{StudentT, StudentTConfig};
use morula_core::zinb::{ZinbAutoencoder, ZinbAutoencoderConfig};

use super::ScSiameseCluParams;
use crate::Result;
use crate::saved::weights;

/// Everything that receives gradients.
#[derive(Module, Debug)]
pub(super) struct Network {
    /// Expression autoencoder: encoder, decoder and ZINB outputs.
    pub expression: ZinbAutoencoder,
    /// Graph encoder.
    pub graph: Gcn,
    /// Graph decoder.
    pub graph_decoder: Gcn,
    pub fusion: Fusion,
    pub assignment: StudentT,
}

/// The input of a pass: two views of the same cells.
pub(super) struct Views {
    /// Principal components of each view, `[n, p]`.
    pub x: [Tensor<2>; 2],
    /// The operators that propagate the views: the perturbed graph and the diffusion.
    pub along: [Propagator; 2],
}

/// The output of the encoders.
pub(super) struct Encoded {
    /// Expression embedding of each view, `[n, d]`.
    pub expression: [Tensor<2>; 2],
    /// Output of every layer of the graph encoder, per view; the last is `[n, d]`.
    pub graph: [Vec<Tensor<2>>; 2],
}

/// The cells that `n` cells attend to: all of the first `n_known`, or `anchors` spread evenly over
/// them.
pub(super) fn keys(
    params: &ScSiameseCluParams,
    n_known: usize,
    n: usize,
    device: &Device,
) -> Result<Keys> {
    let m = match params.anchors {
        0 => n_known,
        anchors => n_known.min(anchors),
    };
    if m == n {
        return Ok(Keys::All);
    }
    let rows: Vec<usize> = (0..m).map(|i| i * n_known / m).collect();
    Ok(Keys::Anchors(SparseTensor::selection(&rows, n, device)?))
}

/// Inputs and outputs of the layers of a [`Network`].
pub(super) fn layers(
    params: &ScSiameseCluParams,
    [n_clusters, n_comps, n_genes]: [usize; 3],
) -> Vec<[usize; 2]> {
    let d = params.latent;
    let encoder = |hidden: &[usize]| [&[n_comps], hidden, &[d]].concat();
    let chain = |hidden: &[usize]| weights::layers(&encoder(hidden)).collect::<Vec<_>>();
    let (expression, graph) = (chain(&params.widths), chain(&params.graph_widths));
    let d_trunk = params.widths.first().copied().unwrap_or(d);
    // Decoders mirror encoders; the heads of mu, theta and pi start from the trunk.
    let outputs = [[d_trunk, n_genes]; 3].into_iter().chain([[n_clusters, d]]);
    [&expression, &expression, &graph, &graph]
        .into_iter()
        .flatten()
        .copied()
        .chain(outputs)
        .collect()
}

impl Encoded {
    /// Graph embedding of each view, `[n, d]`.
    pub fn graph_latent(&self) -> [Tensor<2>; 2] {
        [0, 1].map(|v| match self.graph[v].last() {
            Some(z) => z.clone(),
            // A graph encoder always has layers; this branch avoids a panic.
            None => self.expression[v].clone(),
        })
    }
}

impl Network {
    /// Weights drawn from the seed, on a device with autodiff.
    pub fn new(
        params: &ScSiameseCluParams,
        [n_clusters, n_comps, n_genes]: [usize; 3],
        device: &Device,
    ) -> Result<Self> {
        let device = device.clone().autodiff();
        let network = Self::init(params, [n_clusters, n_comps, n_genes], &device)?;
        Ok(init::xavier_uniform(network, &mut stream(params.seed, Purpose::Weights, 0)))
    }

    /// The architecture on a device, before weights are loaded.
    pub fn init(
        params: &ScSiameseCluParams,
        [n_clusters, n_comps, n_genes]: [usize; 3],
        device: &Device,
    ) -> Result<Self> {
        let d = params.latent;
        let mut widths = vec![n_comps];
        widths.extend(&params.graph_widths);
        widths.push(d);
        let mirrored = widths.iter().rev().copied().collect();
        Ok(Self {
            expression: ZinbAutoencoderConfig::new(n_comps, n_genes)
                .with_hidden(params.widths.clone())
                .with_d_latent(d)
                .init(device),
            graph: GcnConfig::new(widths).init(device)?,
            graph_decoder: GcnConfig::new(mirrored).init(device)?,
            fusion: FusionConfig::new(d).init(device),
            assignment: StudentTConfig::new(n_clusters, d).init(device)?,
        })
    }

    /// Resizes the assignment to `k` clusters; their centroids are set later.
    pub fn with_clusters(self, k: usize) -> Result<Self> {
        let [known, d] = self.assignment.centroids.dims();
        if known == k {
            return Ok(self);
        }
        let device = self.assignment.centroids.device();
        Ok(Self { assignment: StudentTConfig::new(k, d).init(&device)?, ..self })
    }

    /// Encodes both views.
    pub fn encode(&self, views: &Views) -> Encoded {
        Encoded {
            expression: [0, 1].map(|v| self.expression.encode(views.x[v].clone())),
            graph: [0, 1].map(|v| self.graph.forward(&views.along[v], views.x[v].clone())),
        }
    }

    /// One embedding from both views of both autoencoders, `[n, d]`.
    pub fn fuse(
        &self,
        params: &ScSiameseCluParams,
        encoded: &Encoded,
        along: &Propagator,
        keys: Keys,
    ) -> Tensor<2> {
        let mean = |[a, b]: [Tensor<2>; 2]| (a + b).mul_scalar(0.5);
        let expression = mean(encoded.expression.clone());
        let graph = mean(encoded.graph_latent());
        match params.fusion {
            true => self.fusion.forward(expression, graph, |z| along.forward(z), keys),
            false => mean([expression, graph]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ScSiameseClu;
    use crate::training::seeded_weights;

    #[test]
    fn a_seed_gives_the_same_weights_on_every_device() {
        let params = ScSiameseClu::params(3).widths(vec![8, 6]).graph_widths(vec![7]).latent(4);
        let network = |seed, device: &Device| {
            Network::new(&params.clone().seed(seed), [3, 5, 10], device).unwrap()
        };
        seeded_weights::check(network);
    }

    #[test]
    fn centroids_of_clusters_detected_late_are_trained() {
        let params = ScSiameseClu::params(1).widths(vec![8, 6]).graph_widths(vec![7]).latent(4);
        let network = Network::new(&params, [1, 5, 10], &Device::flex()).unwrap();
        let network = network.with_clusters(3).unwrap();
        let means = Tensor::<2>::ones([3, 4], &Device::flex());
        let assignment = network.assignment.with_centroids(means).unwrap();
        let z = Tensor::<2>::zeros([2, 4], &Device::flex().autodiff());
        let q = assignment.forward(z).slice([0..2, 0..1]).sum();
        let gradients = q.backward();
        let gradient = assignment.centroids.val().grad(&gradients);
        let largest = gradient.unwrap().abs().max().into_scalar::<f32>();
        assert!(largest > 1e-3, "{largest}");
    }
}
