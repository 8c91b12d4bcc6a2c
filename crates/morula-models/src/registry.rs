//! The registry of models. A new model adds its folder, and one line to [`MODELS`].

use std::path::Path;

use crate::model_kind::ModelKind;
use crate::saved::manifest;
use crate::{ModelError, Result, jojoscl, scsiameseclu, views};

/// Every model; the first is the default.
pub static MODELS: &[ModelKind] = &[jojoscl::KIND, scsiameseclu::KIND, views::KIND];

impl ModelKind {
    /// The model with that name.
    ///
    /// # Errors
    /// [`ModelError::UnknownModel`] with all names.
    pub fn named(name: &str) -> Result<Self> {
        let found = MODELS.iter().find(|kind| kind.name == name);
        found.copied().ok_or_else(|| ModelError::UnknownModel { name: name.into(), known: names() })
    }

    /// The model in a folder.
    ///
    /// # Errors
    /// When the folder holds no saved model, or its description is damaged;
    /// [`ModelError::UnknownModel`].
    pub fn of_saved(folder: &Path) -> Result<Self> {
        Self::named(&manifest::model_name(folder)?)
    }
}

fn names() -> String {
    MODELS.iter().map(|kind| kind.name).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_distinct_and_found() {
        for kind in MODELS {
            assert_eq!(ModelKind::named(kind.name).unwrap(), *kind);
            assert_eq!(MODELS.iter().filter(|other| *other == kind).count(), 1);
        }
        let error = ModelKind::named("kmeans").unwrap_err().to_string();
        assert!(error.contains("kmeans") && error.contains("jojoscl, scsiameseclu, views"), "{error}");
    }

    #[test]
    fn parameters_are_read_back_from_their_values() {
        for kind in MODELS {
            let published = kind.published();
            assert!(published.as_ref().is_none_or(|p| p.to_value() != kind.defaults().to_value()));
            for params in published.into_iter().chain([kind.defaults()]) {
                let values = params.to_value();
                assert_eq!(kind.read(values.clone()).unwrap().to_value(), values);
                assert!(params.checked().is_ok());
            }
            assert!(kind.read(serde_json::json!({"n_clusters": -1})).is_err());
        }
    }
}
