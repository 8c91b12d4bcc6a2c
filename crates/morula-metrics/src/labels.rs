//! Labels of any type as integer codes.

use std::collections::BTreeMap;

/// Replaces every label by the code of its class. Classes are numbered by first appearance.
///
/// Returns the codes (one per label, in `0..classes.len()`) and the classes. The order of the
/// labels does not matter, so renaming clusters leaves every score the same to the last bit.
/// [`Overlap`](crate::Overlap) uses these codes.
///
/// ```
/// let (codes, classes) = morula_metrics::encode_labels(&["T", "B", "T"]);
/// assert_eq!(codes, [0, 1, 0]);
/// assert_eq!(classes, [&"T", &"B"]);
/// ```
pub fn encode_labels<T: Ord>(labels: &[T]) -> (Vec<usize>, Vec<&T>) {
    let mut known = BTreeMap::new();
    let mut classes = Vec::new();
    let codes = labels
        .iter()
        .map(|label| {
            *known.entry(label).or_insert_with(|| {
                classes.push(label);
                classes.len() - 1
            })
        })
        .collect();
    (codes, classes)
}

/// Number of cells in each of the `n_classes` classes.
pub(crate) fn class_sizes(codes: &[usize], n_classes: usize) -> Vec<usize> {
    let mut sizes = vec![0; n_classes];
    for &code in codes {
        sizes[code] += 1;
    }
    sizes
}
