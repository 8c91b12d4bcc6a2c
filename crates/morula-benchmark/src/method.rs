//! The methods that are compared, and how each can be run.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use morula::models::{Ablation, MODELS, ModelKind};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::baseline::Baseline;
use crate::error::UnknownName;

/// A model, or a baseline to compare it with. Models come before baselines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// A model of the registry.
    Model(ModelKind),
    /// A classical clustering.
    Baseline(Baseline),
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
    pub fn all() -> Vec<Self> {
        let models = MODELS.iter().copied().map(Self::Model);
        models.chain(Baseline::ALL.map(Self::Baseline)).collect()
    }

    /// Its name in files and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Model(kind) => kind.name,
            Self::Baseline(baseline) => baseline.name(),
        }
    }

    /// What it is, in a line.
    pub fn about(self) -> &'static str {
        match self {
            Self::Model(kind) => kind.title,
            Self::Baseline(baseline) => baseline.about(),
        }
    }

    /// The model that it is; none for a baseline.
    pub fn model(self) -> Option<ModelKind> {
        match self {
            Self::Model(kind) => Some(kind),
            Self::Baseline(_) => None,
        }
    }

    /// Changes of its parameters, one at a time.
    pub fn ablations(self) -> &'static [Ablation] {
        match self {
            Self::Model(kind) => kind.ablations,
            Self::Baseline(baseline) => baseline.ablations(),
        }
    }

    /// Whether it runs in this mode.
    pub fn supports(self, k: KMode) -> bool {
        match self {
            Self::Model(_) | Self::Baseline(Baseline::Embedded(_)) => true,
            Self::Baseline(Baseline::Leiden) => k == KMode::Auto,
            Self::Baseline(_) => k == KMode::Given,
        }
    }

    /// Whether another seed may give other clusters.
    pub fn is_seeded(self) -> bool {
        self != Self::Baseline(Baseline::PcaWard)
    }

    /// Its place among all methods.
    pub fn position(self) -> usize {
        Self::all().iter().position(|other| *other == self).unwrap_or(usize::MAX)
    }
}

impl Ord for Method {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.position().cmp(&other.position())
    }
}

impl PartialOrd for Method {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash for Method {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}

impl Serialize for Method {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Method {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
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
        let found = Self::all().into_iter().find(|method| method.name() == name);
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
pub(crate) mod tests {
    use super::*;

    /// The first model.
    pub fn model() -> Method {
        Method::Model(MODELS[0])
    }

    pub const KMEANS: Method = Method::Baseline(Baseline::PcaKmeans);
    pub const WARD: Method = Method::Baseline(Baseline::PcaWard);
    pub const LEIDEN: Method = Method::Baseline(Baseline::Leiden);

    #[test]
    fn names_are_those_in_files_and_read_back() {
        for method in Method::all() {
            assert_eq!(serde_json::to_value(method).unwrap(), method.name());
            assert_eq!(method.name().parse(), Ok(method));
        }
        for mode in KMode::ALL {
            assert_eq!(serde_json::to_value(mode).unwrap(), mode.name());
            assert_eq!(mode.name().parse(), Ok(mode));
        }
        assert!("kmeans".parse::<Method>().is_err());
    }

    #[test]
    fn models_come_first() {
        let mut methods = vec![LEIDEN, WARD, model(), KMEANS];
        methods.sort();
        assert_eq!(methods, [model(), KMEANS, WARD, LEIDEN]);
    }
}
