//! Baselines: preprocessing, principal components, and a classical clustering.

use anyhow::{Context, Result};
use morula::models::Device;
use morula::models::cluster::{KMeansParams, LeidenParams, kmeans, leiden, leiden_tuned, ward};
use morula::prelude::*;
use morula::preprocess::{HarmonyParams, PcaParams, RecipeParams, neighbors, pca_dense};
use serde::{Deserialize, Serialize};

use crate::fit::{Clustered, given};
use crate::method::Method;

/// Starts of K-means; the best one counts.
const N_INIT: usize = 10;

/// Largest absolute z-score, as scanpy's tutorials have it.
const CLIP: f32 = 10.0;

/// Parameters of the baselines, as usual with scanpy.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Baseline {
    /// Principal components.
    components: usize,
    /// Neighbours of a cell in the graph; as in scanpy, the cell is one of them.
    neighbors: usize,
    /// Resolution of Leiden.
    resolution: f64,
    /// Preprocessing.
    recipe: RecipeParams,
}

impl Baseline {
    fn of(method: Method) -> Self {
        let components = match method {
            Method::Leiden | Method::LeidenTuned => 20,
            _ => 50,
        };
        let recipe = RecipeParams { clip: Some(CLIP), ..RecipeParams::default() };
        Self { components, neighbors: 15, resolution: 1.0, recipe }
    }

    fn with(self, parameters: &toml::Table) -> Result<Self> {
        let mut table = toml::Table::try_from(&self)?;
        overlay(&mut table, parameters);
        table.try_into().context("in the parameters of the baseline")
    }
}

/// Sets values, also within tables.
fn overlay(table: &mut toml::Table, changes: &toml::Table) {
    for (key, change) in changes {
        match (table.get_mut(key), change) {
            (Some(toml::Value::Table(inner)), toml::Value::Table(changes)) => {
                overlay(inner, changes);
            }
            _ => drop(table.insert(key.clone(), change.clone())),
        }
    }
}

/// Clusters counts with a baseline. Where the counts have batches, Harmony corrects the components.
pub fn cluster(
    method: Method,
    parameters: &toml::Table,
    counts: &CountMatrix,
    n_clusters: Option<usize>,
    seed: u64,
    device: &Device,
) -> Result<Clustered> {
    let baseline = Baseline::of(method).with(parameters)?;
    let (_, prepared) = baseline.recipe.fit(counts)?;
    let pca = PcaParams { n_comps: baseline.components, ..PcaParams::default() };
    let pca = pca_dense(&prepared.x, prepared.n_genes, &pca)?;
    let d = pca.n_comps;
    let scores = &match &prepared.batches {
        Some(batches) => HarmonyParams::default().fit(&pca.scores, d, batches)?.1,
        None => pca.scores,
    };
    let graph = || -> Result<CsrMatrix> {
        Ok(neighbors(scores, d, baseline.neighbors.saturating_sub(1))?.fuzzy_connectivities())
    };
    let labels = match method {
        Method::PcaWard => ward(scores, d, given(n_clusters)?)?,
        Method::Leiden => {
            leiden(&graph()?, &LeidenParams { resolution: baseline.resolution, seed, n_init: 1 })?
        }
        Method::LeidenTuned => leiden_tuned(&graph()?, given(n_clusters)?, seed)?,
        _ => {
            let params = KMeansParams { n_clusters: given(n_clusters)?, n_init: N_INIT, seed };
            kmeans(scores, d, &params, device)?
        }
    };
    Ok(Clustered { kept_cells: prepared.kept_cells, labels, confidence: None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::variant::ablations;

    #[test]
    fn every_variant_of_a_baseline_reads_and_changes_something() {
        for method in Method::ALL.into_iter().filter(|m| m.model().is_none()) {
            let default = format!("{:?}", Baseline::of(method));
            for variant in ablations(method) {
                let table = toml::from_str(variant.toml).unwrap();
                let changed = Baseline::of(method).with(&table).unwrap();
                assert_ne!(format!("{changed:?}"), default, "{method}: {}", variant.name);
            }
        }
        for unknown in ["genus = 3", "recipe.genus = 3"] {
            let unknown = toml::from_str(unknown).unwrap();
            assert!(Baseline::of(Method::PcaKmeans).with(&unknown).is_err());
        }
    }
}
