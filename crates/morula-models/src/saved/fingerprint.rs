//! Checksums of the data of a fit.

use crc32fast::Hasher;
use morula_data::CountMatrix;
use morula_preprocess::{Prepared, Recipe};
use serde::{Deserialize, Serialize};

/// Identifies the data of a fit by sizes and by checksums (CRC-32) of names and numbers. It guards
/// against mistakes, not against forgery.
///
/// Preprocessing gives the same bits on any number of threads and any processor, so the checksums
/// do too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fingerprint {
    n_cells: usize,
    n_genes: usize,
    /// Names of the cells that passed the filter.
    cells: u32,
    /// Names of the selected genes.
    genes: u32,
    /// Counts of the selected genes, their columns and size factors.
    expression: u32,
    /// Batches of the cells.
    #[serde(default)]
    batches: u32,
}

impl Fingerprint {
    pub fn new(counts: &CountMatrix, recipe: &Recipe, prepared: &Prepared) -> Self {
        let names = counts.obs_names();
        let cells = prepared.kept_cells.iter().filter_map(|&i| names.get(i)).map(String::as_str);
        let counts = &prepared.counts;
        let values = counts.data().iter().chain(&prepared.size_factors).map(|v| v.to_bits());
        Self {
            n_cells: prepared.n_cells(),
            n_genes: prepared.n_genes,
            cells: of_names(cells),
            genes: of_names(recipe.selected_genes()),
            expression: of_words(values.chain(counts.indices().iter().copied())),
            batches: of_names(of_batches(recipe, prepared)),
        }
    }

    /// The difference between `self`, of a checkpoint, and the current data. `None` for the same
    /// data.
    pub fn difference(&self, now: &Self) -> Option<String> {
        let differs = [
            (self.n_cells != now.n_cells)
                .then(|| format!("{} cells then, {} now", self.n_cells, now.n_cells)),
            (self.n_genes != now.n_genes)
                .then(|| format!("{} selected genes then, {} now", self.n_genes, now.n_genes)),
            (self.cells != now.cells).then(|| "cells of other names or in another order".into()),
            (self.genes != now.genes).then(|| "other selected genes".into()),
            (self.expression != now.expression).then(|| "other counts".into()),
            (self.batches != now.batches).then(|| "other batches of the cells".into()),
        ];
        differs.into_iter().flatten().next()
    }
}

fn of_batches<'a>(recipe: &'a Recipe, prepared: &'a Prepared) -> impl Iterator<Item = &'a str> {
    let batches = prepared.batches.iter().flatten();
    batches.filter_map(|&b| recipe.batches().get(b)).map(String::as_str)
}

fn of_names<'a>(names: impl IntoIterator<Item = &'a str>) -> u32 {
    let mut hasher = Hasher::new();
    for name in names {
        hasher.update(name.as_bytes());
        // A byte that UTF-8 never contains: "ab", "c" differs from "a", "bc".
        hasher.update(&[0xff]);
    }
    hasher.finalize()
}

fn of_words(words: impl Iterator<Item = u32>) -> u32 {
    let mut hasher = Hasher::new();
    let mut words = words.peekable();
    let mut bytes = Vec::new();
    while words.peek().is_some() {
        bytes.clear();
        bytes.extend(words.by_ref().take(1 << 14).flat_map(u32::to_le_bytes));
        hasher.update(&bytes);
    }
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;
    use morula_data::Categorical;
    use morula_preprocess::{RecipeParams, SimulateParams, simulate};

    fn of(counts: &CountMatrix, params: &RecipeParams) -> Fingerprint {
        let (recipe, prepared) = params.fit(counts).unwrap();
        Fingerprint::new(counts, &recipe, &prepared)
    }

    #[test]
    fn any_difference_in_the_data_is_named() {
        let params = RecipeParams { n_top_genes: 50, ..RecipeParams::default() };
        let sizes = SimulateParams { cells: 60, genes: 200, types: 2, ..Default::default() };
        let counts = simulate(&sizes).unwrap().counts;
        let here = of(&counts, &params);
        assert_eq!(here.difference(&of(&counts, &params)), None);

        let differs = |counts: &CountMatrix, params: &RecipeParams, part: &str| {
            let difference = of(counts, params).difference(&here).unwrap();
            assert!(difference.contains(part), "{difference}");
        };
        let genes: Vec<usize> = (0..200).collect();
        let reversed: Vec<usize> = (0..60).rev().collect();
        differs(&counts.select(&reversed[1..], &genes), &params, "59 cells then, 60 now");
        differs(&counts.select(&reversed, &genes), &params, "another order");
        let fewer = RecipeParams { n_top_genes: 40, ..params.clone() };
        differs(&counts, &fewer, "40 selected genes then, 50 now");

        let halves = |by: usize| {
            let batches = (0..60).map(|i| Some(if i % by == 0 { "a" } else { "b" }));
            counts.clone().with_batches(Categorical::from_labels(batches)).unwrap()
        };
        differs(&halves(2), &params, "other batches");
        assert_eq!(of(&halves(2), &params), of(&halves(2), &params));
        assert_ne!(of(&halves(2), &params), of(&halves(3), &params));

        let (x, cells, names) = counts.into_parts();
        let renamed = names.iter().map(|name| format!("{name}x")).collect();
        let renamed = CountMatrix::new(x.clone(), cells.clone(), renamed).unwrap();
        differs(&renamed, &params, "other selected genes");
        let mut other = x;
        other.data_mut()[0] += 1.0;
        let other = CountMatrix::new(other, cells, names).unwrap();
        assert!(of(&other, &params).difference(&here).is_some());
    }

    #[test]
    fn boundaries_between_names_count() {
        assert_ne!(of_names(["ab", "c"]), of_names(["a", "bc"]));
        assert_ne!(of_names([""]), of_names([]));
        assert_ne!(
            of_words([0.0_f32.to_bits()].into_iter()),
            of_words([(-0.0_f32).to_bits()].into_iter())
        );
        assert_eq!(of_words(0..40_000), of_words(0..40_000));
    }
}
