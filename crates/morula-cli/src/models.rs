//! The models there are, by name.

use std::path::Path;

use anyhow::{Result, bail};
use clap::ValueEnum;
use morula::models::saved_model_name;

/// The methods of `--model`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum ModelName {
    /// Contrastive learning with shrinkage
    #[default]
    Jojoscl,
    /// A Siamese graph model with a ZINB decoder; it also denoises
    Scsiameseclu,
}

impl std::fmt::Display for ModelName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Jojoscl => "jojoscl",
            Self::Scsiameseclu => "scsiameseclu",
        })
    }
}

impl ModelName {
    /// The model of that name, if there is one.
    pub fn parse(name: &str) -> Option<Self> {
        Self::from_str(name, false).ok()
    }

    /// All names, for messages.
    pub fn all() -> String {
        let names = Self::value_variants().iter().filter_map(|model| model.to_possible_value());
        names.map(|name| name.get_name().to_string()).collect::<Vec<_>>().join(", ")
    }

    /// The model that a folder holds.
    pub fn of_saved(folder: &Path) -> Result<Self> {
        let name = saved_model_name(folder)?;
        match Self::parse(&name) {
            Some(model) => Ok(model),
            None => bail!(
                "{}: this folder holds the model {name:?}, which is not known here; there are: {}",
                folder.display(),
                Self::all()
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use morula::prelude::*;

    #[test]
    fn names_are_those_of_the_models() {
        assert_eq!(ModelName::all(), [JojoSclModel::NAME, ScSiameseCluModel::NAME].join(", "));
        assert_eq!(ModelName::parse(JojoSclModel::NAME), Some(ModelName::Jojoscl));
        assert_eq!(ModelName::parse(ScSiameseCluModel::NAME), Some(ModelName::Scsiameseclu));
        assert_eq!(ModelName::parse("kmeans"), None);
    }
}
