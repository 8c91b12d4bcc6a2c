//! The methods that are compared, and how each can be run.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::UnknownName;
use crate::model_name::ModelName;

/// A model, or a baseline to compare it with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// JojoSCL.
    Jojoscl,
    /// scSiameseClu.
    Scsiameseclu,
    /// K-means of principal components.
    PcaKmeans,
    /// Ward's clustering of principal components.
    PcaWard,
    /// Leiden of the neighbour graph, at resolution 1.
    Leiden,
    /// Leiden with its resolution tuned until there are K clusters.
    LeidenTuned,
}

/// Where the number of clusters comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KMode {
    /// The method gets the number of types.
    Given,
    /// The method finds a number by itself.
    Auto,
}

impl Method {
    /// All methods.
    pub const ALL: [Self; 6] = [
        Self::Jojoscl,
        Self::Scsiameseclu,
        Self::PcaKmeans,
        Self::PcaWard,
        Self::Leiden,
        Self::LeidenTuned,
    ];

    /// Its name in files and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Jojoscl => "jojoscl",
            Self::Scsiameseclu => "scsiameseclu",
            Self::PcaKmeans => "pca-kmeans",
            Self::PcaWard => "pca-ward",
            Self::Leiden => "leiden",
            Self::LeidenTuned => "leiden-tuned",
        }
    }

    /// What it is, in a line.
    pub fn about(self) -> &'static str {
        match self {
            Self::Jojoscl => "JojoSCL",
            Self::Scsiameseclu => "scSiameseClu",
            Self::PcaKmeans => "K-means of principal components",
            Self::PcaWard => "Ward's clustering of principal components",
            Self::Leiden => "Leiden of the neighbour graph, at resolution 1",
            Self::LeidenTuned => "Leiden with its resolution tuned until there are K clusters",
        }
    }

    /// The method that a model is.
    pub fn of(model: ModelName) -> Self {
        match model {
            ModelName::Jojoscl => Self::Jojoscl,
            ModelName::Scsiameseclu => Self::Scsiameseclu,
        }
    }

    /// The model that it is; none for a baseline.
    pub fn model(self) -> Option<ModelName> {
        ModelName::ALL.into_iter().find(|model| Self::of(*model) == self)
    }

    /// Whether it runs in this mode.
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

impl KMode {
    /// Both modes.
    pub const ALL: [Self; 2] = [Self::Given, Self::Auto];

    /// Its name in files and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Given => "given",
            Self::Auto => "auto",
        }
    }

    /// What it means, in a line.
    pub fn about(self) -> &'static str {
        match self {
            Self::Given => "The method gets the number of types",
            Self::Auto => "The method finds a number by itself",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for KMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Method {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        let found = Self::ALL.into_iter().find(|method| method.name() == name);
        found.ok_or_else(|| UnknownName(name.into()))
    }
}

impl FromStr for KMode {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        let found = Self::ALL.into_iter().find(|mode| mode.name() == name);
        found.ok_or_else(|| UnknownName(name.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_in_files_and_read_back() {
        for method in Method::ALL {
            assert_eq!(serde_json::to_value(method).unwrap(), method.name());
            assert_eq!(method.name().parse(), Ok(method));
        }
        for mode in KMode::ALL {
            assert_eq!(serde_json::to_value(mode).unwrap(), mode.name());
            assert_eq!(mode.name().parse(), Ok(mode));
        }
        assert!("kmeans".parse::<Method>().is_err());
    }
}
