//! Harmony: removes differences between batches from an embedding.
//!
//! Korsunsky et al. 2019, "Fast, sensitive and accurate integration of single-cell data with
//! Harmony", Nature Methods 16. Own code, written from the equations of the paper.

mod fit;
mod mixture;
mod offsets;
mod start;

use crate::{PreprocessError, Result};
use mixture::Mixture;
use offsets::Offsets;
use serde::{Deserialize, Serialize};

/// Parameters of [`Harmony::fit`](HarmonyParams::fit). The defaults are the authors'.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HarmonyParams {
    /// Soft clusters; `None` for one per 30 cells and at most 100.
    pub n_clusters: Option<usize>,
    /// Strength of the penalty on clusters in which batches are missing; 0 for none.
    pub theta: f64,
    /// Softness of the clusters.
    pub sigma: f64,
    /// Ridge penalty on the offsets of batches. A cluster that holds few cells of a batch shifts
    /// them less.
    pub lambda: f64,
    /// Most rounds of clustering and correction.
    pub max_rounds: usize,
    /// Seed of the first clusters and of the order in which cells are assigned.
    pub seed: u64,
}

impl Default for HarmonyParams {
    fn default() -> Self {
        Self { n_clusters: None, theta: 2.0, sigma: 0.1, lambda: 1.0, max_rounds: 10, seed: 0 }
    }
}

/// A fitted correction, for the cells of the fit and for new cells.
///
/// A round has two steps. The first finds soft clusters of the directions `u_i = z_i / |z_i|`. In
/// every cluster the batches should have the same proportions as in all cells:
///
/// `r_ik ~ exp(-2 (1 - y_k . u_i) / sigma) ((E_kb + 1) / (O_kb + 1))^theta`, rows summing to 1,
///
/// with unit centroids `y_k ~ sum_i r_ik u_i`. Cluster k holds `O_kb = sum_{i in b} r_ik` cells of
/// the cell's batch b, and `E_kb = P_b sum_i r_ik` are expected from the share `P_b` of that batch.
/// The second step estimates, within a cluster, the offset `w_kb` of each batch from the others: by
/// ridge regression of the embedding before any correction, `x`, on an intercept and the batches:
///
/// `min sum_i r_ik |x_i - m_k - w_{k b(i)}|^2 + lambda sum_b |w_kb|^2`
///
/// and subtracts it, `z_i = x_i - sum_k r_ik w_{k b(i)}`. The next round clusters the corrected
/// cells. A type that occurs in only one batch is shifted little, because its clusters hold no
/// other batch. Batches so distant that no soft cluster reaches both stay separate.
///
/// The correction stores the centroids, proportions, means and offsets of every round. New cells go
/// through the same rounds as the cells of the fit. Cells of a new batch are assigned by similarity
/// alone, and lose the difference between their mean and the `m_k` of the fit (Kang et al. 2021,
/// Symphony).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Harmony {
    n_dims: usize,
    n_batches: usize,
    rounds: Vec<Round>,
}

/// One round of a correction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Round {
    mixture: Mixture,
    offsets: Offsets,
}

impl Harmony {
    /// Number of dimensions.
    pub fn n_dims(&self) -> usize {
        self.n_dims
    }

    /// Number of batches of the fit.
    pub fn n_batches(&self) -> usize {
        self.n_batches
    }

    /// Corrects cells, row-major `n x n_dims`. Cells of the fit get the same result as in the fit.
    /// Batches from [`n_batches`](Self::n_batches) on are new. The offset of a new batch is
    /// estimated from its cells in `x`; the result of all other cells depends on that cell alone.
    ///
    /// # Errors
    /// [`PreprocessError::Shape`] unless there is one batch per row;
    /// [`PreprocessError::NotFinite`].
    pub fn transform(&self, x: &[f32], batches: &[usize]) -> Result<Vec<f32>> {
        check(x, self.n_dims, batches)?;
        let last = batches.iter().max().map_or(0, |b| b + 1);
        let n_new = last.saturating_sub(self.n_batches);
        let mut corrected = x.to_vec();
        for Round { mixture, offsets } in &self.rounds {
            let memberships = mixture.memberships(&directions(&corrected, self.n_dims), batches);
            let new = offsets.of_new(x, self.n_dims, (batches, n_new), &memberships);
            corrected = offsets.subtract(x, self.n_dims, (batches, &new), &memberships);
        }
        Ok(corrected)
    }

    /// Whether the parts match each other and `n_dims`. A damaged file may break this.
    pub fn fits(&self, n_dims: usize) -> bool {
        self.n_dims == n_dims
            && self.rounds.iter().all(|Round { mixture, offsets }| {
                mixture.fits(n_dims, self.n_batches)
                    && offsets.fits(mixture.n_clusters(), n_dims, self.n_batches)
            })
    }
}

/// Checks that rows and batches match and that all values are finite.
fn check(x: &[f32], n_dims: usize, batches: &[usize]) -> Result<()> {
    let shape = |what, expected, found| Err(PreprocessError::Shape { what, expected, found });
    if n_dims == 0 || !x.len().is_multiple_of(n_dims) {
        return shape("coordinates of cells", n_dims, x.len());
    }
    if x.len() / n_dims != batches.len() {
        return shape("batches of cells", x.len() / n_dims, batches.len());
    }
    match x.iter().position(|v| !v.is_finite()) {
        Some(p) => {
            Err(PreprocessError::NotFinite { row: p / n_dims, col: p % n_dims, value: x[p] })
        }
        None => Ok(()),
    }
}

/// Rows scaled to length 1; a zero row stays zero.
fn directions(x: &[f32], n_dims: usize) -> Vec<f32> {
    let mut unit = x.to_vec();
    unit.chunks_exact_mut(n_dims).for_each(to_unit);
    unit
}

fn to_unit(row: &mut [f32]) {
    let norm = row.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>().sqrt();
    if norm > 0.0 {
        row.iter_mut().for_each(|v| *v = (f64::from(*v) / norm) as f32);
    }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}
