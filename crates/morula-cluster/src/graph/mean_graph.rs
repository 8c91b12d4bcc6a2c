//! The mean of several graphs.

use morula_data::CsrMatrix;

use crate::Result;
use crate::error::require;

/// The mean of symmetric graphs of the same vertices. An edge that a graph lacks has weight 0 in
/// it. Edges in all graphs stay strong; edges in a single graph grow weak.
///
/// ```
/// use morula_cluster::mean_graph;
/// use morula_data::CsrMatrix;
///
/// let joined = CsrMatrix::from_dense(2, 2, &[0., 1., 1., 0.])?;
/// let apart = CsrMatrix::from_dense(2, 2, &[0.; 4])?;
/// assert_eq!(mean_graph(&[joined, apart])?.to_dense(), [0., 0.5, 0.5, 0.]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`ClusterError::Parameter`](crate::ClusterError::Parameter) for no graph, or graphs of different
/// shapes.
pub fn mean_graph(graphs: &[CsrMatrix]) -> Result<CsrMatrix> {
    let shape = |g: &CsrMatrix| (g.n_rows(), g.n_cols());
    let shapes: Vec<_> = graphs.iter().map(shape).collect();
    let alike = !graphs.is_empty() && shapes.windows(2).all(|s| s[0] == s[1]);
    require("graphs", format!("{shapes:?}"), alike, "give at least one, all of one shape")?;
    let (n_rows, n_cols) = shapes[0];
    let share = 1.0 / graphs.len() as f32;
    let (mut indptr, mut indices, mut data) = (vec![0], Vec::new(), Vec::new());
    let mut row: Vec<(u32, f32)> = Vec::new();
    for i in 0..n_rows {
        row.clear();
        for (columns, weights) in graphs.iter().map(|g| g.row(i)) {
            row.extend(columns.iter().zip(weights).map(|(&j, &w)| (j, w * share)));
        }
        row.sort_by_key(|edge| edge.0);
        for edges in row.chunk_by(|a, b| a.0 == b.0) {
            indices.push(edges[0].0);
            data.push(edges.iter().map(|edge| edge.1).sum());
        }
        indptr.push(indices.len());
    }
    Ok(CsrMatrix::new(n_rows, n_cols, indptr, indices, data)
        .unwrap_or_else(|_| unreachable!("indices come from matrices of the same shape")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(dense: &[f32]) -> CsrMatrix {
        CsrMatrix::from_dense(2, 2, dense).unwrap()
    }

    #[test]
    fn weights_are_averaged_and_missing_edges_count_as_0() {
        let mean = mean_graph(&[graph(&[0., 1., 1., 0.]), graph(&[0.; 4])]).unwrap();
        assert_eq!(mean.to_dense(), [0.0, 0.5, 0.5, 0.0]);
        let one = graph(&[0., 3., 3., 0.]);
        assert_eq!(mean_graph(std::slice::from_ref(&one)).unwrap(), one);
    }

    #[test]
    fn no_graph_and_graphs_of_different_shapes_are_refused() {
        assert!(mean_graph(&[]).is_err());
        assert!(mean_graph(&[graph(&[0.; 4]), CsrMatrix::default()]).is_err());
    }
}
