//! What cells look like besides the embedding: principal components of their expression.

use morula_data::CsrMatrix;
use morula_preprocess::{Neighbors, Pca, PcaParams, Prepared, neighbors, pca, pca_dense};
use serde::{Deserialize, Serialize};

use crate::cluster::blend;
use crate::{Matrix, Result};

/// Components per view.
const N_COMPS: usize = 20;

/// Cells of a neighbourhood, the cell itself among them: scanpy's 15.
pub(crate) const NEIGHBORHOOD: usize = 15;

/// Two views of expression: components of the z-scores, in which every gene counts alike, and of
/// the log-normalised counts, in which genes count by how much they vary.
///
/// Which of both separates the types better differs from tissue to tissue, and cannot be known
/// without labels; so both are asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ExpressionViews {
    scaled: Pca,
    logged: Pca,
}

impl ExpressionViews {
    /// Fits the components; the scores of the cells, each `n x components`.
    pub fn fit(prepared: &Prepared) -> Result<(Self, [Matrix; 2])> {
        let wanted = PcaParams { n_comps: N_COMPS, ..PcaParams::default() };
        let mut scaled = pca_dense(&prepared.x, prepared.n_genes, &wanted)?;
        let mut logged = pca(&prepared.log_normalized(), &wanted)?;
        let scores = [&mut scaled, &mut logged]
            .map(|pca| Matrix::new(std::mem::take(&mut pca.scores), pca.n_comps));
        Ok((Self { scaled, logged }, scores))
    }

    /// Scores of new cells.
    pub fn transform(&self, prepared: &Prepared) -> Result<[Matrix; 2]> {
        Ok([
            Matrix::new(self.scaled.transform(&prepared.x)?, self.scaled.n_comps),
            Matrix::new(
                self.logged.transform_sparse(&prepared.log_normalized())?,
                self.logged.n_comps,
            ),
        ])
    }

    /// Dimensions of an embedding with `d` and of these views.
    pub fn dims(&self, d: usize) -> [usize; 3] {
        [d, self.scaled.n_comps, self.logged.n_comps]
    }

    /// Whether the sizes of saved views agree with each other and with the genes of a recipe.
    pub fn fits(&self, n_genes: usize) -> bool {
        [&self.scaled, &self.logged]
            .into_iter()
            .all(|pca| pca.mean.len() == n_genes && pca.loadings.len() == n_genes * pca.n_comps)
    }
}

/// An embedding as a view: every cell at length 1, so that directions count.
pub(crate) fn directions(h: &Matrix) -> Matrix {
    let mut values = h.values().to_vec();
    for row in values.chunks_mut(h.n_cols().max(1)) {
        let norm = row.iter().map(|v| v * v).sum::<f32>().sqrt();
        if norm > 0.0 {
            row.iter_mut().for_each(|v| *v /= norm);
        }
    }
    Matrix::new(values, h.n_cols())
}

/// The neighbours of every cell in every view.
pub(crate) fn neighborhoods(views: &[Matrix]) -> Result<Vec<Neighbors>> {
    let find = |view: &Matrix| Ok(neighbors(view.values(), view.n_cols(), NEIGHBORHOOD - 1)?);
    views.iter().map(find).collect()
}

/// The mean of the views' fuzzy graphs.
pub(crate) fn graph(found: &[Neighbors]) -> Result<CsrMatrix> {
    blend(&found.iter().map(Neighbors::fuzzy_connectivities).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use morula_preprocess::{RecipeParams, SimulateParams, simulate};

    #[test]
    fn the_cells_of_the_fit_come_back() {
        let data = simulate(&SimulateParams { cells: 80, genes: 300, ..Default::default() });
        let recipe = RecipeParams { n_top_genes: 100, ..RecipeParams::default() };
        let (recipe, prepared) = recipe.fit(&data.unwrap().counts).unwrap();
        let (views, scores) = ExpressionViews::fit(&prepared).unwrap();
        assert!(views.fits(recipe.n_genes()) && !views.fits(7));
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
        let unit = directions(&Matrix::new(vec![3.0, 4.0, 0.0, 0.0], 2));
        assert_eq!(unit.values(), [0.6, 0.8, 0.0, 0.0]);
    }
}
