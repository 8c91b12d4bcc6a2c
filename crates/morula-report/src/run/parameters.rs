//! The parameters and losses that a model has stored, as text.

use morula_data::UnsValue;

use super::Losses;

/// Leaves of the tree, named by their path, such as `recipe.scale`.
pub(super) fn flatten(value: &UnsValue) -> Vec<(String, String)> {
    let mut all = Vec::new();
    collect(value, String::new(), &mut all);
    all
}

fn collect(value: &UnsValue, path: String, all: &mut Vec<(String, String)>) {
    let UnsValue::Map(map) = value else {
        return all.push((path, text(value)));
    };
    for (name, value) in map {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        collect(value, path, all);
    }
}

/// A value as in a configuration file, with text unquoted.
pub(super) fn text(value: &UnsValue) -> String {
    fn list<T>(items: &[T], text: impl Fn(&T) -> String) -> String {
        format!("[{}]", items.iter().map(text).collect::<Vec<_>>().join(", "))
    }
    match value {
        UnsValue::Text(text) => text.clone(),
        UnsValue::Bool(on) => on.to_string(),
        UnsValue::Int(int) => int.to_string(),
        UnsValue::Float(float) => number(*float),
        UnsValue::Texts(texts) => list(texts, String::clone),
        UnsValue::Ints(ints) => list(ints, i64::to_string),
        UnsValue::Floats(floats) => list(floats, |v| number(*v)),
        UnsValue::Matrix(m) => format!("{} x {} matrix", m.n_rows(), m.n_cols()),
        UnsValue::Map(_) | UnsValue::Frame(_) | UnsValue::Records(_) => String::new(),
    }
}

/// A number as short as single precision allows, because most parameters are `f32`.
fn number(value: f64) -> String {
    let single = value as f32;
    match f64::from(single) == value {
        true => format!("{single:?}"),
        false => format!("{value:?}"),
    }
}

/// Losses from `uns[model]["losses"]`, the total first.
pub(super) fn losses(value: Option<&UnsValue>) -> Losses {
    let Some(UnsValue::Map(map)) = value else {
        return Losses::default();
    };
    let floats = |name: &str| match map.get(name) {
        Some(UnsValue::Floats(values)) => Some(values.clone()),
        Some(UnsValue::Ints(values)) => Some(values.iter().map(|v| *v as f64).collect()),
        _ => None,
    };
    let others =
        map.keys().filter(|k| !["total", "epoch", "stage", "learning_rate"].contains(&k.as_str()));
    let names = ["total"].into_iter().chain(others.map(String::as_str)).chain(["learning_rate"]);
    let mut terms: Vec<(String, Vec<f64>)> =
        names.filter_map(|name| Some((name.replace('_', " "), floats(name)?))).collect();
    let epochs = terms.first().map_or(0, |term| term.1.len());
    terms.retain(|term| term.1.len() == epochs && epochs > 0);
    let stages = match map.get("stage") {
        Some(UnsValue::Texts(stages)) if stages.len() == epochs => stages.clone(),
        _ => Vec::new(),
    };
    Losses { stages, terms }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trees_become_lines() {
        let tree = UnsValue::map()
            .with("rate", f64::from(0.2f32))
            .with("exact", 0.1)
            .with("inner", UnsValue::map().with("on", true).with("widths", vec![1i64, 2]));
        let lines = flatten(&tree);
        let lines: Vec<_> = lines.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        let expected =
            [("exact", "0.1"), ("inner.on", "true"), ("inner.widths", "[1, 2]"), ("rate", "0.2")];
        assert_eq!(lines, expected);
    }

    #[test]
    fn the_total_comes_first_and_odd_lists_are_left_out() {
        let tree = UnsValue::map()
            .with("epoch", vec![0i64, 1])
            .with("zinb", vec![f64::NAN, 1.0])
            .with("total", vec![2.0, 1.0])
            .with("short", vec![2.0])
            .with("stage", vec!["a".to_string(), "b".into()]);
        let losses = losses(Some(&tree));
        let names: Vec<&str> = losses.terms.iter().map(|t| t.0.as_str()).collect();
        assert_eq!(names, ["total", "zinb"]);
        assert_eq!(losses.stages, ["a", "b"]);
    }
}
