//! Tests of splits on the second part of the molecules.

use morula_data::{CountMatrix, CsrMatrix};
use morula_preprocess::thinning::{LogRatio, Moments, moments, student_upper};
use rayon::prelude::*;

use super::parts::totals;
use crate::Result;
use crate::tree::{ClusterTree, Merge};

/// False discovery rate of the markers.
const FDR: f64 = 0.05;

/// The test of one split.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Test {
    /// One-sided p-value, not corrected.
    pub p: f64,
    /// Share of cells on the wrong side of the middle between the means, the mean of both sides.
    pub error: f64,
    /// Number of genes with different rates.
    pub n_markers: usize,
}

/// Two parts of the molecules, and the leaves that were found in the first.
pub(super) struct HeldOut<'a> {
    second: &'a CsrMatrix,
    sizes: Vec<f64>,
    /// Cells of every leaf.
    cells: Vec<Vec<usize>>,
    /// Sums over the cells of every leaf, in both parts.
    sums: [Vec<Moments>; 2],
}

impl<'a> HeldOut<'a> {
    /// # Errors
    /// As [`moments`].
    pub fn new(
        first: &CountMatrix,
        second: &'a CountMatrix,
        leaves: &[Option<usize>],
        tree: &ClusterTree,
    ) -> Result<Self> {
        let mut cells = vec![Vec::new(); tree.n_leaves()];
        for (cell, leaf) in leaves.iter().enumerate() {
            if let Some(leaf) = leaf {
                cells[*leaf].push(cell);
            }
        }
        let sums = |part: &CountMatrix| moments(part.x(), &totals(part), leaves, tree.n_leaves());
        let sums = [sums(first)?, sums(second)?];
        Ok(Self { second: second.x(), sizes: totals(second), cells, sums })
    }

    /// The tests of all splits of the tree, in their order.
    pub fn tests(&self, tree: &ClusterTree) -> Vec<Test> {
        let members = tree.members();
        let test = |merge: &Merge| self.test(merge.parts.map(|part| &members[part][..]));
        tree.merges().par_iter().map(test).collect()
    }

    fn test(&self, sides: [&[usize]; 2]) -> Test {
        let n_genes = self.second.n_cols();
        let sum = |part: usize, leaves: &[usize]| {
            Moments::union(n_genes, leaves.iter().map(|&leaf| &self.sums[part][leaf]))
        };
        let first = sides.map(|side| sum(0, side));
        let weights = log_ratios(&first);
        let second = sides.map(|side| sum(1, side));
        let size: f64 = second.iter().map(|side| side.size).sum();
        // sum_g w_g p_g, the expected weight of a molecule of either side.
        let expected: f64 = (0..n_genes)
            .map(|gene| weights[gene] * second.iter().map(|side| side.counts[gene]).sum::<f64>())
            .sum::<f64>()
            / size.max(1.0);
        let scores = sides.map(|leaves| {
            let cells = leaves.iter().flat_map(|&leaf| &self.cells[leaf]);
            cells.map(|&i| self.score(i, &weights, expected)).collect::<Vec<f64>>()
        });
        Test { p: welch(&scores), error: error(&scores), n_markers: n_markers(&second) }
    }

    /// `u_i`; 0 for a cell without molecules.
    fn score(&self, cell: usize, weights: &[f64], expected: f64) -> f64 {
        let size = self.sizes[cell];
        if size <= 0.0 {
            return 0.0;
        }
        let (genes, counts) = self.second.row(cell);
        let entries = genes.iter().zip(counts);
        let sum: f64 = entries.map(|(&g, &x)| weights[g as usize] * f64::from(x)).sum();
        (sum - size * expected) / size.sqrt()
    }
}

