//! What cells look like besides the embedding: principal components of their expression.

use burn::tensor::Tensor;
use morula_core::ops;
use morula_preprocess::{Pca, PcaParams, Prepared, ResidualPca, pca, pca_dense};
use serde::{Deserialize, Serialize};

use crate::correction::Correction;
use crate::{Matrix, Result};

/// Views of expression.
pub(crate) const N_VIEWS: usize = 3;

/// Components per view.
const N_COMPS: usize = 20;

/// Dispersion of counts that differ by chance alone, as in the source and scanpy.
const THETA: f32 = 100.0;

/// Three views of expression: components of the z-scores, in which every gene counts alike, of
/// the log-normalised counts, in which genes count by how much they vary, and of the Pearson
/// residuals, in which they count by how much more than chance they vary.
///
/// Which of them separates the types better differs from tissue to tissue, and cannot be known
/// without labels; so all are asked. Where batches are known, the differences between them are
/// taken out of each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ExpressionViews {
    scaled: Pca,
    logged: Pca,
    residuals: ResidualPca,
    #[serde(default)]
    corrections: [Correction; N_VIEWS],
}

impl ExpressionViews {
    /// Fits the components; the scores of the cells, each `n x components`.
    pub fn fit(prepared: &Prepared) -> Result<(Self, [Matrix; N_VIEWS])> {
        let wanted = PcaParams { n_comps: N_COMPS, ..PcaParams::default() };
        let mut scaled = pca_dense(&prepared.x, prepared.n_genes, &wanted)?;
        let mut logged = pca(&prepared.log_normalized(), &wanted)?;
        let (residuals, third) = ResidualPca::fit(
            &prepared.counts,
            &prepared.size_factors,
            &prepared.expected,
            THETA,
            &wanted,
        )?;
        let [first, second] = [&mut scaled, &mut logged]
            .map(|pca| Matrix::new(std::mem::take(&mut pca.scores), pca.n_comps));
        let third = Matrix::new(third, residuals.n_comps);
        let fit = |view| Correction::fit(view, prepared.batches.as_deref());
        let [(a, first), (b, second), (c, third)] = [fit(first)?, fit(second)?, fit(third)?];
        let corrections = [a, b, c];
        Ok((Self { scaled, logged, residuals, corrections }, [first, second, third]))
    }

    /// Scores of new cells.
    pub fn transform(&self, prepared: &Prepared) -> Result<[Matrix; N_VIEWS]> {
        let batches = prepared.batches.as_deref();
        let [a, b, c] = &self.corrections;
        let [first, second, third] = [
            Matrix::new(self.scaled.transform(&prepared.x)?, self.scaled.n_comps),
            Matrix::new(
                self.logged.transform_sparse(&prepared.log_normalized())?,
                self.logged.n_comps,
            ),
            Matrix::new(
                self.residuals.transform(&prepared.counts, &prepared.size_factors)?,
                self.residuals.n_comps,
            ),
        ];
        Ok([a.apply(first, batches)?, b.apply(second, batches)?, c.apply(third, batches)?])
    }

    /// Dimensions of an embedding with `d` and of these views.
    pub fn dims(&self, d: usize) -> [usize; N_VIEWS + 1] {
        [d, self.scaled.n_comps, self.logged.n_comps, self.residuals.n_comps]
    }

    /// Whether the sizes of saved views agree with each other and with the genes of a recipe.
    pub fn fits(&self, n_genes: usize) -> bool {
        let fit = |genes: usize, n_comps: usize, loadings: usize| {
            genes == n_genes && n_genes.checked_mul(n_comps) == Some(loadings)
        };
        let Self { scaled, logged, residuals, corrections } = self;
        let dims = [scaled.n_comps, logged.n_comps, residuals.n_comps];
        [scaled, logged].iter().all(|pca| fit(pca.mean.len(), pca.n_comps, pca.loadings.len()))
            && fit(residuals.expected.len(), residuals.n_comps, residuals.loadings.len())
            && residuals.spread.len() == n_genes
            && corrections.iter().zip(dims).all(|(correction, d)| correction.fits(d))
    }
}

/// An embedding as a view: every cell at length 1, so that directions count.
pub(crate) fn directions(h: &Tensor<2>) -> Result<Matrix> {
    Matrix::read(ops::l2_normalize(h.clone()), "the embedding")
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;
    use morula_preprocess::{RecipeParams, SimulateParams, simulate};

    #[test]
    fn the_cells_of_the_fit_come_back() {
        let data = simulate(&SimulateParams { cells: 80, genes: 300, ..Default::default() });
        let recipe = RecipeParams { n_top_genes: 100, ..RecipeParams::default() };
        let (recipe, prepared) = recipe.fit(&data.unwrap().counts).unwrap();
        let (views, scores) = ExpressionViews::fit(&prepared).unwrap();
        assert!(views.fits(recipe.n_genes()) && !views.fits(7) && !views.fits(usize::MAX));
        for (fitted, again) in scores.iter().zip(views.transform(&prepared).unwrap()) {
            assert_eq!((fitted.n_rows(), fitted.n_cols()), (80, N_COMPS));
            let largest = fitted.values().iter().fold(0.0_f32, |m, v| m.max(v.abs()));
            for (a, b) in fitted.values().iter().zip(again.values()) {
                assert!((a - b).abs() < 1e-4 * largest, "{a} {b}");
            }
        }
    }

    #[test]
    fn directions_have_length_1_or_0() {
        let h = Tensor::from_floats([[3.0, 4.0], [0.0, 0.0]], &Device::flex());
        let unit = directions(&h).unwrap();
        for (value, expected) in unit.values().iter().zip([0.6, 0.8, 0.0, 0.0]) {
            assert!((value - expected).abs() < 1e-6, "{unit:?}");
        }
    }
}
