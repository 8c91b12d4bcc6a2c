//! The models there are, by name.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use anyhow::{Result, bail};
use morula::models::saved_model_name;

use crate::error::UnknownName;

/// A model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ModelName {
    /// JojoSCL.
    #[default]
    Jojoscl,
    /// scSiameseClu.
    Scsiameseclu,
}

impl ModelName {
    /// All models.
    pub const ALL: [Self; 2] = [Self::Jojoscl, Self::Scsiameseclu];

    /// Its name in files and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Jojoscl => "jojoscl",
            Self::Scsiameseclu => "scsiameseclu",
        }
    }

    /// What it is, in a line.
    pub fn about(self) -> &'static str {
        match self {
            Self::Jojoscl => "Contrastive learning with shrinkage",
            Self::Scsiameseclu => "A Siamese graph model with a ZINB decoder; it also denoises",
        }
    }

    /// All names, for messages.
    pub fn all() -> String {
        Self::ALL.map(Self::name).join(", ")
    }

    /// The model that a folder holds.
    ///
    /// # Errors
    /// When the folder holds no model, or one that is unknown here.
    pub fn of_saved(folder: &Path) -> Result<Self> {
        let name = saved_model_name(folder)?;
        match name.parse() {
            Ok(model) => Ok(model),
            Err(_) => bail!(
                "{}: this folder holds the model {name:?}, which is not known here; there are: {}",
                folder.display(),
                Self::all()
            ),
        }
    }
}

impl fmt::Display for ModelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ModelName {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        let found = Self::ALL.into_iter().find(|model| model.name() == name);
        found.ok_or_else(|| UnknownName(name.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use morula::prelude::*;

    #[test]
    fn names_are_those_of_the_models() {
        assert_eq!(ModelName::all(), [JojoSclModel::NAME, ScSiameseCluModel::NAME].join(", "));
        assert_eq!(JojoSclModel::NAME.parse(), Ok(ModelName::Jojoscl));
        assert_eq!(ScSiameseCluModel::NAME.parse(), Ok(ModelName::Scsiameseclu));
        assert!("kmeans".parse::<ModelName>().is_err());
    }
}
