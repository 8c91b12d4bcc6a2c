//! Parameters of scSiameseClu: a builder, checked before anything runs.

use morula_core::transport::Marginal;
use morula_preprocess::{RecipeParams, TargetSum};
use serde::{Deserialize, Serialize};

use crate::device::device_limits::Planned;
use crate::{ClusterMethod, NClusters};

/// Parameters of [`ScSiameseClu`](super::ScSiameseClu). A TOML file can set every field.
///
/// The defaults are one set for all data, chosen without labels. A term with weight 0 is left out;
/// a stage with 0 epochs is skipped.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScSiameseCluParams {
    /// Number of clusters K, or `auto`. The method `communities` applies K after training, so the
    /// embedding does not depend on it.
    pub n_clusters: NClusters,
    /// Seed of all random numbers.
    pub seed: u64,

    /// Epochs that train the expression autoencoder alone.
    pub autoencoder_epochs: usize,
    /// Epochs that train the graph autoencoder alone.
    pub graph_epochs: usize,
    /// Epochs that train both through the fusion.
    pub joint_epochs: usize,
    /// Epochs of the main stage, with every term; off by default. Above 20,000 cells the epochs of all stages
    /// shrink in proportion, because each epoch has more steps.
    pub epochs: usize,
    /// Adam's learning rate of the two autoencoders.
    pub pretraining_rate: f64,
    /// Adam's learning rate of the joint stage.
    pub joint_rate: f64,
    /// Adam's learning rate of the main stage.
    pub learning_rate: f64,
    /// Most cells per step of the expression autoencoder; the batches are equally large.
    pub batch_size: usize,
    /// Least number of batches per epoch of the expression autoencoder, while a batch holds 32
    /// cells.
    pub min_batches: usize,
    /// Most cells per step of the graph stages. More cells are split into unions of small parts of
    /// the graph.
    pub max_nodes: usize,
    /// Most cells that one cell attends to, spread evenly over all. 0 for all of them, at a cost
    /// quadratic in the cells.
    pub anchors: usize,

    /// Whether the input of the networks is 50 components of each of three views of expression;
    /// otherwise it is principal components of the z-scores, as published.
    pub input_views: bool,
    /// Number of these principal components.
    pub components: usize,
    /// Whether every cell is scaled to the same length in the components, so that distances depend
    /// on cosines alone.
    pub cosine: bool,
    /// Whether neighbours are found in three views of expression, as in the clustering; otherwise
    /// in principal components alone.
    pub graph_views: bool,
    /// Number of these principal components.
    pub graph_components: usize,
    /// Neighbours of a cell in the graph.
    pub neighbors: usize,
    /// Widths of the expression encoder; the decoder mirrors them.
    pub widths: Vec<usize>,
    /// Widths of the graph encoder; the decoder mirrors them.
    pub graph_widths: Vec<usize>,
    /// Width d of the embedding.
    pub latent: usize,
    /// Whether the fusion module makes the embedding; otherwise it is the mean of both embeddings.
    pub fusion: bool,

    /// Standard deviation of the factors N(1, noise) that make a view.
    pub noise: f64,
    /// Share of the edges, the least similar ones, that the perturbed graph lacks.
    pub drop_edges: f64,
    /// Restart probability alpha of the graph diffusion.
    pub alpha: f64,
    /// Epochs between two refreshes of the perturbed graph and of the transport plan.
    pub refresh_every: usize,

    /// Weight of the error of the decoded components.
    pub expression_weight: f64,
    /// Weight of the error of the decoded graph signal.
    pub signal_weight: f64,
    /// Weight of the error of the decoded edges.
    pub structure_weight: f64,
    /// Non-edges sampled per cell and step.
    pub non_edges: usize,
    /// Weight sigma of the ZINB likelihood.
    pub zinb_weight: f64,
    /// Most cells per step for which the likelihood is computed.
    pub zinb_cells: usize,
    /// Weight of the cell-correlation refinement, expression views.
    pub cell_weight: f64,
    /// Weight of the cell-correlation refinement, graph views.
    pub graph_cell_weight: f64,
    /// Weight of the latent-correlation refinement.
    pub latent_weight: f64,
    /// Weight delta of the propagation regularisation.
    pub propagation_weight: f64,
    /// Weight mu of the clustering by transport.
    pub transport_weight: f64,
    /// Exponent lambda of the transport kernel. A larger one sharpens the plan's assignments.
    pub sharpness: f64,
    /// The cluster sizes of the plan.
    pub marginal: Marginal,

    /// The cluster method for the pretrained embedding, whose clusters start the main stage; its
    /// key in files is `head`.
    #[serde(rename = "head")]
    pub cluster_method: ClusterMethod,
    /// Number of K-means restarts.
    pub n_init: usize,
    /// Preprocessing.
    pub recipe: RecipeParams,
}

