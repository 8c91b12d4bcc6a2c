//! Views of expression: principal components of three normalisations.

use morula_data::DenseMatrix;
use morula_preprocess::{Pca, PcaParams, Prepared, ResidualPca, pca, pca_offset};
use serde::{Deserialize, Serialize};

use super::BatchCorrection;
use crate::Result;

/// Number of views of expression.
pub const N_VIEWS: usize = 3;

/// Components per view.
const N_COMPS: usize = 20;

/// Dispersion of counts that differ by chance alone, as published and in scanpy.
const THETA: f32 = 100.0;

/// Three views of expression, 20 principal components each:
///
/// - z-scores, where every gene has the same weight;
/// - log-normalised counts, where genes weigh by their variance;
/// - Pearson residuals, where genes weigh by their variance beyond chance.
///
/// The view that separates types best differs between tissues and is unknown without labels, so all
/// three are used. When batches are known, each view is corrected for them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExpressionViews {
    scaled: Pca,
    logged: Pca,
    residuals: ResidualPca,
    #[serde(default)]
    corrections: [BatchCorrection; N_VIEWS],
}

impl ExpressionViews {
    /// Fits the components. Returns the views and the cells' scores in each, `n x components`.
    ///
    /// # Errors
    /// As [`pca`], [`ResidualPca::fit`] and [`BatchCorrection::fit`].
    pub fn fit(prepared: &Prepared) -> Result<(Self, [DenseMatrix; N_VIEWS])> {
        Self::fit_with(prepared, N_COMPS)
    }

    /// [`fit`](Self::fit) with another number of components per view.
    ///
    /// # Errors
    /// As [`fit`](Self::fit).
    pub fn fit_with(prepared: &Prepared, n_comps: usize) -> Result<(Self, [DenseMatrix; N_VIEWS])> {
        let wanted = PcaParams { n_comps, ..PcaParams::default() };
        let mut scaled = pca_offset(&prepared.scaled(), &wanted)?;
        let mut logged = pca(&prepared.log_normalized(), &wanted)?;
        let (residuals, third) = ResidualPca::fit(
            &prepared.counts,
            &prepared.size_factors,
            &prepared.expected,
            THETA,
            &wanted,
        )?;
        let [first, second] = [&mut scaled, &mut logged]
            .map(|pca| DenseMatrix::from_rows(std::mem::take(&mut pca.scores), pca.n_comps));
        let third = DenseMatrix::from_rows(third, residuals.n_comps);
        let fit = |view| BatchCorrection::fit(view, prepared.batches.as_deref());
        let [(a, first), (b, second), (c, third)] = [fit(first)?, fit(second)?, fit(third)?];
        let corrections = [a, b, c];
        Ok((Self { scaled, logged, residuals, corrections }, [first, second, third]))
    }

    /// Scores of new cells.
    ///
    /// # Errors
    /// When the genes differ from those of the fit, or a batch is unknown.
    pub fn transform(&self, prepared: &Prepared) -> Result<[DenseMatrix; N_VIEWS]> {
        let batches = prepared.batches.as_deref();
        let [a, b, c] = &self.corrections;
        let [first, second, third] = [
            DenseMatrix::from_rows(
                self.scaled.transform_offset(&prepared.scaled())?,
                self.scaled.n_comps,
            ),
            DenseMatrix::from_rows(
                self.logged.transform_sparse(&prepared.log_normalized())?,
                self.logged.n_comps,
            ),
            DenseMatrix::from_rows(
                self.residuals.transform(&prepared.counts, &prepared.size_factors)?,
                self.residuals.n_comps,
            ),
        ];
        Ok([a.apply(first, batches)?, b.apply(second, batches)?, c.apply(third, batches)?])
    }

    /// Dimensions of an embedding, `d`, and of these views.
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

#[cfg(test)]
mod tests {
    use super::*;
    use morula_preprocess::{RecipeParams, SimulateParams, simulate};

    #[test]
    fn transforming_the_cells_of_the_fit_gives_their_scores() {
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
}
