//! Parameters of a model from defaults, a preset and a TOML file; each overrides the one before.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use morula::prelude::*;
use serde_json::Value;

use crate::error::usage;
use crate::model_name::ModelName;

/// A configuration file, or an empty one.
#[derive(Debug, Default)]
pub struct Config {
    path: PathBuf,
    /// The model that the file names.
    pub model: Option<ModelName>,
    table: toml::Table,
}

impl Config {
    /// Reads a TOML file; without one, nothing is set.
    ///
    /// # Errors
    /// When the file cannot be read; [`Usage`](crate::Usage) when it is no TOML or names an unknown
    /// model.
    pub fn read(file: Option<&Path>) -> Result<Self> {
        let Some(path) = file else { return Ok(Self::default()) };
        let text = fs::read_to_string(path)
            .with_context(|| format!("cannot read the configuration {}", path.display()))?;
        let config = Self::parse(&text).with_context(|| place(path))?;
        Ok(Self { path: path.into(), ..config })
    }

    /// A configuration of these parameters.
    pub fn of(table: toml::Table) -> Self {
        Self { table, ..Self::default() }
    }

    /// The parameters that the file sets.
    pub fn into_table(self) -> toml::Table {
        self.table
    }

    fn parse(text: &str) -> Result<Self> {
        let mut table: toml::Table = toml::from_str(text).map_err(|e| usage(e.to_string()))?;
        let model = match table.remove("model") {
            None => None,
            Some(name) => match name.as_str().and_then(|name| name.parse().ok()) {
                Some(model) => Some(model),
                None => {
                    let all = ModelName::all();
                    return Err(usage(format!("model = {name}: there are: {all}")));
                }
            },
        };
        Ok(Self { path: PathBuf::new(), model, table })
    }

    /// Parameters of a model: the defaults or the file's `preset`, overridden by the file.
    ///
    /// # Errors
    /// [`Usage`](crate::Usage) naming the key for one that is unknown or has a value that does not fit.
    pub fn settings<P: ModelParams>(&self) -> Result<P> {
        self.overlaid().with_context(|| place(&self.path))
    }

    fn overlaid<P: ModelParams>(&self) -> Result<P> {
        let start = match self.table.get("preset").map(|p| p.as_str()) {
            None | Some(Some("default")) => P::default(),
            Some(Some("published")) => P::published(P::default().n_clusters()),
            Some(_) => return Err(usage("preset must be \"default\" or \"published\"")),
        };
        let mut settings = serde_json::to_value(start)?;
        for (key, value) in self.table.iter().filter(|(key, _)| *key != "preset") {
            overlay::<P>(&mut settings, &[key], value)?;
        }
        serde_json::from_value(settings).map_err(|e| usage(e.to_string()))
    }
}

fn place(path: &Path) -> String {
    format!("in the configuration {}", path.display())
}

/// Sets the value at a path of keys, and checks that the parameters can still be read.
fn overlay<P: ModelParams>(settings: &mut Value, path: &[&str], value: &toml::Value) -> Result<()> {
    let name = path.join(".");
    let pointer: String = path.iter().map(|key| format!("/{key}")).collect();
    let Some(target) = settings.pointer_mut(&pointer) else {
        return Err(unknown::<P>(settings, path));
    };
    if let (Value::Object(_), toml::Value::Table(table)) = (&*target, value) {
        return table.iter().try_for_each(|(key, value)| {
            overlay::<P>(settings, &[path, &[key.as_str()]].concat(), value)
        });
    }
    if value.as_float().is_some_and(|v| !v.is_finite()) {
        return Err(usage(format!("{name} = {value}: give a finite number")));
    }
    *target = serde_json::to_value(value)?;
    let read: Result<P, _> = serde_json::from_value(settings.clone());
    read.map(drop).map_err(|e| usage(format!("{name} = {value}: {e}")))
}

fn unknown<P: ModelParams>(settings: &Value, path: &[&str]) -> anyhow::Error {
    let (key, parent) = path.split_last().map_or(("", &path[..0]), |(key, parent)| (key, parent));
    let pointer: String = parent.iter().map(|key| format!("/{key}")).collect();
    let known = settings.pointer(&pointer).and_then(Value::as_object);
    let known: Vec<&str> =
        known.into_iter().flat_map(|map| map.keys().map(String::as_str)).collect();
    let place = match parent.is_empty() {
        true => "model, preset, ".into(),
        false => format!("in {}: ", parent.join(".")),
    };
    let (model, known) = (P::Model::NAME, known.join(", "));
    usage(format!("unknown key {key:?} of {model}; there are: {place}{known}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use morula::preprocess::TargetSum;

    fn parse(text: &str) -> Result<JojoSclParams> {
        Config::parse(text)?.settings()
    }

    #[test]
    fn values_replace_those_of_the_preset() {
        let text = "preset = \"published\"\nlearning_rate = 1\nwidths = [64, 32]\n\
                    [recipe]\nn_top_genes = 500\nclip = 10\ntarget = { fixed = 1e4 }";
        let params = parse(text).unwrap();
        assert_eq!(params.n_clusters, NClusters::Auto);
        assert_eq!(parse("n_clusters = 7").unwrap().n_clusters, NClusters::Given(7));
        assert_eq!((params.learning_rate, params.epochs), (1.0, 200));
        assert_eq!(params.widths, [64, 32]);
        assert_eq!((params.recipe.n_top_genes, params.recipe.min_cells), (500, 3));
        assert_eq!((params.recipe.clip, params.recipe.target), (Some(10.0), TargetSum::Fixed(1e4)));
    }

    #[test]
    fn an_unknown_key_is_named_with_those_there_are() {
        let message = format!("{:#}", parse("learningrate = 1").unwrap_err());
        assert!(message.contains("\"learningrate\"") && message.contains("learning_rate"));
        let message = format!("{:#}", parse("[recipe]\ntop = 1").unwrap_err());
        assert!(message.contains("\"top\"") && message.contains("n_top_genes"));
    }

    #[test]
    fn a_value_of_the_wrong_kind_is_named() {
        for (text, key) in [
            ("epochs = -1", "epochs = -1"),
            ("n_clusters = \"many\"", "n_clusters = \"many\""),
            ("noise = \"much\"", "noise = \"much\""),
            ("recipe = 3", "recipe = 3"),
            ("noise = nan", "noise = nan"),
            ("preset = \"best\"", "preset"),
            ("model = \"best\"", "jojoscl"),
            ("model = 1", "model = 1"),
        ] {
            let message = format!("{:#}", parse(text).unwrap_err());
            assert!(message.contains(key), "{message}");
        }
    }

    #[test]
    fn the_model_is_named_and_is_no_parameter() {
        let config = Config::parse("model = \"jojoscl\"\nepochs = 3").unwrap();
        assert_eq!(config.model, Some(ModelName::Jojoscl));
        assert_eq!(config.settings::<JojoSclParams>().unwrap().epochs, 3);
        assert_eq!(Config::parse("epochs = 3").unwrap().model, None);
    }
}
