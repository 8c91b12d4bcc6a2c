//! Fits any method. Labels never reach this file.

use anyhow::{Context, Result};
use morula::models::Device;
use morula::prelude::*;

use crate::baseline;
use crate::clustered::Clustered;
use crate::method::Method;

/// Fits a method; `parameters` override its defaults.
pub fn fit(
    method: Method,
    parameters: &toml::Table,
    counts: &CountMatrix,
    n_clusters: Option<usize>,
    seed: u64,
    device: &Device,
) -> Result<Clustered> {
    match method {
        Method::Baseline(baseline) => {
            baseline::cluster(baseline, parameters, counts, n_clusters, seed)
        }
        Method::Model(kind) => {
            let parameters = serde_json::to_value(parameters)?;
            let mut params = kind.params(parameters.as_object().context("a table")?)?;
            params.set_n_clusters(n_clusters.map_or(NClusters::Auto, NClusters::Given));
            params.set_seed(seed);
            let model = params.fit_with(counts, device, FitOptions::default())?;
            let prediction = model.fitted().context("a fitted model knows its cells")?;
            Ok(Clustered {
                kept_cells: prediction.kept_cells.clone(),
                labels: prediction.labels.clone(),
                confidence: Some(prediction.confidence()),
                embedding: prediction.latent.clone(),
            })
        }
    }
}
