//! Marker genes of the clusters.

mod expression;
mod valid;

pub use expression::Expression;
pub use morula_markers::Marker;
pub use valid::ValidMarker;
pub(crate) use valid::from_uns as valid_markers;

use morula_data::Categorical;
use morula_markers::{GroupMarkers, MarkersError, MarkersParams};

use crate::Result;
use crate::run::shape;

/// Genes to rank per cluster.
const RANKED: usize = 10;

/// Expression of the genes that distinguish each cluster from the other cells.
#[derive(Debug, Clone, PartialEq)]
pub struct Markers {
    /// Per cluster, the genes that are higher in it than in the other cells, best first, at most
    /// ten, as [`rank_genes_groups`](morula_markers::rank_genes_groups) ranks them. Empty for a
    /// cluster without cells, or if there are fewer than two clusters.
    pub ranked: Vec<Vec<Marker>>,
    /// Genes to draw: positions among the genes of the expression, and the cluster each marks,
    /// sorted by cluster, without repeats.
    pub shown: Vec<(usize, usize)>,
    /// Mean of `ln(1 + counts)` of the shown genes, row-major `clusters x shown`.
    pub mean: Vec<f64>,
    /// Share of cells that express them, row-major `clusters x shown`.
    pub fraction: Vec<f64>,
}

impl Markers {
    /// Ranks the genes of every cluster, and selects the genes to draw.
    ///
    /// # Errors
    /// [`ReportError::Shape`](crate::ReportError::Shape) unless there is one label below `k` per
    /// cell; [`MarkersError::NotFinite`] names the cell and the gene.
    pub fn new(expression: &Expression, labels: &[usize], k: usize) -> Result<Self> {
        if labels.len() != expression.n_cells() {
            let n = expression.n_cells();
            return Err(shape("labels of the cells with expression", n, labels.len()));
        }
        if let Some(beyond) = labels.iter().find(|&&label| label >= k) {
            return Err(shape("labels", format!("below {k}"), beyond));
        }
        let ranked = rank(expression, labels, k)?;
        // With few clusters there is room for more genes per cluster.
        let each = (50 / k.max(1)).clamp(1, 6);
        let mut shown: Vec<(usize, usize)> = Vec::new();
        for (cluster, markers) in ranked.iter().enumerate() {
            for gene in markers.iter().take(each).map(|marker| marker.gene) {
                if shown.iter().all(|s| s.0 != gene) {
                    shown.push((gene, cluster));
                }
            }
        }
        let genes: Vec<usize> = shown.iter().map(|s| s.0).collect();
        let [mean, fraction] = expression.per_cluster(labels, k, &genes);
        Ok(Self { ranked, shown, mean, fraction })
    }
}

/// The best genes of every cluster.
fn rank(expression: &Expression, labels: &[usize], k: usize) -> Result<Vec<Vec<Marker>>> {
    let codes = labels.iter().map(|&label| label as i32).collect();
    let names: Vec<String> = (0..k).map(|cluster| cluster.to_string()).collect();
    let clusters = Categorical::new(codes, names.clone(), false)?;
    let found = match MarkersParams::default().run(expression.x(), &clusters) {
        Ok(found) => found,
        // Nothing to compare is not an error here: the page says so.
        Err(
            MarkersError::NoRest { .. } | MarkersError::NoGroups | MarkersError::NoGenes { .. },
        ) => {
            return Ok(vec![Vec::new(); k]);
        }
        Err(error) => return Err(error.into()),
    };
    let best = |group: &GroupMarkers| -> Vec<Marker> {
        group.top(RANKED).filter(|marker| marker.score > 0.0).copied().collect()
    };
    let of = |name| found.groups().iter().find(|group| &group.name == name);
    Ok(names.iter().map(|name| of(name).map(best).unwrap_or_default()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ReportError;
    use morula_data::CsrMatrix;

    fn markers(rows: &[f32], genes: usize, labels: &[usize], k: usize) -> Result<Markers> {
        let x = CsrMatrix::from_dense(labels.len(), genes, rows).unwrap();
        let names = (0..genes).map(|g| g.to_string()).collect();
        Markers::new(&Expression::new(x, names).unwrap(), labels, k)
    }

    #[test]
    fn genes_are_ranked_as_the_test_ranks_them() {
        // Gene 0 is higher in the first two cells; gene 1 is constant; gene 2 marks the other
        // cells.
        let rows = [1., 2., 0., 3., 2., 0., 0., 2., 4., 0., 2., 4.];
        let markers = markers(&rows, 3, &[0, 0, 1, 1], 2).unwrap();
        let genes = |k: usize| markers.ranked[k].iter().map(|m| m.gene).collect::<Vec<_>>();
        assert_eq!((genes(0), genes(1)), (vec![0], vec![2]));
        let best = markers.ranked[0][0];
        // Ranks 3 and 4 of four cells against the ties of the others: W = 7, n (N + 1) / 2 = 5;
        // c = 1 - 6 / 60; z = 2 / sqrt(0.9 * 2 * 2 * 5 / 12).
        assert!((best.score - 2.0 / 1.5f64.sqrt()).abs() < 1e-12, "{best:?}");
        assert_eq!((best.pct_in, best.pct_out, best.auc), (1.0, 0.0, 1.0));
        assert_eq!(markers.shown, [(0, 0), (2, 1)]);
        assert_eq!(markers.mean, [2.0, 0.0, 0.0, 4.0]);
        assert_eq!(markers.fraction, [1.0, 0.0, 0.0, 1.0]);
    }

    #[test]
    fn clusters_that_cannot_be_compared_have_no_markers() {
        let one = markers(&[1., 0., 2., 0.], 2, &[0, 0], 1).unwrap();
        assert_eq!((one.ranked, one.shown, one.mean), (vec![vec![]], vec![], vec![]));
        // A cluster without cells, a cluster of one cell, and a gene that no cell expresses.
        let some = markers(&[1., 0., 2., 0., 0., 0.], 2, &[0, 0, 2], 3).unwrap();
        let sizes: Vec<usize> = some.ranked.iter().map(Vec::len).collect();
        assert_eq!((sizes, some.fraction), (vec![1, 0, 0], vec![1.0, 0.0, 0.0]));
        assert_eq!(markers(&[0.; 4], 2, &[0, 1], 2).unwrap().ranked, [vec![], vec![]]);
        assert_eq!(markers(&[], 0, &[0, 1], 2).unwrap().ranked, [vec![], vec![]]);
    }

    #[test]
    fn input_that_does_not_match_is_an_error() {
        assert!(matches!(markers(&[1., 2.], 1, &[0, 2], 2), Err(ReportError::Shape { .. })));
        let wrong = markers(&[1., f32::NAN], 1, &[0, 1], 2).unwrap_err().to_string();
        assert!(wrong.contains("row 1") && wrong.contains("NaN"), "{wrong}");
    }
}
