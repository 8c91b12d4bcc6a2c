//! Exact neighbours of small inputs, by definition.

use morula_metrics::KnnGraph;

/// Neighbours as the crate takes them.
pub struct Found {
    k: usize,
    indices: Vec<u32>,
    distances: Vec<f32>,
}

impl Found {
    /// The `k` nearest of the cells that `allowed(cell, other)` allows besides the cell itself; of
    /// equally near cells, the first.
    pub fn among(
        x: &[f32],
        n_dims: usize,
        k: usize,
        allowed: impl Fn(usize, usize) -> bool,
    ) -> Self {
        let rows: Vec<&[f32]> = x.chunks_exact(n_dims).collect();
        let (mut indices, mut distances) = (Vec::new(), Vec::new());
        for i in 0..rows.len() {
            let others = (0..rows.len()).filter(|&j| j != i && allowed(i, j));
            let mut row: Vec<(f32, u32)> =
                others.map(|j| (distance(rows[i], rows[j]), j as u32)).collect();
            row.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            assert!(row.len() >= k, "cell {i} has {} candidates", row.len());
            indices.extend(row[..k].iter().map(|other| other.1));
            distances.extend(row[..k].iter().map(|other| other.0));
        }
        Self { k, indices, distances }
    }

    /// The `k` nearest other cells.
    pub fn new(x: &[f32], n_dims: usize, k: usize) -> Self {
        Self::among(x, n_dims, k, |_, _| true)
    }

    pub fn graph(&self) -> KnnGraph<'_> {
        KnnGraph::new(&self.indices, &self.distances, self.k).unwrap()
    }

    /// The neighbours of every cell.
    pub fn rows(&self) -> impl Iterator<Item = (&[u32], &[f32])> {
        self.indices.chunks_exact(self.k).zip(self.distances.chunks_exact(self.k))
    }

    /// The same graph when cell `i` of the new order is cell `order[i]` of this one.
    pub fn reordered(&self, order: &[usize]) -> Self {
        let mut place = vec![0; order.len()];
        order.iter().enumerate().for_each(|(new, &old)| place[old] = new as u32);
        let row = |old: usize| old * self.k..(old + 1) * self.k;
        Self {
            k: self.k,
            indices: order
                .iter()
                .flat_map(|&old| &self.indices[row(old)])
                .map(|&j| place[j as usize])
                .collect(),
            distances: order.iter().flat_map(|&old| &self.distances[row(old)]).copied().collect(),
        }
    }
}

fn distance(a: &[f32], b: &[f32]) -> f32 {
    let squares = a.iter().zip(b).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2));
    squares.sum::<f64>().sqrt() as f32
}
