//! Parameters of JojoSCL: a builder, checked before anything runs.

use morula_core::shrinkage::Variance;
use morula_preprocess::{RecipeParams, TargetSum};
use serde::{Deserialize, Serialize};

use super::inputs::Input;
use super::network::EVAL_BATCH;
use crate::device::device_limits::Planned;
use crate::params::{
    Checked, MAX_WIDTH, at_least_one, not_negative, positive, require, share, width,
};
use crate::{ClusterMethod, NClusters, Result};

/// Most steps of an epoch, whose batches are drawn at its start.
const MOST_STEPS: usize = 100_000;

/// Which embedding is clustered and returned ([2.11]).
///
/// [2.11]: https://github.com/morula-bio/morula/blob/main/docs/models/jojoscl.md#2-11
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Embedding {
    /// The encoder's output h.
    Raw,
    /// The posterior mean theta_hat: h drawn to its cluster's centre by the estimated b.
    Shrunk,
}

/// Parameters of [`JojoScl`](super::JojoScl). A TOML file can set every field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JojoSclParams {
    /// Number of clusters K, or `auto`. The method `communities` applies K after training, so the
    /// embedding does not depend on it.
    pub n_clusters: NClusters,
    /// Seed of all random numbers.
    pub seed: u64,
    /// What the encoder sees of a cell.
    pub input: Input,
    /// Epochs of training.
    pub epochs: usize,
    /// Steps per epoch, so that the work does not grow with the cells; 0 for one pass over the
    /// cells.
    pub steps_per_epoch: usize,
    /// Most cells per step.
    pub batch_size: usize,
    /// Initial learning rate of Adam; it falls by a cosine to a thousandth.
    pub learning_rate: f64,
    /// Momentum m of the key encoder, which sees the second view. Without one, the same encoder sees
    /// both.
    pub momentum: Option<f64>,
    /// Widths of the encoder's layers; the last is the width of the embedding.
    pub widths: Vec<usize>,
    /// Width P of the projection used in the contrast.
    pub projection: usize,
    /// Probability of dropping a value in a view of genes.
    pub dropout: f64,
    /// Standard deviation of the noise added to a view of genes.
    pub noise: f64,
    /// Neighbours of a cell, in every view of expression, that may replace it in its second view; 0
    /// for none, as published.
    pub neighbors: usize,
    /// Probability that a neighbour replaces the cell.
    pub neighbor_share: f64,
    /// Temperature T of the instance contrast.
    pub temperature: f64,
    /// Temperature T_c of the cluster contrast.
    pub cluster_temperature: f64,
    /// Weight of the instance contrast.
    pub instance_weight: f64,
    /// Weight w_r of the decoder's error.
    pub reconstruction_weight: f64,
    /// Weight w_c of the cluster contrast and its balance term.
    pub cluster_weight: f64,
    /// Weight lambda of the SURE risk.
    pub shrinkage_weight: f64,
    /// Share of the epochs before the SURE risk starts. Its weight then rises linearly over the
    /// same number of epochs. Early memberships are poor, and shrinking towards them harms.
    pub shrinkage_warmup: f64,
    /// How sigma^2 is estimated.
    pub variance: Variance,
    /// Whether gradients pass through sigma^2, tau^2 and b.
    pub attach_variance: bool,
    /// Epochs between two refreshes of the memberships that shrinkage uses.
    pub refresh_every: usize,
    /// Which embedding is clustered and returned.
    pub embedding: Embedding,
    /// The cluster method; its key in files is `head`.
    #[serde(rename = "head")]
    pub cluster_method: ClusterMethod,
    /// K-means restarts of the final clustering.
    pub n_init: usize,
    /// Preprocessing.
    pub recipe: RecipeParams,
}

