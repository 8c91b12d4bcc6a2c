//! Markers against a plain implementation on dense rows, and their invariances.

mod common;

use common::{labels, matrix};
use morula_data::CsrMatrix;
use morula_markers::{Markers, MarkersParams, rank_genes_groups};
use proptest::prelude::*;

const LETTERS: [char; 4] = ['a', 'b', 'c', '.'];

/// Cells x genes with few distinct values, some of them negative, and a letter per cell.
fn cells() -> impl Strategy<Value = (usize, Vec<f32>, String)> {
    (2usize..25, 1usize..5).prop_flat_map(|(n, genes)| {
        let value = prop_oneof![3 => Just(0f32), 3 => (1u8..5).prop_map(f32::from),
            1 => (0u8..3).prop_map(|v| -0.5 - f32::from(v)), 1 => 0.1f32..5.0];
        let values = proptest::collection::vec(value, n * genes);
        let letters = proptest::collection::vec(0usize..4, n - 2);
        // At least two groups.
        let letters = letters
            .prop_map(|all| "ab".chars().chain(all.into_iter().map(|i| LETTERS[i])).collect());
        (Just(genes), values, letters)
    })
}

fn run(genes: usize, values: &[f32], letters: &str) -> Markers {
    rank_genes_groups(&matrix(genes, values), &labels(letters), &MarkersParams::default()).unwrap()
}

/// Score by counting pairs: U = pairs won + half of the ties.
fn plain(column: &[f32], inside: &[bool]) -> f64 {
    let count = |of: bool| inside.iter().filter(|i| **i == of).count() as f64;
    let (n, m) = (count(true), count(false));
    let mut u = 0.0;
    for (a, _) in column.iter().zip(inside).filter(|(_, i)| **i) {
        for (b, _) in column.iter().zip(inside).filter(|(_, i)| !**i) {
            u += if a > b { 1.0 } else { f64::from(u8::from(a == b)) / 2.0 };
        }
    }
    let mut sorted = column.to_vec();
    sorted.sort_by(f32::total_cmp);
    let ties: f64 =
        sorted.chunk_by(|a, b| a == b).map(|t| (t.len() as f64).powi(3) - t.len() as f64).sum();
    let all = n + m;
    let c = 1.0 - ties / (all.powi(3) - all);
    let z = (u - n * m / 2.0) / (c * n * m * (all + 1.0) / 12.0).sqrt();
    if z.is_finite() { z } else { 0.0 }
}

proptest! {
    #[test]
    fn scores_are_those_of_counting_pairs((genes, values, letters) in cells()) {
        for group in run(genes, &values, &letters).groups() {
            let inside: Vec<bool> = letters.chars().map(|c| group.name.starts_with(c)).collect();
            for marker in group.genes() {
                let column: Vec<f32> = values.iter().skip(marker.gene).step_by(genes).copied().collect();
                let want = plain(&column, &inside);
                prop_assert!((marker.score - want).abs() <= 1e-11 * want.abs().max(1.0));
                prop_assert!((0.0..=1.0).contains(&marker.pval_adj) && marker.pval_adj >= marker.pval);
                prop_assert!((0.0..=1.0).contains(&marker.auc));
            }
        }
    }

    #[test]
    fn the_order_of_cells_does_not_matter((genes, values, letters) in cells()) {
        let n = letters.len();
        let backwards: Vec<usize> = (0..n).rev().collect();
        let x = matrix(genes, &values);
        let turned = x.select_rows(&backwards);
        let letters_turned: String = letters.chars().rev().collect();
        let params = MarkersParams::default();
        let one = rank_genes_groups(&x, &labels(&letters), &params).unwrap();
        let two = rank_genes_groups(&turned, &labels(&letters_turned), &params).unwrap();
        for (a, b) in one.groups().iter().zip(two.groups()) {
            for (a, b) in a.genes().iter().zip(b.genes()) {
                prop_assert_eq!((a.score, a.pval, a.pct_in), (b.score, b.pval, b.pct_in));
            }
        }
    }

    #[test]
    fn two_groups_mirror_each_other((genes, values, letters) in cells()) {
        let two: String = letters.chars().map(|c| if c == 'a' { 'a' } else { 'b' }).collect();
        let found = run(genes, &values, &two);
        let [a, b] = found.groups() else { panic!() };
        for (a, b) in a.genes().iter().zip(b.genes()) {
            prop_assert!((a.score + b.score).abs() <= 1e-11 * a.score.abs().max(1.0));
            prop_assert_eq!((a.pct_in, a.pct_out), (b.pct_out, b.pct_in));
        }
    }
}

#[test]
fn any_number_of_threads_gives_the_same() {
    let values: Vec<f32> = (0..200 * 300).map(|i| ((i * 7919) % 13 % 5) as f32 * 0.37).collect();
    let x = CsrMatrix::from_dense(200, 300, &values).unwrap();
    let letters: String = (0..200).map(|i| LETTERS[i % 7 % 4]).collect();
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            rank_genes_groups(&x, &labels(&letters), &MarkersParams::default()).unwrap()
        })
    };
    assert_eq!(on(1), on(5));
}
