//! Views of expression: principal components of three normalisations.

use morula_data::DenseMatrix;
use morula_preprocess::{Pca, PcaParams, Prepared, ResidualPca, pca, pca_offset};
use serde::{Deserialize, Serialize};

use super::BatchCorrection;
use crate::Result;

/// Number of views of expression.
pub const N_VIEWS: usize = 3;

/// Components per view.
pub(super) const N_COMPS: usize = 20;

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
        let (views, scores) = Self::uncorrected(prepared, n_comps)?;
        views.corrected(scores, prepared.batches.as_deref())
    }

    /// The components before batches are corrected.
    pub(super) fn uncorrected(
        prepared: &Prepared,
        n_comps: usize,
    ) -> Result<(Self, [DenseMatrix; N_VIEWS])> {
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
        let views = Self { scaled, logged, residuals, corrections: Default::default() };
        Ok((views, [first, second, third]))
    }

    /// The first components of uncorrected views and of the cells' scores.
    pub(super) fn first(
        &self,
        scores: &[DenseMatrix; N_VIEWS],
        n_comps: usize,
    ) -> (Self, [DenseMatrix; N_VIEWS]) {
        let cut = |pca: &Pca| Pca {
            n_comps: pca.n_comps.min(n_comps),
            scores: Vec::new(),
            loadings: first_columns(&pca.loadings, pca.n_comps, n_comps),
            mean: pca.mean.clone(),
            explained_variance: pca.explained_variance.iter().copied().take(n_comps).collect(),
            explained_variance_ratio: {
                pca.explained_variance_ratio.iter().copied().take(n_comps).collect()
            },
        };
        let residuals = &self.residuals;
        let views = Self {
            scaled: cut(&self.scaled),
            logged: cut(&self.logged),
            residuals: ResidualPca {
                n_comps: residuals.n_comps.min(n_comps),
                loadings: first_columns(&residuals.loadings, residuals.n_comps, n_comps),
                ..residuals.clone()
            },
            corrections: Default::default(),
        };
        let first = |x: &DenseMatrix| {
            let columns = first_columns(x.values(), x.n_cols(), n_comps);
            DenseMatrix::from_rows(columns, x.n_cols().min(n_comps))
        };
        (views, scores.each_ref().map(first))
    }

    /// Corrects uncorrected views and the cells' scores for batches.
    pub(super) fn corrected(
        self,
        scores: [DenseMatrix; N_VIEWS],
        batches: Option<&[usize]>,
    ) -> Result<(Self, [DenseMatrix; N_VIEWS])> {
        let fit = |view| BatchCorrection::fit(view, batches);
        let [first, second, third] = scores;
        let [(a, first), (b, second), (c, third)] = [fit(first)?, fit(second)?, fit(third)?];
        Ok((Self { corrections: [a, b, c], ..self }, [first, second, third]))
    }

    /// Corrects the first view alone for batches.
    pub(super) fn first_corrected(
        self,
        view: DenseMatrix,
        batches: &[usize],
    ) -> Result<(Self, DenseMatrix)> {
        let (correction, view) = BatchCorrection::fit(view, Some(batches))?;
        Ok((
            Self { corrections: [correction, Default::default(), Default::default()], ..self },
            view,
        ))
    }

    /// Scores of new cells.
    ///
    /// # Errors
    /// When the genes differ from those of the fit, or a batch is unknown.
    pub fn transform(&self, prepared: &Prepared) -> Result<[DenseMatrix; N_VIEWS]> {
        Ok([self.scaled(prepared)?, self.logged(prepared)?, self.residuals(prepared)?])
    }

    /// Scores of new cells in the view of z-scores.
    pub(super) fn scaled(&self, prepared: &Prepared) -> Result<DenseMatrix> {
        let scores = self.scaled.transform_offset(&prepared.scaled())?;
        self.correct(0, scores, self.scaled.n_comps, prepared)
    }

    fn logged(&self, prepared: &Prepared) -> Result<DenseMatrix> {
        let scores = self.logged.transform_sparse(&prepared.log_normalized())?;
        self.correct(1, scores, self.logged.n_comps, prepared)
    }

    fn residuals(&self, prepared: &Prepared) -> Result<DenseMatrix> {
        let scores = self.residuals.transform(&prepared.counts, &prepared.size_factors)?;
        self.correct(2, scores, self.residuals.n_comps, prepared)
    }

    fn correct(
        &self,
        view: usize,
        scores: Vec<f32>,
        n_comps: usize,
        prepared: &Prepared,
    ) -> Result<DenseMatrix> {
        let scores = DenseMatrix::from_rows(scores, n_comps);
        self.corrections[view].apply(scores, prepared.batches.as_deref())
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

/// The first `n` columns of a row-major matrix with `width` columns.
fn first_columns(x: &[f32], width: usize, n: usize) -> Vec<f32> {
    x.chunks(width.max(1)).flat_map(|row| &row[..row.len().min(n)]).copied().collect()
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
