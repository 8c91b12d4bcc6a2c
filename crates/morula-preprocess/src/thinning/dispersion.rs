//! Dispersion of the counts of every gene.

use super::{Moments, moments};
use crate::Result;
use morula_data::CsrMatrix;

/// Number of groups of genes of similar means, over which the trend is found.
const BINS: usize = 20;

/// Dispersion `phi_g` of every gene, for counts with the variance `m + phi m^2`.
///
/// Cells of one group are taken to differ in size alone: `m_ig = N_i r_cg`, where `r_cg` is the rate
/// of gene g in the group c of cell i. The estimate of one gene is
///
/// `phi_g = sum_i [(f_c (x_ig - m_ig)^2 - r (1 - r) m_ig) / (1 - r)^2 - m_ig] / sum_i m_ig^2`
///
/// with `f_c = n_c / (n_c - 1)` for the rate that each group is fitted with. The terms of r correct for
/// the gene's own part in the size of a cell: `x - r N = (1 - r) x - r (N - x)`, and the counts of the
/// other genes vary at least as Poisson's. One gene says little, so
/// the result is the mean of its estimate and the trend over means, and never below the trend: groups
/// that are too fine make the estimates too small, and then the parts of [`thin`](super::thin) depend
/// on each other. A dispersion that is too large only costs power.
///
/// # Shapes
/// - `x`: cells x genes
/// - result: genes
///
/// # Errors
/// As [`moments`].
pub fn dispersions(x: &CsrMatrix, sizes: &[f64], labels: &[usize]) -> Result<Vec<f64>> {
    let n_groups = labels.iter().max().map_or(0, |k| k + 1);
    let labels: Vec<Option<usize>> = labels.iter().copied().map(Some).collect();
    let groups = moments(x, sizes, &labels, n_groups)?;
    let terms: Vec<[f64; 2]> = (0..x.n_cols()).map(|gene| terms(&groups, gene)).collect();
    let totals = Moments::union(x.n_cols(), &groups).counts;
    let trend = trend(&terms, &totals);
    let of = |(&[over, squares], trend): (&[f64; 2], f64)| match squares > 0.0 {
        true => ((over / squares + trend) / 2.0).max(trend),
        false => trend,
    };
    Ok(terms.iter().zip(trend).map(of).collect())
}

/// The numerator and the denominator of one gene's estimate.
fn terms(groups: &[Moments], gene: usize) -> [f64; 2] {
    let mut sums = [0.0; 2];
    for group in groups.iter().filter(|group| group.n_cells > 1 && group.size > 0.0) {
        let n = group.n_cells as f64;
        let rate = group.counts[gene] / group.size;
        let means = rate * rate * group.size_squares;
        let residuals = group.squares[gene] - 2.0 * rate * group.products[gene] + means;
        let others = (1.0 - rate).max(f64::EPSILON);
        let own =
            (n / (n - 1.0) * residuals - rate * others * group.counts[gene]) / (others * others);
        sums[0] += own - group.counts[gene];
        sums[1] += means;
    }
    sums
}

/// The trend at every gene: the ratio of the sums over the genes of similar means, at least 0.
fn trend(terms: &[[f64; 2]], totals: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..terms.len()).collect();
    order.sort_by(|&a, &b| totals[a].total_cmp(&totals[b]).then(a.cmp(&b)));
    let mut trend = vec![0.0; terms.len()];
    for bin in order.chunks(terms.len().div_ceil(BINS).max(1)) {
        let sum = |part: usize| bin.iter().map(|&gene| terms[gene][part]).sum::<f64>();
        let (over, squares) = (sum(0), sum(1));
        let ratio = if squares > 0.0 { (over / squares).max(0.0) } else { 0.0 };
        bin.iter().for_each(|&gene| trend[gene] = ratio);
    }
    trend
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SimulateParams, simulate};

    fn estimates(dispersion: f64) -> Vec<f64> {
        let none =
            SimulateParams { types: 1, markers: 0, dropout: 0.0, ..SimulateParams::default() };
        let params = SimulateParams { cells: 800, genes: 400, dispersion, ..none };
        let x = simulate(&params).unwrap().counts;
        let sizes: Vec<f64> =
            x.x().rows().map(|(_, v)| v.iter().map(|&v| f64::from(v)).sum()).collect();
        dispersions(x.x(), &sizes, &[0; 800]).unwrap()
    }

    fn median(mut values: Vec<f64>) -> f64 {
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    }

    #[test]
    fn the_dispersion_of_simulated_counts_is_found() {
        assert!(median(estimates(0.0)) < 0.02);
        for dispersion in [0.2, 0.5, 1.0] {
            let found = median(estimates(dispersion));
            assert!((0.8..1.4).contains(&(found / dispersion)), "{dispersion}: {found}");
        }
    }

    #[test]
    fn groups_of_one_cell_and_no_genes() {
        let x = CsrMatrix::from_dense(2, 1, &[3.0, 4.0]).unwrap();
        assert_eq!(dispersions(&x, &[3.0, 4.0], &[0, 1]).unwrap(), [0.0]);
        let none = CsrMatrix::from_dense(2, 0, &[]).unwrap();
        assert!(dispersions(&none, &[0.0, 0.0], &[0, 0]).unwrap().is_empty());
    }
}