/// Logarithm of the ratio of the rates of two sides, for every gene. One count is added in all, to
/// each side in proportion to its size, so that no rate is 0.
fn log_ratios([a, b]: &[Moments; 2]) -> Vec<f64> {
    if a.size <= 0.0 || b.size <= 0.0 {
        return vec![0.0; a.counts.len()];
    }
    let size = a.size + b.size;
    let log_rate = |side: &Moments, gene: usize| (side.counts[gene] / side.size + 1.0 / size).ln();
    (0..a.counts.len()).map(|gene| log_rate(a, gene) - log_rate(b, gene)).collect()
}

/// Mean and variance.
fn mean_var(x: &[f64]) -> [f64; 2] {
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    [mean, x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0)]
}

/// p-value of Welch's one-sided test that the first mean is larger; 1 with fewer than two cells on a
/// side, or without variance.
fn welch(scores: &[Vec<f64>; 2]) -> f64 {
    if scores.iter().any(|side| side.len() < 2) {
        return 1.0;
    }
    let [[mean_a, var_a], [mean_b, var_b]] = [mean_var(&scores[0]), mean_var(&scores[1])];
    let [n_a, n_b] = [scores[0].len() as f64, scores[1].len() as f64];
    let (a, b) = (var_a / n_a, var_b / n_b);
    if a + b <= 0.0 {
        return 1.0;
    }
    let freedom = (a + b).powi(2) / (a * a / (n_a - 1.0) + b * b / (n_b - 1.0));
    student_upper((mean_a - mean_b) / (a + b).sqrt(), freedom)
}

/// Share of cells on the wrong side of the middle between the means.
fn error(scores: &[Vec<f64>; 2]) -> f64 {
    if scores.iter().any(Vec::is_empty) {
        return 0.5;
    }
    let mean = |side: &Vec<f64>| side.iter().sum::<f64>() / side.len() as f64;
    let middle = (mean(&scores[0]) + mean(&scores[1])) / 2.0;
    let share = |side: &Vec<f64>, wrong: &dyn Fn(f64) -> bool| {
        side.iter().filter(|&&u| wrong(u)).count() as f64 / side.len() as f64
    };
    (share(&scores[0], &|u| u <= middle) + share(&scores[1], &|u| u > middle)) / 2.0
}

/// Number of genes with different rates, at the false discovery rate (Benjamini and Hochberg).
fn n_markers([a, b]: &[Moments; 2]) -> usize {
    let mut p: Vec<f64> = (0..a.counts.len())
        .filter(|&gene| a.counts[gene] + b.counts[gene] > 0.0)
        .map(|gene| LogRatio::new(a, b, gene).p)
        .collect();
    p.sort_by(f64::total_cmp);
    let n = p.len() as f64;
    let passes = |rank: usize| p[rank] <= FDR * (rank + 1) as f64 / n;
    (0..p.len()).rev().find(|&rank| passes(rank)).map_or(0, |rank| rank + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SciPy 1.15: `ttest_ind(a, b, equal_var=False, alternative="greater")`.
    #[test]
    fn welchs_test() {
        let scores = [vec![3.0, 4.0, 5.5, 4.2], vec![1.0, 2.5, 2.0, 3.1, 2.2]];
        let p = welch(&scores);
        assert!((p - WELCH).abs() < 1e-9, "{p}");
        assert!((welch(&[scores[1].clone(), scores[0].clone()]) - (1.0 - WELCH)).abs() < 1e-9);
        assert_eq!(welch(&[vec![1.0], vec![2.0, 3.0]]), 1.0);
        assert_eq!(welch(&[vec![1.0; 3], vec![2.0; 3]]), 1.0);
    }

    const WELCH: f64 = 0.009_869_889_458_168_047;

    #[test]
    fn errors_of_both_sides_count_alike() {
        assert_eq!(error(&[vec![2.0, 3.0], vec![0.0, 1.0, -1.0]]), 0.0);
        let half_wrong = [vec![4.0, 0.0], vec![0.0; 8]];
        assert_eq!(error(&half_wrong), 0.25);
        assert_eq!(error(&[vec![], vec![1.0]]), 0.5);
    }
}
