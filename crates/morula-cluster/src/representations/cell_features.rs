//! Cells as the input of a network: components of their expression.

use morula_data::DenseMatrix;
use morula_preprocess::Prepared;
use serde::{Deserialize, Serialize};

use super::expression_views::N_COMPS;
use super::joint_views::{scale, side_by_side};
use super::{CellGraph, ExpressionViews, N_VIEWS};
use crate::Result;

/// Components per view.
const N_FEATURES: usize = 50;

/// The input of a network: 50 components of each [view of expression](ExpressionViews), side by
/// side.
///
/// Every view is scaled to the same total variance, and the mean square of all values is 1. When
/// batches are known, it is the view of z-scores alone, corrected for them: the other views hold
/// more of what differs between batches.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CellFeatures {
    views: ExpressionViews,
    /// Factor of every view that is used.
    scales: Vec<f32>,
}

impl CellFeatures {
    /// Fits the features and the [graph](CellGraph) of the same cells, which share their principal
    /// components. Returns the features of the cells too, `n x d`.
    ///
    /// # Errors
    /// As [`ExpressionViews::fit`].
    pub fn fit(prepared: &Prepared) -> Result<(Self, DenseMatrix, CellGraph)> {
        let batches = prepared.batches.as_deref();
        let (views, scores) = ExpressionViews::uncorrected(prepared, N_FEATURES)?;
        let (leading, first) = views.first(&scores, N_COMPS);
        let (leading, first) = leading.corrected(first, batches)?;
        let graph = CellGraph::of_views(leading, first);
        let (views, used) = match batches {
            None => (views, scores.to_vec()),
            Some(batches) => {
                let [scaled, ..] = scores;
                let (views, scaled) = views.first_corrected(scaled, batches)?;
                (views, vec![scaled])
            }
        };
        let d = used.iter().map(DenseMatrix::n_cols).sum::<usize>() as f32;
        let each = (d / used.len() as f32).sqrt();
        let scales = used.iter().map(|view| scale(view) * each).collect();
        let features = Self { views, scales };
        let x = side_by_side(&used, &features.scales);
        Ok((features, x, graph))
    }

    /// The features of other cells with the same genes, `m x d`.
    ///
    /// # Errors
    /// As [`ExpressionViews::transform`].
    pub fn transform(&self, prepared: &Prepared) -> Result<DenseMatrix> {
        let scores = match self.scales.len() {
            1 => vec![self.views.scaled(prepared)?],
            _ => self.views.transform(prepared)?.to_vec(),
        };
        Ok(side_by_side(&scores, &self.scales))
    }

    /// Number of features d.
    pub fn n_dims(&self) -> usize {
        let dims = self.views.dims(0);
        dims[1..].iter().take(self.scales.len()).fold(0, |sum, &d| sum.saturating_add(d))
    }

    /// Whether saved sizes agree with each other and with the genes of a recipe.
    pub fn fits(&self, n_genes: usize) -> bool {
        [1, N_VIEWS].contains(&self.scales.len())
            && self.scales.iter().all(|scale| scale.is_finite())
            && self.views.fits(n_genes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use morula_data::Categorical;
    use morula_preprocess::{RecipeParams, SimulateParams, simulate};

    fn prepared(batches: bool) -> Prepared {
        let wanted = SimulateParams { cells: 120, genes: 400, ..Default::default() };
        let mut counts = simulate(&wanted).unwrap().counts;
        if batches {
            let of = Categorical::from_labels((0..120).map(|i| Some(["a", "b"][i % 2])));
            counts = counts.with_batches(of).unwrap();
        }
        RecipeParams::default().fit(&counts).unwrap().1
    }

    #[test]
    fn views_count_alike_and_new_cells_get_the_same_features() {
        for (batches, dims) in [(false, 150), (true, 50)] {
            let prepared = prepared(batches);
            let (features, x, _) = CellFeatures::fit(&prepared).unwrap();
            assert_eq!((features.n_dims(), x.n_rows(), x.n_cols()), (dims, 120, dims));
            assert!(features.fits(prepared.n_genes) && !features.fits(7));
            let squares: f32 = x.values().iter().map(|v| v * v).sum();
            assert!((squares / x.values().len() as f32 - 1.0).abs() < 0.02, "{squares}");
            let again = features.transform(&prepared).unwrap();
            for (a, b) in x.values().iter().zip(again.values()) {
                assert!((a - b).abs() < 1e-2, "{a} {b}");
            }
        }
    }

    #[test]
    fn the_graph_is_that_of_the_leading_components() {
        for batches in [false, true] {
            let prepared = prepared(batches);
            let (_, _, graph) = CellFeatures::fit(&prepared).unwrap();
            let alone = CellGraph::fit(&prepared).unwrap();
            for (a, b) in graph.scores().iter().zip(alone.scores()) {
                let differ = a.values().iter().zip(b.values());
                let differ = differ.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
                assert!(differ < 1e-2, "{differ}");
            }
        }
    }

    #[test]
    fn a_few_cells_have_fewer_features() {
        let few = SimulateParams { cells: 6, genes: 400, ..Default::default() };
        let counts = simulate(&few).unwrap().counts;
        let (_, prepared) =
            RecipeParams { min_cells: 0, ..Default::default() }.fit(&counts).unwrap();
        let (features, x, _) = CellFeatures::fit(&prepared).unwrap();
        assert_eq!(x.n_cols(), features.n_dims());
        assert!(x.n_cols() <= 18 && x.values().iter().all(|v| v.is_finite()));
    }
}
