//! The methods that are compared, and what each can be asked for.

use std::fmt;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::models::ModelName;

/// A model, or a baseline to compare it with.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ValueEnum,
)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// JojoSCL
    Jojoscl,
    /// scSiameseClu
    Scsiameseclu,
    /// K-means of principal components
    PcaKmeans,
    /// Ward's clustering of principal components
    PcaWard,
    /// Leiden of the neighbour graph, at resolution 1
    Leiden,
    /// Leiden with its resolution tuned until there are K clusters
    LeidenTuned,
}

/// Where the number of clusters comes from.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub enum KMode {
    /// The number of types is told
    Given,
    /// The method finds a number by itself
    Auto,
}

impl Method {
    /// The model behind it, if it is one.
    pub fn model(self) -> Option<ModelName> {
        match self {
            Self::Jojoscl => Some(ModelName::Jojoscl),
            Self::Scsiameseclu => Some(ModelName::Scsiameseclu),
            _ => None,
        }
    }

    /// Whether it can be run so.
    pub fn supports(self, k: KMode) -> bool {
        match self {
            Self::Jojoscl | Self::Scsiameseclu => true,
            Self::Leiden => k == KMode::Auto,
            _ => k == KMode::Given,
        }
    }

    /// Whether another seed may give other clusters.
    pub fn is_seeded(self) -> bool {
        self != Self::PcaWard
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&name(self))
    }
}

impl fmt::Display for KMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&name(self))
    }
}

fn name(value: &impl ValueEnum) -> String {
    value.to_possible_value().map(|v| v.get_name().to_string()).unwrap_or_default()
}
