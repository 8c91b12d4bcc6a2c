//! Parameters of a model from values by name, as in a configuration file.

use serde_json::{Map, Value};

use crate::{AnyParams, ModelError, ModelKind, Result};

impl ModelKind {
    /// Overlays the values of a table on our defaults, or with `preset = "published"` on the
    /// authors' own settings. A nested table, such as `recipe`, changes only the values that it
    /// names.
    ///
    /// # Errors
    /// [`ModelError::Setting`] naming an unknown key and the known keys, or a value of the wrong
    /// kind.
    pub fn params(&self, table: &Map<String, Value>) -> Result<Box<dyn AnyParams>> {
        let start = match table.get("preset").map(Value::as_str) {
            None | Some(Some("default")) => self.defaults(),
            Some(Some("published")) => match self.published() {
                Some(published) => published,
                None => return refuse(format!("{self} has no published preset")),
            },
            Some(_) => return refuse("preset must be \"default\" or \"published\""),
        };
        let mut settings = start.to_value();
        for (key, value) in table.iter().filter(|(key, _)| *key != "preset") {
            self.overlay(&mut settings, &[key], value)?;
        }
        self.read(settings).or_else(|e| refuse(e.to_string()))
    }

    /// Sets the value at a path of keys, and checks that the parameters can still be read.
    fn overlay(&self, settings: &mut Value, path: &[&str], value: &Value) -> Result<()> {
        let name = path.join(".");
        let pointer: String = path.iter().map(|key| format!("/{key}")).collect();
        let Some(target) = settings.pointer_mut(&pointer) else {
            return self.unknown(settings, path);
        };
        if let (Value::Object(_), Value::Object(table)) = (&*target, value) {
            return table.iter().try_for_each(|(key, value)| {
                self.overlay(settings, &[path, &[key.as_str()]].concat(), value)
            });
        }
        *target = value.clone();
        match self.read(settings.clone()) {
            Ok(_) => Ok(()),
            Err(e) => refuse(format!("{name} = {value}: {e}")),
        }
    }

    fn unknown(&self, settings: &Value, path: &[&str]) -> Result<()> {
        let (key, parent) =
            path.split_last().map_or(("", &path[..0]), |(key, parent)| (*key, parent));
        let pointer: String = parent.iter().map(|key| format!("/{key}")).collect();
        let known = settings.pointer(&pointer).and_then(Value::as_object);
        let known: Vec<&str> =
            known.into_iter().flat_map(|map| map.keys().map(String::as_str)).collect();
        let place = match parent.is_empty() {
            true => "model, preset, ".into(),
            false => format!("in {}: ", parent.join(".")),
        };
        let known = known.join(", ");
        refuse(format!("unknown key {key:?} of {self}; there are: {place}{known}"))
    }
}

fn refuse<T>(why: impl Into<String>) -> Result<T> {
    Err(ModelError::Setting(why.into()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::MODELS;

    fn params(table: Value) -> Result<Value> {
        Ok(MODELS[0].params(table.as_object().unwrap())?.to_value())
    }

    #[test]
    fn values_replace_those_of_the_preset() {
        let table = json!({
            "preset": "published", "learning_rate": 1, "widths": [64, 32],
            "recipe": {"n_top_genes": 500, "clip": 10, "target": {"fixed": 1e4}},
        });
        let read = params(table).unwrap();
        assert_eq!(read["n_clusters"], "auto");
        assert_eq!((&read["learning_rate"], &read["epochs"]), (&json!(1.0), &json!(200)));
        assert_eq!(read["widths"], json!([64, 32]));
        let recipe = &read["recipe"];
        assert_eq!((&recipe["n_top_genes"], &recipe["min_cells"]), (&json!(500), &json!(3)));
        assert_eq!((&recipe["clip"], &recipe["target"]), (&json!(10.0), &json!({"fixed": 1e4})));
        assert_eq!(params(json!({"n_clusters": 7})).unwrap()["n_clusters"], 7);
    }

    #[test]
    fn an_unknown_key_is_named_with_the_known_keys() {
        let message = |table| params(table).unwrap_err().to_string();
        let found = message(json!({"learningrate": 1}));
        assert!(found.contains("\"learningrate\"") && found.contains("learning_rate"), "{found}");
        let found = message(json!({"recipe": {"top": 1}}));
        assert!(found.contains("\"top\"") && found.contains("n_top_genes"), "{found}");
    }

    #[test]
    fn a_value_of_the_wrong_kind_is_named() {
        for (table, key) in [
            (json!({"epochs": -1}), "epochs = -1"),
            (json!({"n_clusters": "many"}), "n_clusters = \"many\""),
            (json!({"noise": "much"}), "noise = \"much\""),
            (json!({"recipe": 3}), "recipe = 3"),
            (json!({"preset": "best"}), "preset"),
        ] {
            let message = params(table).unwrap_err().to_string();
            assert!(message.contains(key), "{message}");
        }
    }

    #[test]
    fn every_ablation_is_allowed_and_changes_something() {
        for kind in MODELS {
            let default = kind.defaults().to_value();
            for ablation in kind.ablations {
                let table: toml::Table = toml::from_str(ablation.toml).unwrap();
                let table = serde_json::to_value(table).unwrap();
                let changed = kind.params(table.as_object().unwrap()).unwrap();
                assert_ne!(changed.to_value(), default, "{}", ablation.name);
                changed.checked().unwrap();
            }
        }
    }
}