impl Default for ScSiameseCluParams {
    fn default() -> Self {
        Self {
            n_clusters: NClusters::Auto,
            seed: 0,
            autoencoder_epochs: 10,
            graph_epochs: 5,
            joint_epochs: 20,
            epochs: 0,
            pretraining_rate: 1e-3,
            joint_rate: 1e-3,
            learning_rate: 3e-4,
            batch_size: 256,
            min_batches: 16,
            max_nodes: 512,
            anchors: 2048,
            input_views: true,
            components: 100,
            cosine: true,
            graph_views: true,
            graph_components: 20,
            neighbors: 10,
            widths: vec![128, 256, 512],
            graph_widths: vec![128, 256],
            latent: 32,
            fusion: true,
            noise: 0.1,
            drop_edges: 0.1,
            alpha: 0.2,
            refresh_every: 10,
            expression_weight: 1.0,
            signal_weight: 1.0,
            structure_weight: 0.1,
            non_edges: 5,
            zinb_weight: 0.3,
            zinb_cells: 64,
            cell_weight: 0.0,
            graph_cell_weight: 0.0,
            latent_weight: 1.0,
            propagation_weight: 1e3,
            transport_weight: 10.0,
            sharpness: 5.0,
            marginal: Marginal::Sizes,
            cluster_method: ClusterMethod::Communities,
            n_init: 10,
            recipe: RecipeParams::default(),
        }
    }
}

impl ScSiameseCluParams {
    setters! {
        /// Sets the number of clusters.
        n_clusters: NClusters,
        /// Sets the seed of all random numbers.
        seed: u64,
        /// Sets the number of epochs of the expression autoencoder.
        autoencoder_epochs: usize,
        /// Sets the number of epochs of the graph autoencoder.
        graph_epochs: usize,
        /// Sets the number of epochs of the joint stage.
        joint_epochs: usize,
        /// Sets the number of epochs of the main stage.
        epochs: usize,
        /// Sets the learning rate of the two autoencoders.
        pretraining_rate: f64,
        /// Sets the learning rate of the joint stage.
        joint_rate: f64,
        /// Sets the learning rate of the main stage.
        learning_rate: f64,
        /// Sets the most cells per step of the expression autoencoder.
        batch_size: usize,
        /// Sets the least number of batches per epoch of the expression autoencoder.
        min_batches: usize,
        /// Sets the most cells per step of the graph stages.
        max_nodes: usize,
        /// Sets the most cells that one cell attends to; 0 for all.
        anchors: usize,
        /// Sets whether the input is components of three views of expression.
        input_views: bool,
        /// Sets the number of principal components in the input of the networks.
        components: usize,
        /// Sets whether cells are scaled to the same length.
        cosine: bool,
        /// Sets whether neighbours are found in three views of expression.
        graph_views: bool,
        /// Sets the number of principal components in which neighbours are found otherwise.
        graph_components: usize,
        /// Sets the number of neighbours of a cell in the graph.
        neighbors: usize,
        /// Sets the widths of the expression encoder.
        widths: Vec<usize>,
        /// Sets the widths of the graph encoder.
        graph_widths: Vec<usize>,
        /// Sets the width of the embedding.
        latent: usize,
        /// Sets whether the fusion module makes the embedding.
        fusion: bool,
        /// Sets the noise of the views.
        noise: f64,
        /// Sets the share of edges that the perturbed graph lacks.
        drop_edges: f64,
        /// Sets the restart probability of the diffusion.
        alpha: f64,
        /// Sets the epochs between two refreshes of the perturbed graph and the plan.
        refresh_every: usize,
        /// Sets the weight of the decoded components; 0 leaves them out.
        expression_weight: f64,
        /// Sets the weight of the decoded graph signal; 0 leaves it out.
        signal_weight: f64,
        /// Sets the weight of the decoded edges; 0 leaves them out.
        structure_weight: f64,
        /// Sets the number of non-edges sampled per cell and step.
        non_edges: usize,
        /// Sets the weight of the ZINB likelihood; 0 leaves it out.
        zinb_weight: f64,
        /// Sets the most cells per step for which the likelihood is computed.
        zinb_cells: usize,
        /// Sets the weight of the cell refinement of the expression views; 0 leaves it out.
        cell_weight: f64,
        /// Sets the weight of the cell refinement of the graph views; 0 leaves it out.
        graph_cell_weight: f64,
        /// Sets the weight of the latent refinement; 0 leaves it out.
        latent_weight: f64,
        /// Sets the weight of the propagation regularisation; 0 leaves it out.
        propagation_weight: f64,
        /// Sets the weight of the clustering by transport; 0 leaves it out.
        transport_weight: f64,
        /// Sets the exponent of the transport kernel.
        sharpness: f64,
        /// Sets the cluster sizes of the plan.
        marginal: Marginal,
        /// Sets the cluster method for the pretrained embedding.
        cluster_method: ClusterMethod,
        /// Sets the number of K-means restarts.
        n_init: usize,
        /// Sets the preprocessing.
        recipe: RecipeParams,
    }

