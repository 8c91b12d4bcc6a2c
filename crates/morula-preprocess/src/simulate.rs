//! Simulated counts with known types.

use crate::{PreprocessError, Result};
use morula_data::{CountMatrix, CsrMatrix};
use rand::{RngExt, SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Gamma, LogNormal, Poisson};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Parameters of [`simulate`].
///
/// The defaults give a problem of medium difficulty: k-means on 10 principal components finds the
/// types with an ARI of 0.91 to 0.96.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SimulateParams {
    /// Number of cells.
    pub cells: usize,
    /// Number of genes.
    pub genes: usize,
    /// Number of cell types.
    pub types: usize,
    /// Size of each type relative to the type before it, above 0; 1 for equal types.
    pub type_ratio: f64,
    /// Marker genes per type, without overlap between types.
    pub markers: usize,
    /// Median fold change of a marker in its type.
    pub fold_change: f64,
    /// Mean total count of a cell before dropout.
    pub library_size: f64,
    /// Standard deviation of the log library size.
    pub library_sd: f64,
    /// Standard deviation of the log gene means.
    pub gene_sd: f64,
    /// Dispersion of the negative binomial: variance = mu + dispersion mu^2. 0 for Poisson.
    pub dispersion: f64,
    /// Probability, 0 to below 1, that a count is lost.
    pub dropout: f64,
    /// Number of batches; 1 for none.
    pub batches: usize,
    /// Standard deviation of the log factor of each batch on each gene.
    pub batch_sd: f64,
    /// Seed. The same seed gives the same counts for any number of threads.
    pub seed: u64,
}

impl Default for SimulateParams {
    fn default() -> Self {
        Self {
            cells: 1000,
            genes: 2000,
            types: 5,
            type_ratio: 0.75,
            markers: 40,
            fold_change: 3.0,
            library_size: 2000.0,
            library_sd: 0.4,
            gene_sd: 1.2,
            dispersion: 0.5,
            dropout: 0.1,
            batches: 1,
            batch_sd: 0.3,
            seed: 0,
        }
    }
}

/// Simulated counts with their types, batches and markers.
#[derive(Debug, Clone, PartialEq)]
pub struct Simulated {
    /// The counts.
    pub counts: CountMatrix,
    /// Type of every cell, below the number of types.
    pub types: Vec<usize>,
    /// Name of every type.
    pub type_names: Vec<String>,
    /// Batch of every cell, if there is more than one.
    pub batches: Option<Vec<usize>>,
    /// Positions of the marker genes of every type, ascending.
    pub markers: Vec<Vec<usize>>,
}

/// Most cells, and most numbers in the profiles of all types in all batches.
const MAX_CELLS: usize = 100_000_000;
const MAX_PROFILES: usize = 2_000_000_000;

/// Cells that are drawn at once.
const BLOCK: usize = 4096;

/// Log standard deviation of the fold changes of markers around the median.
const FOLD_SD: f64 = 0.3;

