//! Edge perturbation: a view of the graph without its least similar edges.

use super::Graph;
use crate::{CoreError, Result};

const OPERATION: &str = "Graph::drop_dissimilar";

impl Graph {
    /// The graph without the `fraction` of its edges (rounded to the nearest number) whose ends are
    /// least similar by the cosine of their embeddings (section [3.2], edge perturbation). Every
    /// node keeps its most similar edge, so fewer edges may be dropped.
    ///
    /// A zero embedding has the cosine 0 with every other. Of equally similar edges, the one with
    /// the lower node numbers is dropped, or kept, first.
    ///
    /// # Shapes
    /// - embedding: `[n_nodes, n_dims]`, row-major
    ///
    /// # Errors
    /// [`CoreError::Shape`] when the embedding does not have a row per node;
    /// [`CoreError::Parameter`] when a value of it is not finite or `fraction` is not in `0..=1`.
    ///
    /// [3.2]: https://github.com/morula-bio/morula/blob/main/docs/models/scsiameseclu.md#3-2
    pub fn drop_dissimilar(&self, embedding: &[f32], n_dims: usize, fraction: f64) -> Result<Self> {
        if !(0.0..=1.0).contains(&fraction) {
            let needed = "give a share of the edges, 0 to 1";
            return Err(CoreError::parameter(OPERATION, "fraction", fraction, needed));
        }
        let similarity = self.edge_similarity(embedding, n_dims)?;
        let edges: Vec<(usize, usize)> = self.edges().collect();

        let mut order: Vec<usize> = (0..edges.len()).collect();
        // Stable, so that ties stay in the order of the nodes.
        order.sort_by(|&a, &b| similarity[a].total_cmp(&similarity[b]));
        let n_dropped = (fraction * edges.len() as f64).round() as usize;
        let mut kept = vec![true; edges.len()];
        for &edge in &order[..n_dropped.min(edges.len())] {
            kept[edge] = false;
        }
        for edge in self.most_similar(&edges, &similarity) {
            kept[edge] = true;
        }
        let kept = edges.into_iter().zip(kept).filter_map(|(edge, kept)| kept.then_some(edge));
        Self::from_edges(self.n_nodes(), kept)
    }

    /// Cosine of the embeddings at both ends of every edge, in the order of [`edges`](Self::edges);
    /// 0 where an embedding is zero.
    ///
    /// # Shapes
    /// - embedding: `[n_nodes, n_dims]`, row-major
    /// - output: `[n_edges]`
    ///
    /// # Errors
    /// [`CoreError::Shape`] when the embedding does not have a row per node;
    /// [`CoreError::Parameter`] when a value of it is not finite.
    pub fn edge_similarity(&self, embedding: &[f32], n_dims: usize) -> Result<Vec<f64>> {
        if Some(embedding.len()) != self.n_nodes().checked_mul(n_dims) {
            let expected = format!("[n_nodes * n_dims] = [{} * {n_dims}]", self.n_nodes());
            return Err(CoreError::shape(OPERATION, "embedding", &[embedding.len()], expected));
        }
        if let Some(value) = embedding.iter().find(|value| !value.is_finite()) {
            let needed = "cosines need finite values";
            return Err(CoreError::parameter(OPERATION, "embedding", value, needed));
        }
        let row = |i: usize| &embedding[i * n_dims..(i + 1) * n_dims];
        let dot = |a: &[f32], b: &[f32]| -> f64 {
            a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
        };
        let norms: Vec<f64> = (0..self.n_nodes()).map(|i| dot(row(i), row(i)).sqrt()).collect();
        let cosine = |(i, j): (usize, usize)| {
            let norm = norms[i] * norms[j];
            if norm > 0.0 { dot(row(i), row(j)) / norm } else { 0.0 }
        };
        Ok(self.edges().map(cosine).collect())
    }

    /// The most similar edge of every node that has one.
    fn most_similar(
        &self,
        edges: &[(usize, usize)],
        similarity: &[f64],
    ) -> impl Iterator<Item = usize> {
        let mut best: Vec<Option<usize>> = vec![None; self.n_nodes()];
        for (edge, &(i, j)) in edges.iter().enumerate() {
            for node in [i, j] {
                if best[node].is_none_or(|best| similarity[edge] > similarity[best]) {
                    best[node] = Some(edge);
                }
            }
        }
        best.into_iter().flatten()
    }
}
