//! The pairs of cells in the structure loss.

use burn::tensor::{Tensor, TensorCreationOptions, TensorData};
use rand::Rng;
use rand::seq::index;

use super::{Graph, SparseTensor};
use crate::{CoreError, Result};

/// Pairs of cells (i, j) with their target S_ij and a weight: all stored entries of the normalised
/// adjacency (edges and diagonal), and a sample of the other pairs.
///
/// Cell i has `n - 1 - degree_i` non-neighbours, of which `m_i = min(m, n - 1 - degree_i)`
/// different ones are drawn. With the weight `(n - 1 - degree_i) / m_i` each, any sum over the
/// sampled pairs has the expectation of the sum over all.
#[derive(Debug, Clone)]
pub struct StructureSample {
    /// Gathers the rows of the first cells, `[pairs, n]`.
    pub(super) first: SparseTensor,
    /// Gathers the rows of the second cells.
    pub(super) second: SparseTensor,
    /// S_ij, `[pairs, 1]`.
    pub(super) target: Tensor<2>,
    /// Number of ordered pairs that a pair represents, as a share of all n^2, `[pairs, 1]`.
    pub(super) weight: Tensor<2>,
}

impl StructureSample {
    /// Draws `m` non-neighbours of every cell, or all of them where there are fewer.
    ///
    /// `options` is a device, or a device and a float type: `(&device, DType::F64)`.
    ///
    /// # Errors
    /// [`CoreError::Parameter`] when `m` is 0, and from 2^31 pairs on.
    pub fn draw(
        graph: &Graph,
        m: usize,
        rng: &mut impl Rng,
        options: impl Into<TensorCreationOptions>,
    ) -> Result<Self> {
        if m == 0 {
            let needed = "without a non-edge per cell the loss would be biased; give at least 1";
            return Err(CoreError::parameter("StructureSample", "m", m, needed));
        }
        Self::collect(graph, options, |n| {
            let mut ranks = index::sample(rng, n, m.min(n)).into_vec();
            ranks.sort_unstable();
            ranks
        })
    }

    /// All pairs, for small graphs: the loss is then exact, at a cost of n^2.
    ///
    /// # Errors
    /// [`CoreError::Parameter`] from 2^31 pairs on.
    pub fn all(graph: &Graph, options: impl Into<TensorCreationOptions>) -> Result<Self> {
        Self::collect(graph, options, |n| (0..n).collect())
    }

    /// Number of pairs.
    pub fn n_pairs(&self) -> usize {
        self.first.n_rows()
    }

    /// `choose` selects some of the n non-neighbours of a cell, in ascending order.
    fn collect(
        graph: &Graph,
        options: impl Into<TensorCreationOptions>,
        mut choose: impl FnMut(usize) -> Vec<usize>,
    ) -> Result<Self> {
        let n = graph.n_nodes();
        let all = (n as f64).powi(2);
        let s = graph.normalized();
        let mut pairs = Pairs::default();
        for (i, bounds) in s.indptr.windows(2).enumerate() {
            let stored = &s.indices[bounds[0]..bounds[1]];
            for (&j, &value) in stored.iter().zip(&s.values[bounds[0]..bounds[1]]) {
                match j as usize {
                    j if j == i => pairs.push(i, j, value, 1.0 / all),
                    // Represents (j, i) too.
                    j if j > i => pairs.push(i, j, value, 2.0 / all),
                    _ => {}
                }
            }
            let others = n - stored.len();
            let chosen = choose(others);
            let weight = others as f64 / chosen.len() as f64 / all;
            // Turns the rank among the non-neighbours into a cell, by skipping the stored cells.
            let mut skipped = 0;
            for rank in chosen {
                while stored.get(skipped).is_some_and(|&j| j as usize <= rank + skipped) {
                    skipped += 1;
                }
                pairs.push(i, rank + skipped, 0.0, weight);
            }
        }
        pairs.upload(n, options.into())
    }
}

/// The pairs on the host.
#[derive(Default)]
struct Pairs {
    first: Vec<usize>,
    second: Vec<usize>,
    target: Vec<f64>,
    weight: Vec<f64>,
}

impl Pairs {
    fn push(&mut self, i: usize, j: usize, target: f64, weight: f64) {
        self.first.push(i);
        self.second.push(j);
        self.target.push(target);
        self.weight.push(weight);
    }

    fn upload(self, n: usize, options: TensorCreationOptions) -> Result<StructureSample> {
        let device = options.device.clone().inner();
        let options = options.with_device(device);
        let column = |values: Vec<f64>| {
            let shape = [values.len(), 1];
            Tensor::from_data(TensorData::new(values, shape), options.clone())
        };
        Ok(StructureSample {
            first: SparseTensor::selection(&self.first, n, options.clone())?,
            second: SparseTensor::selection(&self.second, n, options.clone())?,
            target: column(self.target),
            weight: column(self.weight),
        })
    }
}
