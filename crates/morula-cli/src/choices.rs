//! Flags that take one of several names.

use std::error::Error;
use std::path::Path;
use std::str::FromStr;

use anyhow::anyhow;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use morula::models::{MODELS, ModelError, ModelKind};

/// Takes one of these names; the help shows each with the line about it.
pub fn one_of<T>(
    choices: impl IntoIterator<Item = (&'static str, &'static str)>,
) -> impl TypedValueParser<Value = T>
where
    T: FromStr<Err: Error + Send + Sync> + Clone + Send + Sync + 'static,
{
    let choices = choices.into_iter().map(|(name, about)| PossibleValue::new(name).help(about));
    PossibleValuesParser::new(choices).try_map(|name: String| name.parse::<T>())
}

/// The model that is saved in a folder.
pub fn saved_model(folder: &Path) -> anyhow::Result<ModelKind> {
    ModelKind::of_saved(folder).map_err(|error| match error {
        ModelError::UnknownModel { .. } => anyhow!("{}: {error}", folder.display()),
        error => error.into(),
    })
}

/// Takes the name of a model.
pub fn model() -> impl TypedValueParser<Value = ModelKind> {
    let names = MODELS.iter().map(|kind| PossibleValue::new(kind.name).help(kind.about));
    PossibleValuesParser::new(names).try_map(|name| ModelKind::named(&name))
}