impl Default for JojoSclParams {
    fn default() -> Self {
        Self {
            n_clusters: NClusters::Auto,
            seed: 0,
            input: Input::Components,
            epochs: 10,
            steps_per_epoch: 25,
            batch_size: 256,
            learning_rate: 2e-3,
            momentum: None,
            widths: vec![256, 64],
            projection: 64,
            dropout: 0.8,
            noise: 0.1,
            neighbors: 10,
            neighbor_share: 0.5,
            temperature: 0.2,
            cluster_temperature: 1.0,
            instance_weight: 0.3,
            reconstruction_weight: 1.0,
            cluster_weight: 0.0,
            shrinkage_weight: 0.0,
            shrinkage_warmup: 0.5,
            variance: Variance::Replicates,
            attach_variance: false,
            refresh_every: 5,
            embedding: Embedding::Raw,
            cluster_method: ClusterMethod::Communities,
            n_init: 10,
            recipe: RecipeParams::default(),
        }
    }
}

impl JojoSclParams {
    setters! {
        /// Sets the number of clusters.
        n_clusters: NClusters,
        /// Sets the seed of all random numbers.
        seed: u64,
        /// Sets what the encoder sees of a cell.
        input: Input,
        /// Sets the number of epochs.
        epochs: usize,
        /// Sets the steps per epoch; 0 for one pass over the cells.
        steps_per_epoch: usize,
        /// Sets the most cells per step.
        batch_size: usize,
        /// Sets Adam's learning rate.
        learning_rate: f64,
        /// Sets the key encoder's momentum.
        momentum: Option<f64>,
        /// Sets the widths of the encoder's layers.
        widths: Vec<usize>,
        /// Sets the width of the projection.
        projection: usize,
        /// Sets the dropout of the views.
        dropout: f64,
        /// Sets the noise of the views.
        noise: f64,
        /// Sets the number of neighbours that may replace a cell in its second view; 0 for none.
        neighbors: usize,
        /// Sets the probability that a neighbour replaces the cell.
        neighbor_share: f64,
        /// Sets the temperature of the instance contrast.
        temperature: f64,
        /// Sets the temperature of the cluster contrast.
        cluster_temperature: f64,
        /// Sets the weight of the instance contrast; 0 leaves it out.
        instance_weight: f64,
        /// Sets the weight of the decoder's error; 0 leaves it out.
        reconstruction_weight: f64,
        /// Sets the weight of the cluster contrast; 0 leaves it out.
        cluster_weight: f64,
        /// Sets the weight of the SURE risk; 0 leaves it out.
        shrinkage_weight: f64,
        /// Sets the share of the epochs before the SURE risk starts.
        shrinkage_warmup: f64,
        /// Sets how sigma^2 is estimated.
        variance: Variance,
        /// Sets whether gradients pass through sigma^2, tau^2 and b.
        attach_variance: bool,
        /// Sets the epochs between two refreshes of the memberships.
        refresh_every: usize,
        /// Sets which embedding is clustered and returned.
        embedding: Embedding,
        /// Sets the cluster method.
        cluster_method: ClusterMethod,
        /// Sets the number of K-means restarts.
        n_init: usize,
        /// Sets the preprocessing.
        recipe: RecipeParams,
    }

    /// The authors' settings ([2.12]): 200 epochs, learning rate 0.2, temperature 0.07, shrinkage
    /// from the first epoch with the variance of cluster means.
    ///
    /// [2.12]: https://github.com/morula-bio/morula/blob/main/docs/models/jojoscl.md#2-12
    pub fn published(n_clusters: impl Into<NClusters>) -> Self {
        Self {
            n_clusters: n_clusters.into(),
            input: Input::Genes,
            epochs: 200,
            steps_per_epoch: 0,
            batch_size: 200,
            learning_rate: 0.2,
            momentum: Some(0.5),
            widths: vec![512, 256, 128],
            projection: 192,
            dropout: 0.9,
            neighbors: 0,
            temperature: 0.07,
            instance_weight: 1.0,
            reconstruction_weight: 0.0,
            cluster_weight: 1.0,
            shrinkage_weight: 1.0,
            cluster_method: ClusterMethod::KMeans,
            shrinkage_warmup: 0.0,
            refresh_every: 1,
            variance: Variance::CentroidClt,
            recipe: RecipeParams { target: TargetSum::Median, ..RecipeParams::default() },
            ..Self::default()
        }
    }

