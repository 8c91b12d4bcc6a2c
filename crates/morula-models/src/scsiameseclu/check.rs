//! The check of the parameters.

use morula_core::transport::Marginal;

use super::ScSiameseCluParams;
use crate::Result;
use crate::params::{
    Checked, MAX_WIDTH, at_least_one, not_negative, positive, require, share, width,
};

impl ScSiameseCluParams {
    /// Checks every parameter.
    ///
    /// # Errors
    /// [`ModelError::Parameter`](crate::ModelError::Parameter) naming the first parameter out of
    /// range and the allowed values.
    pub fn check(self) -> Result<Checked<Self>> {
        at_least_one("n_clusters", self.n_clusters.given().unwrap_or(1))?;
        at_least_one("batch_size", self.batch_size)?;
        at_least_one("min_batches", self.min_batches)?;
        width("components", self.components)?;
        width("graph_components", self.graph_components)?;
        at_least_one("neighbors", self.neighbors)?;
        width("latent", self.latent)?;
        at_least_one("refresh_every", self.refresh_every)?;
        at_least_one("zinb_cells", self.zinb_cells)?;
        at_least_one("non_edges", self.non_edges)?;
        at_least_one("n_init", self.n_init)?;
        let enough = self.max_nodes >= 32;
        require("max_nodes", self.max_nodes, enough, "give a whole number of at least 32")?;
        for (name, widths) in [("widths", &self.widths), ("graph_widths", &self.graph_widths)] {
            let wide = !widths.is_empty() && widths.iter().all(|w| (1..=MAX_WIDTH).contains(w));
            require(name, format!("{widths:?}"), wide, "give at least one width, each 1 to 65536")?;
        }
        positive("pretraining_rate", self.pretraining_rate)?;
        positive("joint_rate", self.joint_rate)?;
        positive("learning_rate", self.learning_rate)?;
        positive("sharpness", self.sharpness)?;
        not_negative("noise", self.noise)?;
        share("drop_edges", self.drop_edges)?;
        let alpha = self.alpha > 0.0 && self.alpha <= 1.0;
        require("alpha", self.alpha, alpha, "give a share above 0, at most 1")?;
        let weights = [
            ("expression_weight", self.expression_weight),
            ("signal_weight", self.signal_weight),
            ("structure_weight", self.structure_weight),
            ("zinb_weight", self.zinb_weight),
            ("cell_weight", self.cell_weight),
            ("graph_cell_weight", self.graph_cell_weight),
            ("latent_weight", self.latent_weight),
            ("propagation_weight", self.propagation_weight),
            ("transport_weight", self.transport_weight),
        ];
        for (name, weight) in weights {
            not_negative(name, weight)?;
        }
        // A prior has one size for each cluster.
        let given = self.n_clusters.given();
        let known = given.is_some() || !matches!(self.marginal, Marginal::Prior(_));
        require("n_clusters", self.n_clusters, known, "give a number, one per size of the prior")?;
        // Only a prior needs a size for each cluster, and no more than it has are looked at.
        let sizes = match &self.marginal {
            Marginal::Prior(prior) => given.unwrap_or(1).min(prior.len().saturating_add(1)),
            _ => 1,
        };
        self.marginal.columns(&vec![1; sizes])?;
        Ok(Checked::new(self))
    }
}