    /// The authors' settings as far as they hold for any data ([3.8]): stages and rates as
    /// published, components as they are, K-means. The rate, alpha and the weights are our choice,
    /// because the authors chose theirs per data set with labels.
    ///
    /// [3.8]: https://github.com/morula-bio/morula/blob/main/docs/models/scsiameseclu.md#3-8
    pub fn published(n_clusters: impl Into<NClusters>) -> Self {
        Self {
            n_clusters: n_clusters.into(),
            autoencoder_epochs: 100,
            graph_epochs: 50,
            joint_epochs: 200,
            epochs: 50,
            pretraining_rate: 5e-4,
            joint_rate: 1e-4,
            learning_rate: 1e-4,
            min_batches: 1,
            max_nodes: 8192,
            anchors: 0,
            input_views: false,
            latent: 20,
            zinb_weight: 0.1,
            zinb_cells: 1024,
            cell_weight: 0.1,
            graph_cell_weight: 5.0,
            cosine: false,
            graph_views: false,
            cluster_method: ClusterMethod::KMeans,
            recipe: RecipeParams {
                n_top_genes: 1000,
                target: TargetSum::Median,
                ..RecipeParams::default()
            },
            ..Self::default()
        }
    }

    /// The number of clusters for training. A prior of cluster sizes determines it.
    pub(super) fn training_clusters(&self) -> NClusters {
        match self.marginal {
            Marginal::Prior(_) => self.n_clusters,
            _ => self.cluster_method.training_clusters(self.n_clusters),
        }
    }

    /// The largest tensors of a fit.
    pub(super) fn tensors(&self, n_cells: usize, n_comps: usize, n_genes: usize) -> [Planned; 4] {
        let layers = self.widths.iter().chain(&self.graph_widths);
        let widest = layers.copied().chain([n_comps, self.latent]).max().unwrap_or_default();
        [
            Planned {
                what: "the widest layer for all cells",
                shape: [n_cells, widest],
                remedy: "lower widths and graph_widths",
            },
            Planned {
                what: "the cell graph",
                shape: [n_cells, self.neighbors.saturating_mul(2).saturating_add(1)],
                remedy: "lower neighbors",
            },
            Planned {
                what: "the counts of a step",
                shape: [n_cells.min(self.zinb_cells), n_genes],
                remedy: "lower zinb_cells",
            },
            Planned {
                what: "the largest layer of the decoder",
                shape: [widest, n_genes.max(widest)],
                remedy: "lower widths and graph_widths",
            },
        ]
    }
}
