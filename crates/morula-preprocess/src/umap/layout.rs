//! Stochastic gradient descent on the layout.

use super::curve::Curve;
use crate::fast_math::pow;
use morula_data::CsrMatrix;
use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// Random points that repel, for every neighbour that attracts.
const NEGATIVE_SAMPLES: usize = 5;
/// Largest move of a coordinate in one step at the full rate.
const CLIP: f32 = 4.0;
/// Keeps the repulsion finite where two points coincide.
const NEAREST: f32 = 1e-3;

/// An edge and the epoch in which it is next due.
struct Edge {
    ends: [u32; 2],
    period: f32,
    due: f32,
}

/// Moves the points along the gradient of the cross-entropy (appendix C of the paper). An edge of
/// weight w attracts in `epochs w / w_max` epochs, at a rate that falls from 1 to 0.
pub(super) fn optimize(
    places: &mut [[f32; 2]],
    graph: &CsrMatrix,
    curve: Curve,
    epochs: usize,
    rng: &mut ChaCha8Rng,
) {
    let mut edges = schedule(graph, epochs);
    let forces = Forces { a: curve.a as f32, b: curve.b as f32 };
    let n = places.len() as u64;
    for epoch in 0..epochs {
        let rate = 1.0 - epoch as f32 / epochs as f32;
        for edge in edges.iter_mut().filter(|edge| edge.due <= epoch as f32) {
            let [i, j] = edge.ends.map(|end| end as usize);
            let pull = forces.pull(places[i], places[j]);
            for c in 0..2 {
                places[i][c] += rate * pull[c];
                places[j][c] -= rate * pull[c];
            }
            edge.due += edge.period;
            for _ in 0..NEGATIVE_SAMPLES {
                let other = ((u64::from(rng.next_u32()) * n) >> 32) as usize;
                if other != i {
                    let push = forces.push(places[i], places[other]);
                    (0..2).for_each(|c| places[i][c] += rate * push[c]);
                }
            }
        }
    }
}

/// Edges that are due at least once, in the order of their rows.
fn schedule(graph: &CsrMatrix, epochs: usize) -> Vec<Edge> {
    let largest = graph.data().iter().copied().fold(0.0, f32::max);
    let mut edges = Vec::with_capacity(graph.nnz());
    for (i, (near, weights)) in graph.rows().enumerate() {
        for (&j, &w) in near.iter().zip(weights) {
            let period = largest / w;
            if period <= epochs as f32 {
                edges.push(Edge { ends: [i as u32, j], period, due: period });
            }
        }
    }
    edges
}

/// The forces on a point, as vectors.
struct Forces {
    a: f32,
    b: f32,
}

impl Forces {
    /// `-2 a b d^{2(b-1)} / (1 + a d^{2b}) (y - z)`.
    fn pull(&self, y: [f32; 2], z: [f32; 2]) -> [f32; 2] {
        let (apart, square) = apart(y, z);
        if square <= 0.0 {
            return [0.0; 2];
        }
        let power = pow(square, self.b);
        let force = -2.0 * self.a * self.b * power / (square * (self.a * power + 1.0));
        apart.map(|v| (force * v).clamp(-CLIP, CLIP))
    }

    /// `2 b / ((0.001 + d^2) (1 + a d^{2b})) (y - z)`.
    fn push(&self, y: [f32; 2], z: [f32; 2]) -> [f32; 2] {
        let (apart, square) = apart(y, z);
        if square <= 0.0 {
            return [0.0; 2];
        }
        let power = pow(square, self.b);
        let force = 2.0 * self.b / ((NEAREST + square) * (self.a * power + 1.0));
        apart.map(|v| (force * v).clamp(-CLIP, CLIP))
    }
}

fn apart(y: [f32; 2], z: [f32; 2]) -> ([f32; 2], f32) {
    let apart = [y[0] - z[0], y[1] - z[1]];
    (apart, apart[0] * apart[0] + apart[1] * apart[1])
}
