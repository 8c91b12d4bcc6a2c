//! Baselines: preprocessing, principal components, and a classical clustering.

use anyhow::{Context, Result};
use morula::cluster::{KMeansParams, LeidenParams, kmeans, leiden, leiden_for_k, ward};
use morula::models::Ablation;
use morula::prelude::*;
use morula::preprocess::{HarmonyParams, PcaParams, RecipeParams, neighbors, pca_offset};
use serde::{Deserialize, Serialize};

use crate::clustered::{Clustered, given};

/// Starts of K-means; the best one counts.
const N_INIT: usize = 10;

/// Largest absolute z-score, as scanpy's tutorials have it.
const CLIP: f32 = 10.0;

/// A classical clustering of principal components or of the neighbour graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Baseline {
    /// K-means of principal components.
    PcaKmeans,
    /// Ward's clustering of principal components.
    PcaWard,
    /// Leiden of the neighbour graph, at resolution 1.
    Leiden,
    /// Leiden with its resolution tuned until there are K clusters.
    LeidenTuned,
}

impl Baseline {
    /// All baselines.
    pub const ALL: [Self; 4] = [Self::PcaKmeans, Self::PcaWard, Self::Leiden, Self::LeidenTuned];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::PcaKmeans => "pca-kmeans",
            Self::PcaWard => "pca-ward",
            Self::Leiden => "leiden",
            Self::LeidenTuned => "leiden-tuned",
        }
    }

    pub(crate) fn about(self) -> &'static str {
        match self {
            Self::PcaKmeans => "K-means of principal components",
            Self::PcaWard => "Ward's clustering of principal components",
            Self::Leiden => "Leiden of the neighbour graph, at resolution 1",
            Self::LeidenTuned => "Leiden with its resolution tuned until there are K clusters",
        }
    }

    pub(crate) fn ablations(self) -> &'static [Ablation] {
        match self {
            Self::PcaKmeans | Self::PcaWard => COMPONENTS,
            Self::Leiden => LEIDEN,
            Self::LeidenTuned => LEIDEN_TUNED,
        }
    }
}

const COMPONENTS: &[Ablation] = &[
    Ablation { name: "20 components", toml: "components = 20" },
    Ablation { name: "genes of a single cell kept", toml: "recipe.min_cells = 1" },
    Ablation { name: "log-normalised", toml: "recipe.scale = false" },
];

const LEIDEN: &[Ablation] = &[
    Ablation { name: "resolution 0.2", toml: "resolution = 0.2" },
    Ablation {
        name: "log-normalised, resolution 0.2",
        toml: "recipe.scale = false\nresolution = 0.2",
    },
    Ablation { name: "50 components", toml: "components = 50" },
];

const LEIDEN_TUNED: &[Ablation] =
    &[Ablation { name: "log-normalised", toml: "recipe.scale = false" }];

/// Parameters of the baselines, as usual with scanpy.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Params {
    /// Principal components.
    components: usize,
    /// Neighbours of a cell in the graph; as in scanpy, the cell is one of them.
    neighbors: usize,
    /// Resolution of Leiden.
    resolution: f64,
    /// Preprocessing.
    recipe: RecipeParams,
}

impl Params {
    fn of(baseline: Baseline) -> Self {
        let components = match baseline {
            Baseline::Leiden | Baseline::LeidenTuned => 20,
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
    baseline: Baseline,
    parameters: &toml::Table,
    counts: &CountMatrix,
    n_clusters: Option<usize>,
    seed: u64,
) -> Result<Clustered> {
    let params = Params::of(baseline).with(parameters)?;
    let (_, prepared) = params.recipe.fit(counts)?;
    let pca = PcaParams { n_comps: params.components, ..PcaParams::default() };
    let pca = pca_offset(&prepared.scaled(), &pca)?;
    let d = pca.n_comps;
    let scores = match &prepared.batches {
        Some(batches) => HarmonyParams::default().fit(&pca.scores, d, batches)?.1,
        None => pca.scores,
    };
    let scores = DenseMatrix::from_rows(scores, d);
    let graph = || -> Result<CsrMatrix> {
        let k = params.neighbors.saturating_sub(1);
        Ok(neighbors(scores.values(), d, k)?.fuzzy_connectivities())
    };
    let labels = match baseline {
        Baseline::PcaWard => ward(&scores, given(n_clusters)?)?,
        Baseline::Leiden => {
            leiden(&graph()?, &LeidenParams { resolution: params.resolution, seed, n_init: 1 })?
        }
        Baseline::LeidenTuned => leiden_for_k(&graph()?, given(n_clusters)?, seed)?,
        Baseline::PcaKmeans => {
            let params = KMeansParams { n_clusters: given(n_clusters)?, n_init: N_INIT, seed };
            kmeans(&scores, &params)?
        }
    };
    Ok(Clustered { kept_cells: prepared.kept_cells, labels, confidence: None, embedding: scores })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_variant_of_a_baseline_reads_and_changes_something() {
        for baseline in Baseline::ALL {
            let default = format!("{:?}", Params::of(baseline));
            for ablation in baseline.ablations() {
                let table = toml::from_str(ablation.toml).unwrap();
                let changed = Params::of(baseline).with(&table).unwrap();
                assert_ne!(format!("{changed:?}"), default, "{baseline:?}: {}", ablation.name);
            }
        }
        for unknown in ["genus = 3", "recipe.genus = 3"] {
            let unknown = toml::from_str(unknown).unwrap();
            assert!(Params::of(Baseline::PcaKmeans).with(&unknown).is_err());
        }
    }
}