impl SimulateParams {
    /// Checks the ranges.
    ///
    /// # Errors
    /// [`PreprocessError::Param`] names the first parameter out of range.
    pub fn check(&self) -> Result<()> {
        let fail = |name, value: String, want| Err(PreprocessError::param(name, value, want));
        if self.types == 0 || self.types > self.cells {
            return fail("types", self.types.to_string(), "from 1 to the number of cells");
        }
        if self.genes == 0 || self.genes > u32::MAX as usize {
            return fail("genes", self.genes.to_string(), "from 1 to 2^32 - 1");
        }
        if self.cells > MAX_CELLS {
            return fail("cells", self.cells.to_string(), "at most 100 million");
        }
        if self.batches == 0 {
            return fail("batches", "0".into(), "1 for no batches");
        }
        if self.batches > self.cells {
            return fail("batches", self.batches.to_string(), "at most the number of cells");
        }
        // The expression of every type in every batch is in memory.
        let profiles = self.types.saturating_mul(self.batches);
        if profiles.saturating_mul(self.genes) > MAX_PROFILES {
            let value = self.batches.to_string();
            return fail("batches", value, "types x batches x genes are at most 2 billion");
        }
        if self.markers.saturating_mul(self.types) > self.genes {
            return fail("markers", self.markers.to_string(), "types x markers fit into the genes");
        }
        if !(0.0..1.0).contains(&self.dropout) {
            return fail("dropout", self.dropout.to_string(), "from 0 to below 1");
        }
        for (name, value) in [
            ("type_ratio", self.type_ratio),
            ("fold_change", self.fold_change),
            ("library_size", self.library_size),
        ] {
            if !(value.is_finite() && value > 0.0) {
                return fail(name, value.to_string(), "finite and above 0");
            }
        }
        for (name, value) in [
            ("library_sd", self.library_sd),
            ("gene_sd", self.gene_sd),
            ("dispersion", self.dispersion),
            ("batch_sd", self.batch_sd),
        ] {
            if !(0.0..=10.0).contains(&value) {
                return fail(name, value.to_string(), "from 0 to 10");
            }
        }
        if self.library_size > 1e7 {
            return fail("library_size", self.library_size.to_string(), "at most 10 million");
        }
        Ok(())
    }

    /// Cells per type: geometric proportions, at least one cell each, by largest remainders.
    fn type_sizes(&self) -> Vec<usize> {
        let weights: Vec<f64> = (0..self.types).map(|t| self.type_ratio.powi(t as i32)).collect();
        let total: f64 = weights.iter().sum();
        let free = (self.cells - self.types) as f64;
        let shares: Vec<f64> = weights.iter().map(|w| free * w / total).collect();
        let mut sizes: Vec<usize> = shares.iter().map(|s| 1 + s.floor() as usize).collect();
        let mut order: Vec<usize> = (0..self.types).collect();
        order.sort_by(|&a, &b| shares[b].fract().total_cmp(&shares[a].fract()));
        let left = self.cells.saturating_sub(sizes.iter().sum());
        order.iter().cycle().take(left).for_each(|&t| sizes[t] += 1);
        sizes
    }
}

/// Draws counts of several cell types.
///
/// `C_ij ~ NB(mean = l_i p_ij, dispersion)`, and each count is lost with probability `dropout`.
/// Library sizes `l_i` are log-normal. `p_i` is the profile of the cell's type and batch:
/// log-normal gene means, with the markers of the type raised by a log-normal factor around
/// `fold_change`, times the factors of the batch, scaled to sum 1. Every cell draws from its own
/// ChaCha stream, so the number of threads changes nothing.
///
/// # Errors
/// [`PreprocessError::Param`] for parameters out of range.
pub fn simulate(params: &SimulateParams) -> Result<Simulated> {
    params.check()?;
    let mut rng = ChaCha8Rng::seed_from_u64(params.seed);
    let base = log_normals(&mut rng, params.gene_sd, params.genes)?;
    let mut genes: Vec<usize> = (0..params.genes).collect();
    genes.shuffle(&mut rng);
    let markers: Vec<Vec<usize>> = (0..params.types)
        .map(|t| {
            let mut own = genes[t * params.markers..(t + 1) * params.markers].to_vec();
            own.sort_unstable();
            own
        })
        .collect();
    let mut types: Vec<usize> = (params.type_sizes().into_iter().enumerate())
        .flat_map(|(t, size)| std::iter::repeat_n(t, size))
        .collect();
    types.shuffle(&mut rng);
    let batches: Vec<usize> =
        (0..params.cells).map(|_| rng.random_range(0..params.batches)).collect();

    let mut by_type = Vec::with_capacity(params.types);
    for own in &markers {
        let mut profile = base.clone();
        for (&j, f) in own.iter().zip(log_normals(&mut rng, FOLD_SD, own.len())?) {
            profile[j] *= params.fold_change * f;
        }
        by_type.push(profile);
    }
    let batch_sd = if params.batches > 1 { params.batch_sd } else { 0.0 };
    let by_batch = (0..params.batches)
        .map(|_| log_normals(&mut rng, batch_sd, params.genes))
        .collect::<Result<Vec<_>>>()?;
    let profiles: Vec<Vec<f64>> =
        (by_type.iter()).flat_map(|t| by_batch.iter().map(move |b| normalized(t, b))).collect();

    let draw = |i: usize| {
        let mut rng = ChaCha8Rng::seed_from_u64(params.seed);
        rng.set_stream(i as u64 + 1);
        cell(&mut rng, params, &profiles[types[i] * params.batches + batches[i]])
    };
    let mut indptr = vec![0];
    let (mut indices, mut data) = (Vec::new(), Vec::new());
    for first in (0..params.cells).step_by(BLOCK) {
        let block = first..params.cells.min(first + BLOCK);
        let rows: Vec<_> = block.into_par_iter().map(draw).collect::<Result<_>>()?;
        for row in rows {
            indices.extend(row.iter().map(|e| e.0));
            data.extend(row.iter().map(|e| e.1));
            indptr.push(data.len());
        }
    }
    let x = CsrMatrix::new(params.cells, params.genes, indptr, indices, data)?;
    let names = |what: &str, n: usize| (0..n).map(|i| format!("{what}{i}")).collect::<Vec<_>>();
    Ok(Simulated {
        counts: CountMatrix::new(x, names("cell", params.cells), names("gene", params.genes))?,
        types,
        type_names: names("type", params.types),
        batches: (params.batches > 1).then_some(batches),
        markers,
    })
}

