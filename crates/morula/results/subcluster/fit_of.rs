//! The model and the parameters of a fit, from its entry of uns.

use morula_data::UnsValue;
use morula_models::{AnyParams, MODELS, ModelKind};
use serde_json::{Map, Value};

use super::SubclusterError;

/// The model that `uns["<name>"]` describes, and the parameters of its fit. A name that is no model's,
/// as Python's `key_added` gives it, is of the model whose parameters they are.
///
/// # Errors
/// [`SubclusterError::NoFit`].
pub fn fit_of(
    name: &str,
    entry: &UnsValue,
) -> Result<(ModelKind, Box<dyn AnyParams>), SubclusterError> {
    let no_fit = |why: String| SubclusterError::NoFit { name: name.into(), why };
    let Some(UnsValue::Map(_)) = entry.get("params") else {
        return Err(no_fit("it has no parameters".into()));
    };
    let mut table = entry.get("params").map(json).unwrap_or_default();
    let Some(values) = table.as_object_mut() else { return Err(no_fit("no parameters".into())) };
    // A seed beyond i64 is stored as a float, which has lost it.
    values.retain(|key, value| key != "seed" || value.is_u64());
    if let Ok(kind) = ModelKind::named(name) {
        let params = kind.params(values).map_err(|error| no_fit(error.to_string()))?;
        return Ok((kind, params));
    }
    let of = |kind: &ModelKind| {
        let all = is_complete(&kind.defaults().to_value(), values);
        let params = kind.params(values).ok().filter(|_| all)?;
        Some((*kind, params))
    };
    MODELS.iter().find_map(of).ok_or_else(|| no_fit("its parameters are those of no model".into()))
}

/// Whether values have every parameter of a model but the seed. Nulls are not stored.
fn is_complete(defaults: &Value, values: &Map<String, Value>) -> bool {
    let Some(defaults) = defaults.as_object() else { return false };
    let mut needed = defaults.iter().filter(|(key, value)| !value.is_null() && *key != "seed");
    needed.all(|(key, _)| values.contains_key(key))
}

/// An entry of uns as the JSON that it was made from, but for nulls.
fn json(entry: &UnsValue) -> Value {
    match entry {
        UnsValue::Map(map) => {
            map.iter().map(|(key, value)| (key.clone(), json(value))).collect::<Map<_, _>>().into()
        }
        // Lists without a counterpart in HDF5 are text in JSON.
        UnsValue::Text(text) if text.starts_with('[') => {
            serde_json::from_str(text).unwrap_or_else(|_| text.as_str().into())
        }
        UnsValue::Text(text) => text.as_str().into(),
        UnsValue::Bool(value) => (*value).into(),
        UnsValue::Int(value) => (*value).into(),
        UnsValue::Float(value) => (*value).into(),
        UnsValue::Texts(values) => values.as_slice().into(),
        UnsValue::Ints(values) => values.as_slice().into(),
        UnsValue::Floats(values) => values.as_slice().into(),
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nulls are not stored, so a parameter that may be null is null by default.
    #[test]
    fn parameters_are_those_of_the_fit() {
        for kind in MODELS {
            for params in kind.published().into_iter().chain([kind.defaults()]) {
                let mut params = params;
                params.set_seed(7);
                let entry = UnsValue::map().with("params", &params.to_value());
                for name in [kind.name, "mine"] {
                    let (found, read) = fit_of(name, &entry).unwrap();
                    assert_eq!((found, read.to_value()), (*kind, params.to_value()));
                }
            }
        }
    }

    #[test]
    fn entries_of_others_are_refused() {
        let refused = |name: &str, entry: UnsValue| fit_of(name, &entry).err().unwrap().to_string();
        assert!(refused("umap", UnsValue::from("note")).contains("uns[\"umap\"]"));
        let params = |key: &str| UnsValue::map().with("params", UnsValue::map().with(key, 1));
        assert!(refused("umap", params("n_neighbors")).contains("no model"));
        // One parameter is no fit, but a parameter of another version is named.
        assert!(refused("mine", params("seed")).contains("no model"));
        assert!(refused("jojoscl", params("heads")).contains("\"heads\""));
        let big = UnsValue::map().with("seed", 1.8e19);
        assert!(fit_of("views", &UnsValue::map().with("params", big)).is_ok());
    }
}
