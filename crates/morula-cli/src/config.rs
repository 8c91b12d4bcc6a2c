//! A configuration file: the model, and its parameters in TOML.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use morula::data::read_small;
use morula::models::{AnyParams, ModelKind};

use crate::failure::usage;

/// A configuration file, or an empty one.
#[derive(Debug, Default)]
pub struct Config {
    path: PathBuf,
    /// The model that the file names.
    pub model: Option<ModelKind>,
    table: toml::Table,
}

impl Config {
    /// Reads a TOML file; without one, nothing is set.
    pub fn read(file: Option<&Path>) -> Result<Self> {
        let Some(path) = file else { return Ok(Self::default()) };
        let context = || format!("cannot read the configuration {}", path.display());
        let text = String::from_utf8(read_small(path).with_context(context)?);
        let text = text.ok().context("this is not text in UTF-8").with_context(context)?;
        let config = Self::parse(&text).with_context(|| place(path))?;
        Ok(Self { path: path.into(), ..config })
    }

    /// The parameters that the file sets.
    pub fn into_table(self) -> toml::Table {
        self.table
    }

    /// Parameters of a model: its defaults or a preset, with the values of the file over them.
    pub fn params(&self, kind: ModelKind) -> Result<Box<dyn AnyParams>> {
        let table = serde_json::to_value(&self.table)?;
        let params = kind.params(table.as_object().context("a table")?);
        let params = params.map_err(|e| usage(e.to_string()));
        match self.path.as_os_str().is_empty() {
            true => params,
            false => params.with_context(|| place(&self.path)),
        }
    }

    fn parse(text: &str) -> Result<Self> {
        let mut table: toml::Table = toml::from_str(text).map_err(|e| usage(e.to_string()))?;
        check_finite("", &table)?;
        let model = table.remove("model").map(|name| {
            let text = name.as_str().map_or_else(|| name.to_string(), String::from);
            ModelKind::named(&text).map_err(|e| usage(format!("model = {name}: {e}")))
        });
        Ok(Self { path: PathBuf::new(), model: model.transpose()?, table })
    }
}

/// Refuses `nan` and `inf`, which TOML has and no parameter may be.
fn check_finite(within: &str, table: &toml::Table) -> Result<()> {
    for (key, value) in table {
        match value {
            toml::Value::Table(inner) => check_finite(&format!("{within}{key}."), inner)?,
            toml::Value::Float(v) if !v.is_finite() => {
                return Err(usage(format!("{within}{key} = {value}: give a finite number")));
            }
            _ => {}
        }
    }
    Ok(())
}

fn place(path: &Path) -> String {
    format!("in the configuration {}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_named() {
        for (text, part) in [
            ("noise = nan", "noise = nan"),
            ("[recipe]\nclip = inf", "recipe.clip = inf"),
            ("model = \"best\"", "jojoscl"),
            ("model = 1", "model = 1"),
            ("epochs = ", "epochs"),
        ] {
            let message = format!("{:#}", Config::parse(text).unwrap_err());
            assert!(message.contains(part), "{message}");
        }
        let kind = ModelKind::named("jojoscl").unwrap();
        let message = Config::parse("epochs = -1").unwrap().params(kind).err().unwrap();
        assert!(format!("{message:#}").contains("epochs = -1"), "{message:#}");
    }

    #[test]
    fn the_model_is_named_and_is_no_parameter() {
        let config = Config::parse("model = \"jojoscl\"\nepochs = 3").unwrap();
        let kind = config.model.unwrap();
        assert_eq!(kind.name, "jojoscl");
        assert_eq!(config.params(kind).unwrap().to_value()["epochs"], 3);
        assert!(Config::parse("epochs = 3").unwrap().model.is_none());
    }
}
