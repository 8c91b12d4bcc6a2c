//! From preprocessed cells to the input of the networks.

use morula_cluster::representations::{BatchCorrection, CellFeatures};
use morula_data::DenseMatrix;
use morula_preprocess::{Pca, PcaParams, Prepared, pca_offset};
use serde::{Deserialize, Serialize};

use super::ScSiameseCluParams;
use crate::{ModelError, Result};

/// The input of the networks, on a common scale ([3.1]): [features](CellFeatures) of the cells, or as
/// published principal components of their scaled expression.
///
/// With `cosine`, every cell is scaled to the length sqrt(p). That keeps the direction in which it
/// differs from the mean cell, and removes its length, which mostly reflects sequencing depth.
/// Otherwise one factor for all cells makes the mean variance 1. Either way, a learning rate has
/// the same effect on any data. When batches are known, they are corrected first.
///
/// [3.1]: https://github.com/morula-bio/morula/blob/main/docs/models/scsiameseclu.md#3-1
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Projection {
    source: Source,
    scale: f32,
    cosine: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Source {
    Features(Box<CellFeatures>),
    Components { pca: Pca, correction: BatchCorrection },
}

impl Projection {
    /// Projects the cells on components or on their `features`, row-major `n x p`.
    pub fn fit(
        params: &ScSiameseCluParams,
        prepared: &Prepared,
        features: Option<(CellFeatures, DenseMatrix)>,
    ) -> Result<(Self, Vec<f32>)> {
        let (source, scores, scale) = match features {
            // Their mean square is 1.
            Some((features, x)) => (Source::Features(Box::new(features)), x.into_values(), 1.0),
            None => components(params, prepared)?,
        };
        let projection = Self { source, scale, cosine: params.cosine };
        let mut scores = scores;
        projection.rescale(&mut scores);
        Ok((projection, scores))
    }

    /// Projects new cells, row-major `n x p`.
    pub fn transform(&self, prepared: &Prepared) -> Result<Vec<f32>> {
        let mut scores = match &self.source {
            Source::Features(features) => features.transform(prepared)?,
            Source::Components { pca, correction } => {
                let scores = pca.transform_offset(&prepared.scaled())?;
                let scores = DenseMatrix::from_rows(scores, self.n_comps());
                correction.apply(scores, prepared.batches.as_deref())?
            }
        }
        .into_values();
        self.rescale(&mut scores);
        if let Some(at) = scores.iter().position(|v| !v.is_finite()) {
            let cell = prepared.kept_cells[at / self.n_comps()];
            return Err(ModelError::Read {
                what: "the principal components",
                why: format!("cell {cell} has none that are finite; are its counts far larger?"),
            });
        }
        Ok(scores)
    }

    fn rescale(&self, scores: &mut [f32]) {
        match self.cosine {
            true => to_length(scores, self.n_comps(), (self.n_comps() as f32).sqrt()),
            false => scores.iter_mut().for_each(|v| *v *= self.scale),
        }
    }

    /// The first `n_comps` components of cells with `scores`, row-major `n x p`.
    pub fn leading(&self, scores: &[f32], n_comps: usize) -> DenseMatrix {
        let (p, k) = (self.n_comps(), n_comps.min(self.n_comps()));
        let rows = scores.chunks(p.max(1)).flat_map(|row| &row[..k.min(row.len())]);
        let mut leading: Vec<f32> = rows.copied().collect();
        if self.cosine {
            to_length(&mut leading, k, 1.0);
        }
        DenseMatrix::from_rows(leading, k)
    }

    /// Number of components.
    pub fn n_comps(&self) -> usize {
        match &self.source {
            Source::Features(features) => features.n_dims(),
            Source::Components { pca, .. } => pca.n_comps,
        }
    }

    /// Whether a saved projection agrees with the parameters, and in its sizes with the genes of a
    /// recipe.
    pub fn fits(&self, params: &ScSiameseCluParams, n_genes: usize) -> bool {
        let fits = match &self.source {
            Source::Features(features) => params.input_views && features.fits(n_genes),
            Source::Components { pca, correction } => {
                !params.input_views
                    && pca.mean.len() == n_genes
                    && n_genes.checked_mul(pca.n_comps) == Some(pca.loadings.len())
                    && correction.fits(pca.n_comps)
            }
        };
        fits && self.scale.is_finite()
    }
}

/// Principal components of the scaled expression of the cells, and their factor.
fn components(params: &ScSiameseCluParams, prepared: &Prepared) -> Result<(Source, Vec<f32>, f32)> {
    let wanted = PcaParams { n_comps: params.components, ..PcaParams::default() };
    let mut pca = pca_offset(&prepared.scaled(), &wanted)?;
    let scores = DenseMatrix::from_rows(std::mem::take(&mut pca.scores), pca.n_comps);
    let (correction, scores) = BatchCorrection::fit(scores, prepared.batches.as_deref())?;
    let total: f64 = pca.explained_variance.iter().sum();
    let scale = match total > 0.0 {
        true => (pca.n_comps as f64 / total).sqrt() as f32,
        // All cells are identical: the components are zero.
        false => 1.0,
    };
    Ok((Source::Components { pca, correction }, scores.into_values(), scale))
}

/// Scales rows of width `d` to a length; a zero row stays zero.
fn to_length(x: &mut [f32], d: usize, length: f32) {
    for row in x.chunks_mut(d.max(1)) {
        let norm = row.iter().map(|v| v * v).sum::<f32>().sqrt();
        if norm > 0.0 {
            row.iter_mut().for_each(|v| *v *= length / norm);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_scaled_to_a_length_and_zero_rows_stay() {
        let mut x = [3.0, 4.0, 0.0, 0.0, -0.3, 0.4];
        to_length(&mut x, 2, 10.0);
        let expected = [6.0, 8.0, 0.0, 0.0, -6.0, 8.0];
        assert!(x.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-5), "{x:?}");
    }
}