    /// Checks every parameter.
    ///
    /// # Errors
    /// [`ModelError::Parameter`](crate::ModelError::Parameter) naming the first parameter out of
    /// range and the allowed values.
    pub fn check(self) -> Result<Checked<Self>> {
        at_least_one("n_clusters", self.n_clusters.given().unwrap_or(1))?;
        at_least_one("epochs", self.epochs)?;
        let steps = self.steps_per_epoch <= MOST_STEPS;
        require("steps_per_epoch", self.steps_per_epoch, steps, "give at most 100000")?;
        at_least_one("batch_size", self.batch_size)?;
        width("projection", self.projection)?;
        at_least_one("refresh_every", self.refresh_every)?;
        at_least_one("n_init", self.n_init)?;
        let widths = format!("{:?}", self.widths);
        let wide =
            !self.widths.is_empty() && self.widths.iter().all(|w| (1..=MAX_WIDTH).contains(w));
        require("widths", widths, wide, "give at least one width, each 1 to 65536")?;
        positive("learning_rate", self.learning_rate)?;
        positive("temperature", self.temperature)?;
        positive("cluster_temperature", self.cluster_temperature)?;
        not_negative("noise", self.noise)?;
        not_negative("instance_weight", self.instance_weight)?;
        not_negative("reconstruction_weight", self.reconstruction_weight)?;
        not_negative("cluster_weight", self.cluster_weight)?;
        not_negative("shrinkage_weight", self.shrinkage_weight)?;
        let dropout = (0.0..1.0).contains(&self.dropout);
        require("dropout", self.dropout, dropout, "give a share from 0 to below 1")?;
        share("momentum", self.momentum.unwrap_or(0.0))?;
        share("neighbor_share", self.neighbor_share)?;
        share("shrinkage_warmup", self.shrinkage_warmup)?;
        let weight = self.instance_weight
            + self.reconstruction_weight
            + self.cluster_weight
            + self.shrinkage_weight;
        require("instance_weight", weight, weight > 0.0, "at least one loss needs a weight")?;
        Ok(Checked::new(self))
    }

    /// Cells that a fit sees, each as often as it is in a batch.
    pub(super) fn visits(&self, n_cells: usize) -> usize {
        let per_epoch = match self.steps_per_epoch {
            0 => n_cells,
            steps => steps.saturating_mul(self.batch_size.min(n_cells)),
        };
        self.epochs.saturating_mul(per_epoch)
    }

    /// The largest tensors of a fit.
    pub(super) fn tensors(&self, n_cells: usize, d_input: usize) -> [Planned; 4] {
        let inputs = std::iter::once(d_input).chain(self.widths.iter().copied());
        let layers = inputs.zip(self.widths.iter().copied());
        let (d_input, d_output) = layers
            .max_by_key(|&(d_input, d_output)| d_input.saturating_mul(d_output))
            .unwrap_or_default();
        let anchors = self.batch_size.min(n_cells).saturating_mul(2);
        [
            Planned {
                what: "the input of a batch",
                shape: [self.batch_size.max(EVAL_BATCH).min(n_cells), d_input],
                remedy: "lower batch_size, or keep fewer genes (n_top_genes)",
            },
            Planned {
                what: "the largest layer of the encoder",
                shape: [d_input, d_output],
                remedy: "lower its widths",
            },
            Planned {
                what: "the decoder",
                shape: [self.widths.last().copied().unwrap_or_default(), d_input],
                remedy: "lower its widths",
            },
            Planned {
                what: "the similarity of the cells of a batch",
                shape: [anchors, anchors],
                remedy: "lower batch_size",
            },
        ]
    }
}
