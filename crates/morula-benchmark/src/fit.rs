//! Fits any method. Labels never reach this file.

use anyhow::{Context, Result};
use morula::models::Device;
use morula::prelude::*;

use crate::baseline;
use crate::config::Config;
use crate::method::Method;
use crate::model_name::ModelName;

/// Clusters of the cells that preprocessing kept.
pub struct Clustered {
    /// Positions of these cells in the input.
    pub kept_cells: Vec<usize>,
    pub labels: Vec<usize>,
    /// Probability of every cell's cluster, where the method gives one.
    pub confidence: Option<Vec<f32>>,
}

/// Fits a method; `parameters` override its defaults.
pub fn fit(
    method: Method,
    parameters: &toml::Table,
    counts: &CountMatrix,
    n_clusters: Option<usize>,
    seed: u64,
    device: &Device,
) -> Result<Clustered> {
    match method.model() {
        None => baseline::cluster(method, parameters, counts, n_clusters, seed, device),
        Some(name) => {
            let config = Config::of(parameters.clone());
            let n_clusters = n_clusters.map_or(NClusters::Auto, NClusters::Given);
            match name {
                ModelName::Jojoscl => {
                    model::<JojoSclParams>(&config, counts, n_clusters, seed, device)
                }
                ModelName::Scsiameseclu => {
                    model::<ScSiameseCluParams>(&config, counts, n_clusters, seed, device)
                }
            }
        }
    }
}

/// The number of clusters, for a method that cannot find it.
pub fn given(n_clusters: Option<usize>) -> Result<usize> {
    n_clusters.context("this method needs the number of clusters")
}

fn model<P: ModelParams>(
    config: &Config,
    counts: &CountMatrix,
    n_clusters: NClusters,
    seed: u64,
    device: &Device,
) -> Result<Clustered> {
    let mut params = config.settings::<P>()?;
    params.set_n_clusters(n_clusters);
    params.set_seed(seed);
    let model = params.fit_with(counts, device, FitOptions::default())?;
    let prediction = model.fitted().context("a fitted model knows its cells")?;
    Ok(Clustered {
        kept_cells: prediction.kept_cells.clone(),
        labels: prediction.labels.clone(),
        confidence: Some(prediction.confidence()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::variant::ablations;
    use serde_json::Value;

    fn values<P: ModelParams>(toml: &str) -> Value {
        let config = Config::of(toml::from_str(toml).unwrap());
        serde_json::to_value(config.settings::<P>().unwrap().checked().unwrap()).unwrap()
    }

    #[test]
    fn every_ablation_is_allowed_and_changes_something() {
        for v in ablations(Method::Jojoscl) {
            let [default, changed] = ["", v.toml].map(values::<JojoSclParams>);
            assert_ne!(default, changed, "{}", v.name);
        }
        for v in ablations(Method::Scsiameseclu) {
            let [default, changed] = ["", v.toml].map(values::<ScSiameseCluParams>);
            assert_ne!(default, changed, "{}", v.name);
        }
    }
}
