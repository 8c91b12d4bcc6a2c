//! Harmony: differences between batches taken out of an embedding.
//!
//! Korsunsky et al. 2019, "Fast, sensitive and accurate integration of single-cell data with
//! Harmony", Nature Methods 16; written from its equations.

mod fit;
mod mixture;
mod offsets;
mod start;

use crate::{PreprocessError, Result};
use mixture::Mixture;
use offsets::Offsets;
use serde::{Deserialize, Serialize};

/// Parameters of [`Harmony::fit`](HarmonyParams::fit); the defaults are the authors'.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HarmonyParams {
    /// Soft clusters; none for one per 30 cells and at most 100.
    pub n_clusters: Option<usize>,
    /// How strongly clusters are made to hold every batch: 0 not at all.
    pub theta: f64,
    /// How soft clusters are.
    pub sigma: f64,
    /// Ridge penalty on the offsets of batches: clusters that hold few cells of a batch shift them
    /// less.
    pub lambda: f64,
    /// Rounds of clustering and correction, at most.
    pub max_rounds: usize,
    /// Seed of the first clusters, and of the order in which cells are assigned.
    pub seed: u64,
}

impl Default for HarmonyParams {
    fn default() -> Self {
        Self { n_clusters: None, theta: 2.0, sigma: 0.1, lambda: 1.0, max_rounds: 10, seed: 0 }
    }
}

/// A fitted correction, for the cells of the fit and new ones of the same batches.
///
/// A round finds soft clusters of the directions `u_i = z_i / |z_i|`, every one of which is to hold
/// the batches in the proportions of all cells:
///
/// `r_ik ~ exp(-2 (1 - y_k . u_i) / sigma) ((E_kb + 1) / (O_kb + 1))^theta`, rows summing to 1,
///
/// with unit centroids `y_k ~ sum_i r_ik u_i`, the cells `O_kb = sum_{i in b} r_ik` that cluster k
/// holds of batch b, the cell's own, and `E_kb = P_b sum_i r_ik` expected by the share `P_b` of the
/// batch. Within a cluster, cells of one batch differ from the others by an offset `w_kb`, by ridge
/// regression of the embedding before any correction, `x`, on an intercept and the batches:
///
/// `min sum_i r_ik |x_i - m_k - w_{k b(i)}|^2 + lambda sum_b |w_kb|^2`
///
/// and lose it, `z_i = x_i - sum_k r_ik w_{k b(i)}`. Then the next round looks at those. A type that
/// only one batch has is shifted little: it has clusters of its own, in which nothing is to be
/// told apart. Batches that are so far from each other that no soft cluster reaches both stay so.
///
/// The correction keeps the centroids, proportions, means and offsets of every round, and new
/// cells go through them as those of the fit did. Those of a batch that the fit did not see are
/// assigned by nearness alone, and lose what their mean differs from the `m_k` of the fit (Kang et
/// al. 2021, Symphony).
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

    /// Corrects cells, row-major `n x n_dims`, those of the fit as they were then. Batches from
    /// [`n_batches`](Self::n_batches) on are new ones: what sets such a batch apart is estimated
    /// from its cells here, whereas the other cells do not hang on their company.
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

    /// Whether the parts fit each other and `n_dims` dimensions, as they may not after reading a
    /// damaged file.
    pub fn fits(&self, n_dims: usize) -> bool {
        self.n_dims == n_dims
            && self.rounds.iter().all(|Round { mixture, offsets }| {
                mixture.fits(n_dims, self.n_batches)
                    && offsets.fits(mixture.n_clusters(), n_dims, self.n_batches)
            })
    }
}

/// Refuses rows and batches that do not belong together.
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

/// Rows at length 1; a zero row stays zero.
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
