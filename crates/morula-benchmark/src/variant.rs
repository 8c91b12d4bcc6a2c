//! Ablations: a method with one thing changed.

use crate::method::Method;

/// The variant without changes.
pub const DEFAULT: &str = "default";

/// The variant that gets the batches in a column of obs.
pub fn batches_of(column: &str) -> String {
    format!("{BATCHES}{column}")
}

/// The column of batches, if the variant has one.
pub fn batch_column(name: &str) -> Option<&str> {
    name.strip_prefix(BATCHES)
}

const BATCHES: &str = "batches of ";

/// The changed parameters of a variant; none for an unknown one.
pub fn parameters(method: Method, name: &str) -> Option<&'static str> {
    if name == DEFAULT || batch_column(name).is_some() {
        return Some("");
    }
    method.ablations().iter().find(|v| v.name == name).map(|v| v.toml)
}
