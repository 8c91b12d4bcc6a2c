//! The nearest neighbours of every cell.

use rayon::prelude::*;

use crate::{MetricsError, NeighborProblem, Result, labels::encode_labels};

/// The k nearest other cells of every cell, nearest first: the input of the scores of an embedding.
///
/// This crate does not search: `morula_preprocess::neighbors` finds the rows. Other programs often
/// list the cell itself first; leave it out. The usual `k` depends on the score:
///
/// | score | k |
/// | --- | --- |
/// | [`knn_scores`](Self::knn_scores), [`knn_scores_across`](Self::knn_scores_across) | 15 |
/// | [`ilisi`](Self::ilisi), [`clisi`](Self::clisi) | 89, a perplexity of 30 |
/// | [`graph_connectivity`](Self::graph_connectivity) | 14, scanpy's 15 with the cell itself |
///
/// ```
/// use morula_metrics::KnnGraph;
///
/// // Six cells on a line at 0, 1, 2, 7, 8, 9, each with its 2 nearest.
/// let indices = [1, 2, 0, 2, 1, 0, 4, 5, 3, 5, 4, 3];
/// let distances = [1.0, 2.0, 1.0, 1.0, 1.0, 2.0, 1.0, 2.0, 1.0, 1.0, 1.0, 2.0];
/// let graph = KnnGraph::new(&indices, &distances, 2)?;
/// let types = ["T", "T", "T", "B", "B", "B"];
/// assert_eq!(graph.knn_scores(&types)?.accuracy, 1.0);
/// assert_eq!(graph.graph_connectivity(&types)?, 1.0);
/// # Ok::<(), morula_metrics::MetricsError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct KnnGraph<'a> {
    n_cells: usize,
    k: usize,
    indices: &'a [u32],
    distances: &'a [f32],
}

impl<'a> KnnGraph<'a> {
    /// Checks the neighbours: `indices` and Euclidean `distances`, both row-major, cells x `k`.
    ///
    /// # Errors
    /// [`MetricsError::NeighborShape`] when the lengths do not fit rows of `k`;
    /// [`MetricsError::Empty`] without cells; [`MetricsError::NeighborCount`] unless
    /// `1 <= k < cells`; [`MetricsError::Neighbor`] for a neighbour that is no other cell, a
    /// repeated one, and for distances that are NaN, infinite, negative or not in order.
    pub fn new(indices: &'a [u32], distances: &'a [f32], k: usize) -> Result<Self> {
        let n_cells = indices.len().checked_div(k).unwrap_or(0);
        if indices.len() != distances.len() || n_cells * k != indices.len() {
            let (indices, distances) = (indices.len(), distances.len());
            return Err(MetricsError::NeighborShape { indices, distances, k });
        }
        if n_cells == 0 {
            return Err(MetricsError::Empty);
        }
        let graph = Self { n_cells, k, indices, distances };
        graph.check_count(1)?;
        match (0..n_cells).into_par_iter().find_map_first(|cell| graph.problem(cell)) {
            None => Ok(graph),
            Some((cell, rank, problem)) => Err(MetricsError::Neighbor {
                cell,
                rank,
                neighbor: graph.neighbors(cell)[rank],
                distance: graph.distances(cell)[rank],
                problem,
            }),
        }
    }

    /// Number of cells.
    pub fn n_cells(&self) -> usize {
        self.n_cells
    }

    /// Neighbours per cell.
    pub fn k(&self) -> usize {
        self.k
    }

    /// Neighbours of a cell, nearest first.
    pub(super) fn neighbors(&self, cell: usize) -> &'a [u32] {
        &self.indices[cell * self.k..][..self.k]
    }

    /// Distances of a cell's neighbours.
    pub(super) fn distances(&self, cell: usize) -> &'a [f32] {
        &self.distances[cell * self.k..][..self.k]
    }

    /// Fails unless a cell has at least `least` neighbours, and no more than there are other cells.
    pub(super) fn check_count(&self, least: usize) -> Result<()> {
        let Self { n_cells, k, .. } = *self;
        if k < least || k >= n_cells {
            return Err(MetricsError::NeighborCount { k, n_cells, least });
        }
        Ok(())
    }

    /// The label of every cell as a code, and the number of labels.
    pub(super) fn encode<T: Ord>(&self, labels: &[T]) -> Result<(Vec<usize>, usize)> {
        if labels.len() != self.n_cells {
            return Err(MetricsError::LabelCount { labels: labels.len(), n_cells: self.n_cells });
        }
        let (codes, classes) = encode_labels(labels);
        Ok((codes, classes.len()))
    }

    /// The first problem of a row, with the rank of its neighbour.
    fn problem(&self, cell: usize) -> Option<(usize, usize, NeighborProblem)> {
        let (neighbors, distances) = (self.neighbors(cell), self.distances(cell));
        let mut nearer = 0.0;
        for (rank, (&neighbor, &distance)) in neighbors.iter().zip(distances).enumerate() {
            let problem = if neighbor as usize >= self.n_cells {
                NeighborProblem::OutOfRange
            } else if neighbor as usize == cell {
                NeighborProblem::Itself
            } else if !distance.is_finite() || distance < 0.0 {
                NeighborProblem::NoDistance
            } else if distance < nearer {
                NeighborProblem::Unsorted
            } else {
                nearer = distance;
                continue;
            };
            return Some((cell, rank, problem));
        }
        let mut ranked: Vec<(u32, usize)> = neighbors.iter().copied().zip(0..).collect();
        ranked.sort_unstable();
        let repeated = ranked.windows(2).filter(|pair| pair[0].0 == pair[1].0);
        let rank = repeated.map(|pair| pair[1].1).min()?;
        Some((cell, rank, NeighborProblem::Repeated))
    }
}
