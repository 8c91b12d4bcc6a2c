//! Whether the cells of a label are connected.

use super::KnnGraph;
use crate::{Result, labels::class_sizes};

impl KnnGraph<'_> {
    /// Graph connectivity: the mean over the labels of the share of a label's cells in their
    /// largest connected component, in `(0, 1]`.
    ///
    /// `GC = 1/L sum_l |LCC(G_l)| / |G_l|`, where `G_l` has the cells of label `l` and the edges
    /// among them. Two cells have an edge when one is a neighbour of the other, as in scanpy's
    /// graph. A label with one cell is connected. Time O(n k log n), memory O(n) (Luecken et al.
    /// 2022; scib-metrics takes strongly connected components of the directed graph instead, which
    /// are never larger).
    ///
    /// # Errors
    /// [`MetricsError::LabelCount`](crate::MetricsError::LabelCount) unless there is one label per
    /// cell.
    pub fn graph_connectivity<T: Ord>(&self, labels: &[T]) -> Result<f64> {
        let (label_of, n_labels) = self.encode(labels)?;
        let mut parent: Vec<usize> = (0..self.n_cells()).collect();
        for cell in 0..self.n_cells() {
            let neighbors = self.neighbors(cell).iter().map(|&j| j as usize);
            for neighbor in neighbors.filter(|&j| label_of[j] == label_of[cell]) {
                let (a, b) = (root(&mut parent, cell), root(&mut parent, neighbor));
                parent[a.max(b)] = a.min(b);
            }
        }
        let component_of: Vec<usize> = (0..self.n_cells()).map(|i| root(&mut parent, i)).collect();
        let mut largest = vec![0; n_labels];
        for (cell, size) in class_sizes(&component_of, self.n_cells()).into_iter().enumerate() {
            let of_label = &mut largest[label_of[cell]];
            *of_label = size.max(*of_label);
        }
        let sizes = class_sizes(&label_of, n_labels);
        let shares = largest.iter().zip(&sizes).map(|(&part, &size)| part as f64 / size as f64);
        Ok(shares.sum::<f64>() / n_labels as f64)
    }
}

/// First cell of a cell's component so far. Every second cell on the way is linked past its parent.
fn root(parent: &mut [usize], mut cell: usize) -> usize {
    while parent[cell] != cell {
        parent[cell] = parent[parent[cell]];
        cell = parent[cell];
    }
    cell
}
