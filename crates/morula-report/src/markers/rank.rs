//! Which genes mark a cluster.

use super::expression::Moments;

/// A gene that marks a cluster.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RankedGene {
    /// Position among the genes.
    pub gene: usize,
    /// Standardised difference of means.
    pub score: f64,
    /// Mean in the cluster minus mean in the other cells, in natural logarithms.
    pub difference: f64,
    /// Share of the cluster's cells that express it.
    pub fraction: f64,
}

/// A share of the cluster's cells that must express a gene, as scanpy's `filter_rank_genes_groups`.
const LEAST_FRACTION: f64 = 0.25;
/// Variance that a gene has at least, so that a rare count does not make a marker.
const LEAST_VARIANCE: f64 = 0.01;

/// The best `top` genes of every cluster by the standardised difference of means
/// `(m_c - m_rest) / sqrt((v_c + v_rest) / 2 + 0.01)` (Cohen's d) of log-normalised expression.
///
/// It describes how well a gene shows a cluster; it is no test. Ties in the order of the genes.
/// This is the one place that chooses genes: any other ranking may stand here.
pub(super) fn rank_genes(moments: &Moments, top: usize) -> Vec<Vec<RankedGene>> {
    let totals: Vec<[f64; 2]> = (0..moments.n_genes).map(|gene| moments.total(gene)).collect();
    let cells: usize = moments.sizes.iter().sum();
    let rank = |(cluster, &n): (usize, &usize)| {
        if n == 0 || n == cells {
            return Vec::new();
        }
        let genes = totals.iter().enumerate().filter(|(_, all)| all[0] > 0.0);
        let mut scored: Vec<RankedGene> = genes
            .filter_map(|(gene, all)| {
                let fraction = moments.fraction(cluster, gene);
                let [own, rest] = moments.split(cluster, gene, all).map(mean_and_variance);
                let spread = ((own.1 + rest.1) / 2.0 + LEAST_VARIANCE).sqrt();
                let difference = own.0 - rest.0;
                let score = difference / spread;
                (fraction >= LEAST_FRACTION).then_some(RankedGene {
                    gene,
                    score,
                    difference,
                    fraction,
                })
            })
            .collect();
        scored.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.gene.cmp(&b.gene)));
        scored.truncate(top);
        scored
    };
    moments.sizes.iter().enumerate().map(rank).collect()
}

fn mean_and_variance([n, sum, squares]: [f64; 3]) -> (f64, f64) {
    let mean = sum / n.max(1.0);
    (mean, (squares / n.max(1.0) - mean * mean).max(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Expression;
    use morula_data::CsrMatrix;

    fn moments(rows: &[f32], genes: usize, labels: &[usize], k: usize) -> Moments {
        let x = CsrMatrix::from_dense(labels.len(), genes, rows).unwrap();
        let names = (0..genes).map(|g| g.to_string()).collect();
        Moments::new(&Expression::new(x, names).unwrap(), labels, k).unwrap()
    }

    #[test]
    fn the_difference_is_in_units_of_the_spread() {
        // Gene 0: 1, 3 against 0, 0. Gene 1 the same everywhere. Gene 2 marks the other cluster.
        let rows = [1., 2., 0., 3., 2., 0., 0., 2., 4., 0., 2., 4.];
        let ranked = rank_genes(&moments(&rows, 3, &[0, 0, 1, 1], 2), 2);
        let best = ranked[0][0];
        assert_eq!((best.gene, best.difference, best.fraction), (0, 2.0, 1.0));
        assert!((best.score - 2.0 / (0.5f64 + 0.01).sqrt()).abs() < 1e-12);
        assert_eq!(
            ranked[0][1],
            RankedGene { gene: 1, score: 0.0, difference: 0.0, fraction: 1.0 }
        );
        assert_eq!(ranked[1][0].gene, 2);
        assert!((ranked[1][0].score - 40.0).abs() < 1e-9);
    }

    #[test]
    fn clusters_that_cannot_be_compared_have_no_markers() {
        let one = rank_genes(&moments(&[1., 0., 2., 0.], 2, &[0, 0], 1), 5);
        assert_eq!(one, [vec![]]);
        // A cluster without cells, one of a single cell, and a gene that nobody expresses.
        let ranked = rank_genes(&moments(&[1., 0., 2., 0., 0., 0.], 2, &[0, 0, 2], 3), 5);
        assert_eq!((ranked[0].len(), ranked[1].len(), ranked[2].len()), (1, 0, 0));
        assert!(ranked[0][0].score.is_finite());
    }
}
