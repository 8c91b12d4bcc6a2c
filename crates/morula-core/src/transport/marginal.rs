//! The cluster sizes of the transport plan.

use serde::{Deserialize, Serialize};

use crate::{CoreError, Result};

/// The plan's column sums, from cluster sizes that were found without labels (section [3.6]).
///
/// [3.6]: https://github.com/morula-bio/morula/blob/main/docs/models/scsiameseclu.md#3-6
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Marginal {
    /// The sizes of the initial clustering.
    #[default]
    Sizes,
    /// n / K cells in every cluster.
    Uniform,
    /// `(1 - a) sizes + a n / K`, with the damping a from 0 (sizes) to 1 (uniform).
    Damped(f64),
    /// Known proportions, one positive number per cluster; their sum is free.
    Prior(Vec<f64>),
}

impl Marginal {
    /// The column sums, all positive, with the total n = sum of `sizes`. A cluster without cells
    /// counts as one cell before the rescaling, so that its logarithm is finite.
    ///
    /// # Errors
    ///
    /// [`CoreError::Parameter`] without clusters or cells, for a damping outside 0 to 1, and for a
    /// prior that is not one positive finite number per cluster.
    pub fn columns(&self, sizes: &[usize]) -> Result<Vec<f64>> {
        let n_clusters = sizes.len();
        let n_cells = sizes.iter().map(|&size| size as f64).sum::<f64>();
        if n_cells == 0.0 {
            let found = format!("{sizes:?}");
            return Err(refuse("sizes", found, "at least one cluster with a cell is needed"));
        }
        let floored = || sizes.iter().map(|&size| size.max(1) as f64);
        let weights: Vec<f64> = match self {
            Self::Sizes => floored().collect(),
            Self::Uniform => vec![1.0; n_clusters],
            Self::Damped(damping) => {
                if !(0.0..=1.0).contains(damping) {
                    return Err(refuse("damping", damping, "give a number from 0 to 1"));
                }
                let even = floored().sum::<f64>() / n_clusters as f64;
                floored().map(|size| size + damping * (even - size)).collect()
            }
            Self::Prior(prior) => {
                check_prior(prior, n_clusters)?;
                prior.clone()
            }
        };
        // divides by the largest first, so that the sum of huge priors stays finite
        let largest = weights.iter().copied().fold(0.0, f64::max);
        let total: f64 = weights.iter().map(|weight| weight / largest).sum();
        Ok(weights.iter().map(|weight| weight / largest / total * n_cells).collect())
    }
}

fn check_prior(prior: &[f64], n_clusters: usize) -> Result<()> {
    if prior.len() != n_clusters {
        let requirement = format!("give one number per cluster, {n_clusters}");
        return Err(refuse("prior", format!("{} numbers", prior.len()), requirement));
    }
    match prior.iter().find(|&&share| !(share > 0.0 && share.is_finite())) {
        Some(share) => Err(refuse("prior", share, "give positive finite numbers")),
        None => Ok(()),
    }
}

fn refuse(parameter: &'static str, found: impl ToString, need: impl Into<String>) -> CoreError {
    CoreError::parameter("Marginal", parameter, found, need)
}
