//! The spaces in which the neighbours of the cell graph are found ([3.1]).
//!
//! [3.1]: https://github.com/morula-bio/morula/blob/main/docs/models/scsiameseclu.md#3-1

use std::collections::BTreeMap;

use morula_cluster::representations::{CellGraph, ExpressionViews, NEIGHBORHOOD};
use morula_data::DenseMatrix;
use morula_preprocess::{Neighbors, Prepared, kneighbors, neighbors};

use super::ScSiameseCluParams;
use super::projection::Projection;
use crate::Result;

/// The spaces of the cells of a fit, and the transformation of new cells into them.
#[derive(Debug, Clone)]
pub(super) struct Spaces {
    /// The views of expression; `None` for a single space, the leading components.
    pub views: Option<Box<ExpressionViews>>,
    /// The cells of the fit in every space.
    pub points: Vec<DenseMatrix>,
}

/// Nearest cells of the fit, the same number for every cell.
pub(super) struct Nearest {
    pub k: usize,
    /// Their positions, row-major, `k` per cell.
    pub indices: Vec<u32>,
}

impl Spaces {
    /// The spaces of the cells of a fit with components `scores`, and their nearest other cells.
    pub fn fit(
        params: &ScSiameseCluParams,
        projection: &Projection,
        scores: &[f32],
        expression: &CellGraph,
    ) -> Result<(Self, Nearest)> {
        let candidates = candidates(params.neighbors);
        let (spaces, found) = match params.graph_views {
            true => {
                let views = Some(Box::new(expression.views().clone()));
                let points = expression.scores().to_vec();
                (Self { views, points }, expression.nearest(candidates)?)
            }
            false => {
                let leading = projection.leading(scores, params.graph_components);
                let found = neighbors(leading.values(), leading.n_cols(), candidates)?;
                (Self { views: None, points: vec![leading] }, vec![found])
            }
        };
        Ok((spaces, agreed(&found, params.neighbors)))
    }

    /// The nearest cells of the fit for new cells with components `scores`.
    pub fn attach(
        &self,
        params: &ScSiameseCluParams,
        projection: &Projection,
        scores: &[f32],
        prepared: &Prepared,
    ) -> Result<Nearest> {
        let queries = match &self.views {
            Some(views) => views.transform(prepared)?.to_vec(),
            None => vec![projection.leading(scores, params.graph_components)],
        };
        let near = |(points, queries): (&DenseMatrix, DenseMatrix)| {
            let candidates = candidates(params.neighbors);
            Ok(kneighbors(queries.values(), points.values(), points.n_cols(), candidates)?)
        };
        let found = self.points.iter().zip(queries).map(near).collect::<Result<Vec<_>>>()?;
        Ok(agreed(&found, params.neighbors))
    }

    /// Whether the sizes of saved spaces agree with the parameters, components and genes.
    pub fn fits(&self, params: &ScSiameseCluParams, n_comps: usize, n_genes: usize) -> bool {
        let dims = self.points.iter().map(DenseMatrix::n_cols);
        match &self.views {
            Some(views) => {
                params.graph_views && views.fits(n_genes) && dims.eq(views.dims(0)[1..].to_vec())
            }
            None => !params.graph_views && dims.eq([params.graph_components.min(n_comps)]),
        }
    }
}

/// Number of candidates in every space, from which `neighbors` are chosen.
fn candidates(neighbors: usize) -> usize {
    neighbors.max(NEIGHBORHOOD - 1)
}

/// The `k` nearest cells of every cell in all spaces together: those with the largest sums of
/// memberships in its neighbourhoods. In a single space these are the nearest cells.
fn agreed(found: &[Neighbors], k: usize) -> Nearest {
    let n_cells = found.iter().map(Neighbors::n_queries).max().unwrap_or(0);
    let k = found.iter().map(|space| space.k).fold(k, usize::min);
    let memberships: Vec<Vec<f64>> = found.iter().map(Neighbors::memberships).collect();
    let mut indices = Vec::with_capacity(n_cells * k);
    for cell in 0..n_cells {
        let mut sums = BTreeMap::new();
        for (space, memberships) in found.iter().zip(&memberships) {
            let row = cell * space.k..(cell + 1) * space.k;
            for (&j, membership) in space.indices[row.clone()].iter().zip(&memberships[row]) {
                *sums.entry(j).or_insert(0.0) += membership;
            }
        }
        let mut near: Vec<(u32, f64)> = sums.into_iter().collect();
        // The sort is stable, so ties stay in the order of the cells.
        near.sort_by(|a, b| b.1.total_cmp(&a.1));
        indices.extend(near[..k].iter().map(|cell| cell.0));
    }
    Nearest { k, indices }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_row(x: &[f32]) -> Neighbors {
        neighbors(x, 1, 3).unwrap()
    }

    #[test]
    fn in_one_space_the_nearest_are_taken() {
        let found = in_row(&[0.0, 1.0, 2.5, 4.5, 7.0, 10.0]);
        let two = agreed(std::slice::from_ref(&found), 2);
        assert_eq!((two.k, two.indices), (2, found.first(2).indices));
        assert_eq!(agreed(std::slice::from_ref(&found), 9).k, 3, "no more than the candidates");
    }

    #[test]
    fn cells_near_in_two_spaces_come_first() {
        // The neighbours of cell 0 are 1, 2, 3 in one space and 4, 2, 5 in the other.
        let found =
            [in_row(&[0.0, 1.0, 2.0, 3.0, 40.0, 50.0]), in_row(&[0.0, 40.0, 2.0, 50.0, 1.0, 3.0])];
        assert_eq!(agreed(&found, 3).indices[..3], [2, 1, 4]);
        let [a, b] = [&found[0], &found[1]].map(Neighbors::memberships);
        assert!(a[0] == 1.0 && b[0] == 1.0 && a[1] + b[1] > 1.0, "{a:?} {b:?}");
    }

    #[test]
    fn no_cells_and_a_single_one() {
        assert_eq!(agreed(&[], 3).indices, [0_u32; 0]);
        assert_eq!(agreed(&[neighbors(&[1.0], 1, 3).unwrap()], 3).k, 0);
    }
}
