//! Weights of neighbours: the fuzzy graph of UMAP.

use crate::Neighbors;
use morula_data::CsrMatrix;

/// Most halvings in the search for the scale of a cell, and the tolerance of its goal.
const MAX_STEPS: usize = 64;
const TOLERANCE: f64 = 1e-5;

/// A scale is at least this share of the mean distance.
const MIN_SCALE: f64 = 1e-3;

impl Neighbors {
    /// Membership of every neighbour, 0 to 1, row-major `n x k` like the neighbours (McInnes, Healy
    /// and Melville 2018, section 3.1).
    ///
    /// Point j belongs to the neighbourhood of i with
    /// `w_ij = exp(-max(0, d_ij - rho_i) / sigma_i)`. Here rho_i is the distance to the nearest
    /// other point, and sigma_i solves `sum_j w_ij = log2(k + 1)`. Memberships in different spaces
    /// are therefore comparable.
    pub fn memberships(&self) -> Vec<f64> {
        let k = self.k.max(1);
        let total: f64 = self.distances.iter().copied().map(f64::from).sum();
        // The cell itself, at distance 0, counts in the mean.
        let mean = total / (self.n_queries() * (k + 1)).max(1) as f64;
        self.distances.chunks(k).flat_map(|distances| memberships(distances, mean)).collect()
    }

    /// UMAP's fuzzy union of the neighbourhoods, symmetric, without self loops: scanpy's
    /// `connectivities`. The two [`memberships`](Self::memberships) of a pair are combined as
    /// `w + w' - w w'`.
    ///
    /// scanpy counts a cell among its own `n_neighbors`, so 15 in scanpy are `k = 14` here. The
    /// neighbours must come from one point set, as [`neighbors`](crate::neighbors) finds them.
    pub fn fuzzy_connectivities(&self) -> CsrMatrix {
        let (n, k) = (self.n_points, self.k.max(1));
        let mut rows: Vec<Vec<(u32, f64)>> = vec![Vec::with_capacity(2 * k); n];
        let memberships = self.memberships();
        let cells = self.indices.chunks(k).zip(memberships.chunks(k));
        for (i, (near, weights)) in cells.enumerate().take(n) {
            let others = near.iter().zip(weights).filter(|(j, _)| **j as usize != i);
            for (&j, &weight) in others {
                rows[i].push((j, weight));
                rows[j as usize].push((i as u32, weight));
            }
        }
        let (mut indptr, mut indices, mut data) = (vec![0], Vec::new(), Vec::new());
        for mut row in rows {
            row.sort_by_key(|edge| edge.0);
            for edges in row.chunk_by(|a, b| a.0 == b.0) {
                // The probability of an edge in neither neighbourhood is prod (1 - w).
                let apart: f64 = edges.iter().map(|edge| 1.0 - edge.1).product();
                indices.push(edges[0].0);
                data.push((1.0 - apart) as f32);
            }
            indptr.push(indices.len());
        }
        CsrMatrix::new(n, n, indptr, indices, data)
            .unwrap_or_else(|_| unreachable!("indices are below the number of points"))
    }
}

/// Weights of the neighbours of one cell, nearest first. `mean` is the mean distance of all cells.
fn memberships(distances: &[f32], mean: f64) -> Vec<f64> {
    let distances: Vec<f64> = distances.iter().copied().map(f64::from).collect();
    let rho = distances.iter().copied().find(|d| *d > 0.0).unwrap_or(0.0);
    let weight = |d: f64, sigma: f64| if d > rho { (-(d - rho) / sigma).exp() } else { 1.0 };
    let goal = (distances.len() as f64 + 1.0).log2();

    let (mut low, mut high, mut sigma) = (0.0, f64::INFINITY, 1.0);
    for _ in 0..MAX_STEPS {
        let sum: f64 = distances.iter().map(|&d| weight(d, sigma)).sum();
        if (sum - goal).abs() < TOLERANCE {
            break;
        }
        if sum > goal {
            high = sigma;
        } else {
            low = sigma;
        }
        sigma = if high.is_infinite() { 2.0 * sigma } else { (low + high) / 2.0 };
    }
    let own = distances.iter().sum::<f64>() / (distances.len() as f64 + 1.0);
    let floor = MIN_SCALE * if rho > 0.0 { own } else { mean };
    let sigma = sigma.max(floor);
    distances.iter().map(|&d| if sigma > 0.0 { weight(d, sigma) } else { 1.0 }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::neighbors;

    #[test]
    fn weights_of_a_cell_sum_to_the_goal_and_fall() {
        let weights = memberships(&[1.0, 1.5, 2.0, 4.0, 7.0, 7.5, 9.0], 3.0);
        let sum: f64 = weights.iter().sum();
        assert!((sum - 3.0).abs() < 2e-5, "{sum}");
        assert_eq!(weights[0], 1.0);
        assert!(weights.windows(2).all(|w| w[0] > w[1]));
    }

    #[test]
    fn both_directions_are_joined() {
        // k = 1: the goal is log2(2) = 1, which the nearest alone meets.
        let graph = neighbors(&[0.0, 1.0, 3.0], 1, 1).unwrap().fuzzy_connectivities();
        assert_eq!(graph.to_dense(), [0., 1., 0., 1., 0., 1., 0., 1., 0.]);
    }

    #[test]
    fn the_graph_is_symmetric_and_within_0_and_1() {
        let x: Vec<f32> = (0..60).map(|i| ((i * 37) % 61) as f32 + 0.1 * i as f32).collect();
        let graph = neighbors(&x, 2, 5).unwrap().fuzzy_connectivities();
        let dense = graph.to_dense();
        let n = graph.n_rows();
        for i in 0..n {
            assert_eq!(dense[i * n + i], 0.0);
            assert!((0..n).all(|j| dense[i * n + j] == dense[j * n + i]));
        }
        assert!(graph.data().iter().all(|w| *w > 0.0 && *w <= 1.0));
    }

    #[test]
    fn identical_points_are_joined_fully() {
        let graph = neighbors(&[2.0; 4], 1, 2).unwrap().fuzzy_connectivities();
        assert!(graph.data().iter().all(|w| *w == 1.0));
        assert_eq!(neighbors(&[1.0], 1, 3).unwrap().fuzzy_connectivities().nnz(), 0);
    }
}
