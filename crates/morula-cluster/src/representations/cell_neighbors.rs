//! Cells in several views, with their nearest neighbours in each.

use morula_data::{CsrMatrix, DenseMatrix};
use morula_preprocess::{Neighbors, neighbors};

use crate::graph::mean_graph;
use crate::{ClusterError, Result};

/// Size of a neighbourhood, the cell itself included: scanpy's 15.
pub const NEIGHBORHOOD: usize = 15;

/// Cells in several views, each cells x dimensions, with the 14 nearest other cells of every cell
/// in each view (Euclidean).
///
/// ```
/// use morula_cluster::representations::CellNeighbors;
/// use morula_data::DenseMatrix;
///
/// let view = |step: f32| DenseMatrix::new(20, 1, (0..20).map(|i| step * i as f32).collect());
/// let cells = CellNeighbors::new(vec![view(1.0)?, view(-0.5)?])?;
/// assert_eq!((cells.n_cells(), cells.neighbors().len()), (20, 2));
/// // Neighbouring cells are joined most strongly.
/// let graph = cells.graph()?.to_dense();
/// assert!(graph[1] > graph[10]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct CellNeighbors {
    views: Vec<DenseMatrix>,
    found: Vec<Neighbors>,
    n_cells: usize,
}

impl CellNeighbors {
    /// Finds the neighbours in every view.
    ///
    /// # Errors
    /// [`ClusterError::Views`] for no view, or views of different numbers of cells;
    /// [`ClusterError::Preprocess`] for values that are not finite.
    pub fn new(views: Vec<DenseMatrix>) -> Result<Self> {
        let found = views.iter().map(near).collect::<Result<_>>()?;
        Self::with_found(views, found)
    }

    /// Takes neighbours that were found before.
    pub(super) fn with_found(views: Vec<DenseMatrix>, found: Vec<Neighbors>) -> Result<Self> {
        let n_cells = same_cells(&views)?;
        Ok(Self { views, found, n_cells })
    }

    /// Number of cells.
    pub fn n_cells(&self) -> usize {
        self.n_cells
    }

    /// Neighbours in every view.
    pub fn neighbors(&self) -> &[Neighbors] {
        &self.found
    }

    /// The mean over the views of their fuzzy graphs ([`mean_graph`],
    /// [`Neighbors::fuzzy_connectivities`]).
    ///
    /// # Errors
    /// As [`mean_graph`].
    pub fn graph(&self) -> Result<CsrMatrix> {
        graph(&self.found)
    }

    /// Views and neighbours.
    pub fn into_parts(self) -> (Vec<DenseMatrix>, Vec<Neighbors>) {
        (self.views, self.found)
    }
}

/// Number of cells, on which all views must agree; a view without dimensions is not checked.
pub(crate) fn same_cells(views: &[DenseMatrix]) -> Result<usize> {
    let n_cells: Vec<usize> = views.iter().map(DenseMatrix::n_rows).collect();
    let counted: Vec<usize> =
        views.iter().filter(|view| view.n_cols() > 0).map(DenseMatrix::n_rows).collect();
    match !views.is_empty() && counted.windows(2).all(|n| n[0] == n[1]) {
        true => Ok(counted.first().copied().unwrap_or(0)),
        false => Err(ClusterError::Views { found: n_cells }),
    }
}

pub(super) fn near(view: &DenseMatrix) -> Result<Neighbors> {
    Ok(neighbors(view.values(), view.n_cols(), NEIGHBORHOOD - 1)?)
}

pub(super) fn graph(found: &[Neighbors]) -> Result<CsrMatrix> {
    mean_graph(&found.iter().map(Neighbors::fuzzy_connectivities).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row_of(n: usize) -> DenseMatrix {
        DenseMatrix::from_rows((0..n).map(|i| i as f32).collect(), 1)
    }

    #[test]
    fn views_of_the_same_cells_make_one_graph() {
        let cells = CellNeighbors::new(vec![row_of(20), row_of(20)]).unwrap();
        assert_eq!((cells.n_cells(), cells.neighbors()[1].k), (20, 14));
        assert_eq!(cells.graph().unwrap(), cells.neighbors()[0].fuzzy_connectivities());
    }

    #[test]
    fn no_view_and_views_of_other_cells_are_refused() {
        for views in [vec![], vec![row_of(3), row_of(4)]] {
            assert!(matches!(CellNeighbors::new(views), Err(ClusterError::Views { .. })));
        }
        assert!(CellNeighbors::new(vec![DenseMatrix::from_rows(vec![f32::NAN], 1)]).is_err());
    }
}
