//! The evidence for one split.

use serde::{Deserialize, Serialize};

use super::held_out::Test;

/// Least agreement with a split of the other part that counts as finding it again.
const AGAIN: f64 = 0.5;

/// The evidence for one split of a tree, `A | B`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Split {
    /// The contact of the sides in the graph of the fit, 1 for as much as by chance.
    pub contact: f64,
    /// Agreement with the most similar split that was found in the first part of the molecules:
    /// `(|A and A'| + |B and B'|) / |A or B or A' or B'|`, 0 to 1.
    pub found_again: f64,
    /// The p-value of that split, times the number of splits; none if it agrees by less than a half.
    pub p: Option<f64>,
    /// Whether it is at most the level.
    pub supported: bool,
    /// Share of cells that the second part of the molecules puts on the wrong side, the mean of both
    /// sides.
    pub error: Option<f64>,
    /// Number of genes whose rates differ in the second part, at a false discovery rate of 0.05.
    pub n_markers: Option<usize>,
}

impl Split {
    /// From the number of the most similar split and the agreement with it.
    pub(super) fn new(
        best: Option<(usize, f64)>,
        contact: f64,
        tested: &[Test],
        level: f64,
    ) -> Self {
        let found_again = best.map_or(0.0, |(_, agreement)| agreement);
        let test = best.filter(|(_, agreement)| *agreement >= AGAIN).map(|(at, _)| &tested[at]);
        let p = test.map(|test| (test.p * tested.len() as f64).min(1.0));
        Self {
            contact,
            found_again,
            p,
            supported: p.is_some_and(|p| p <= level),
            error: test.map(|test| test.error),
            n_markers: test.map(|test| test.n_markers),
        }
    }
}
