//! Parameters of a model from defaults, a preset, a TOML file and flags, each over the one before.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use morula::models::JojoSclParams;
use serde_json::Value;

use crate::failure::usage;

/// Parameters of JojoSCL with those of a file; the file's `preset` chooses what they start from.
pub fn jojoscl(file: Option<&Path>) -> Result<Settings<JojoSclParams>> {
    let Some(path) = file else {
        return Ok(Settings { params: JojoSclParams::default(), has_n_clusters: false });
    };
    let text = fs::read_to_string(path)
        .with_context(|| format!("cannot read the configuration {}", path.display()))?;
    parse(&text).with_context(|| format!("in the configuration {}", path.display()))
}

/// Parameters, and whether the file said how many clusters there are.
#[derive(Debug)]
pub struct Settings<P> {
    pub params: P,
    pub has_n_clusters: bool,
}

fn parse(text: &str) -> Result<Settings<JojoSclParams>> {
    let mut table: toml::Table = toml::from_str(text).map_err(|e| usage(e.to_string()))?;
    let start = JojoSclParams::default();
    let start = match table.remove("preset").as_ref().map(|p| p.as_str()) {
        None | Some(Some("default")) => start,
        Some(Some("published")) => JojoSclParams::published(start.n_clusters),
        Some(_) => return Err(usage("preset must be \"default\" or \"published\"")),
    };
    let has_n_clusters = table.contains_key("n_clusters");
    let mut settings = serde_json::to_value(start)?;
    for (key, value) in &table {
        overlay(&mut settings, &[key], value)?;
    }
    let params = serde_json::from_value(settings).map_err(|e| usage(e.to_string()))?;
    Ok(Settings { params, has_n_clusters })
}

/// Sets one value, given by its path of keys, and checks that the parameters still read.
fn overlay(settings: &mut Value, path: &[&str], value: &toml::Value) -> Result<()> {
    let name = path.join(".");
    let pointer: String = path.iter().map(|key| format!("/{key}")).collect();
    let Some(target) = settings.pointer_mut(&pointer) else {
        return Err(unknown(settings, path));
    };
    if let (Value::Object(_), toml::Value::Table(table)) = (&*target, value) {
        return table.iter().try_for_each(|(key, value)| {
            overlay(settings, &[path, &[key.as_str()]].concat(), value)
        });
    }
    if value.as_float().is_some_and(|v| !v.is_finite()) {
        return Err(usage(format!("{name} = {value}: give a finite number")));
    }
    *target = serde_json::to_value(value)?;
    let read: Result<JojoSclParams, _> = serde_json::from_value(settings.clone());
    read.map(drop).map_err(|e| usage(format!("{name} = {value}: {e}")))
}

fn unknown(settings: &Value, path: &[&str]) -> anyhow::Error {
    let (key, parent) = path.split_last().map_or(("", &path[..0]), |(key, parent)| (key, parent));
    let pointer: String = parent.iter().map(|key| format!("/{key}")).collect();
    let known = settings.pointer(&pointer).and_then(Value::as_object);
    let known: Vec<&str> =
        known.into_iter().flat_map(|map| map.keys().map(String::as_str)).collect();
    let place =
        if parent.is_empty() { "preset, ".into() } else { format!("in {}: ", parent.join(".")) };
    usage(format!("unknown key {key:?}; there are: {place}{}", known.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use morula::preprocess::TargetSum;

    #[test]
    fn values_replace_those_of_the_preset() {
        let text = "preset = \"published\"\nlearning_rate = 1\nwidths = [64, 32]\n\
                    [recipe]\nn_top_genes = 500\nclip = 10\ntarget = { fixed = 1e4 }";
        let settings = parse(text).unwrap();
        assert!(!settings.has_n_clusters);
        let params = settings.params;
        assert_eq!((params.learning_rate, params.epochs), (1.0, 200));
        assert_eq!(params.widths, [64, 32]);
        assert_eq!((params.recipe.n_top_genes, params.recipe.min_cells), (500, 3));
        assert_eq!((params.recipe.clip, params.recipe.target), (Some(10.0), TargetSum::Fixed(1e4)));
    }

    #[test]
    fn an_unknown_key_is_named_with_those_there_are() {
        let message = parse("learningrate = 1").unwrap_err().to_string();
        assert!(message.contains("\"learningrate\"") && message.contains("learning_rate"));
        let message = parse("[recipe]\ntop = 1").unwrap_err().to_string();
        assert!(message.contains("\"top\"") && message.contains("n_top_genes"));
    }

    #[test]
    fn a_value_of_the_wrong_kind_is_named() {
        for (text, key) in [
            ("epochs = -1", "epochs = -1"),
            ("noise = \"much\"", "noise = \"much\""),
            ("recipe = 3", "recipe = 3"),
            ("noise = nan", "noise = nan"),
            ("preset = \"best\"", "preset"),
        ] {
            let message = parse(text).unwrap_err().to_string();
            assert!(message.contains(key), "{message}");
        }
    }
}