/// The counts of one cell without zeros.
fn cell(rng: &mut ChaCha8Rng, params: &SimulateParams, profile: &[f64]) -> Result<Vec<(u32, f32)>> {
    // The log mean is shifted so that `library_size` is the mean and not the median.
    let shift = params.library_sd * params.library_sd / 2.0;
    let library = LogNormal::new(params.library_size.ln() - shift, params.library_sd)
        .map_err(|_| distribution("library_sd", params.library_sd))?
        .sample(rng);
    // Gamma-Poisson mixture: a gamma factor of mean 1 and variance `dispersion`.
    let gamma = (params.dispersion > 0.0)
        .then(|| Gamma::new(1.0 / params.dispersion, params.dispersion))
        .transpose()
        .map_err(|_| distribution("dispersion", params.dispersion))?;
    let mut counts = Vec::new();
    for (j, p) in profile.iter().enumerate() {
        let rate = library * p * gamma.map_or(1.0, |g| g.sample(rng));
        let count = match Poisson::new(rate) {
            Ok(poisson) => poisson.sample(rng),
            Err(_) => 0.0, // A rate that underflowed to zero, or overflowed.
        };
        if count > 0.0 && !rng.random_bool(params.dropout) {
            counts.push((j as u32, count as f32));
        }
    }
    Ok(counts)
}

fn log_normals(rng: &mut ChaCha8Rng, sd: f64, n: usize) -> Result<Vec<f64>> {
    let law = LogNormal::new(0.0, sd).map_err(|_| distribution("standard deviation", sd))?;
    Ok((0..n).map(|_| law.sample(rng)).collect())
}

fn distribution(name: &'static str, value: f64) -> PreprocessError {
    PreprocessError::param(name, value, "out of the range of the distribution")
}

/// The elementwise product, scaled to sum 1.
fn normalized(a: &[f64], b: &[f64]) -> Vec<f64> {
    let product: Vec<f64> = a.iter().zip(b).map(|(a, b)| a * b).collect();
    let total: f64 = product.iter().sum();
    product.into_iter().map(|p| p / total).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_that_no_memory_holds_are_refused() {
        let huge = 1_000_000_000_000;
        for (params, name) in [
            (SimulateParams { cells: huge, ..Default::default() }, "cells"),
            (SimulateParams { batches: 1001, ..Default::default() }, "batches"),
            (
                SimulateParams { cells: 10_000_000, batches: 10_000_000, ..Default::default() },
                "batches",
            ),
        ] {
            let error = simulate(&params).unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
    }
}
