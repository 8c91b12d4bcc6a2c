//! Principal components of Pearson residuals: the deviation of counts from chance.

use crate::pca::{Components, PcaParams, Shifted, combine, components, project};
use crate::{PreprocessError, Result};
use morula_data::CsrMatrix;
use serde::{Deserialize, Serialize};

/// Principal components of analytic Pearson residuals. The weight of a gene is the variation that
/// it has beyond chance.
///
/// If cells differed only in their size factors `s_i`, gene j would have `mu_ij = s_i e_j` counts
/// in cell i, distributed as a negative binomial of dispersion theta. The residuals are
///
/// `r_ij = (c_ij - mu_ij) / sqrt(mu_ij (1 + m_j / theta))`, `m_j = e_j mean_i(s_i)`
///
/// where the first part, that of the counts, is clipped at `sqrt(n)`. The source (Lause, Berens and
/// Kobak, Genome Biol. 2021; scanpy's `experimental.pp.recipe_pearson_residuals`) has `mu_ij` in
/// place of `m_j`. The mean of the gene differs from it only for large counts, and makes the part
/// of the zeros a matrix of rank 1: `- sqrt(s_i) e_j / d_j`, `d_j = sqrt(e_j (1 + m_j / theta))`.
/// So the residuals are never formed, and the cost is that of the counts. Their expectation is 0,
/// so they are not centred.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ResidualPca {
    /// Number of components k.
    pub n_comps: usize,
    /// Loadings, row-major `g x k`; the entry of largest magnitude of each component is positive.
    pub loadings: Vec<f32>,
    /// Expected counts `e_j` of every gene in a cell of size factor 1.
    pub expected: Vec<f32>,
    /// `d_j`, the divisor of the counts; 0 for a gene without counts.
    pub spread: Vec<f32>,
    /// The largest first part, `sqrt(n)`.
    pub clip: f32,
}

impl ResidualPca {
    /// Fits the components. Returns them with the scores of the cells, row-major `n x k`.
    ///
    /// `counts`: `n x g`; `size_factors`: n, above 0; `expected`: g.
    ///
    /// # Errors
    /// [`PreprocessError::Shape`] when numbers of cells or genes disagree;
    /// [`PreprocessError::Param`] for no components or a theta that is not above 0.
    pub fn fit(
        counts: &CsrMatrix,
        size_factors: &[f32],
        expected: &[f32],
        theta: f32,
        params: &PcaParams,
    ) -> Result<(Self, Vec<f32>)> {
        if params.n_comps == 0 {
            return Err(PreprocessError::param("n_comps", 0, "ask for at least one component"));
        }
        if theta.is_nan() || theta <= 0.0 {
            return Err(PreprocessError::param("theta", theta, "a dispersion is above 0"));
        }
        let (n, g) = (counts.n_rows(), counts.n_cols());
        let mean = size_factors.iter().sum::<f32>() / n.max(1) as f32;
        let spread = expected.iter().map(|e| (e * (1.0 + e * mean / theta)).sqrt()).collect();
        let mut pca = Self {
            n_comps: params.n_comps.min(n).min(g),
            loadings: Vec::new(),
            expected: expected.to_vec(),
            spread,
            clip: (n as f32).sqrt(),
        };
        let scaled = pca.scaled(counts, size_factors)?;
        if pca.n_comps == 0 {
            return Ok((pca, Vec::new()));
        }
        let rows = size_factors.iter().map(|s| f64::from(*s).sqrt()).collect();
        let columns = pca.zeros();
        let op = Shifted::new(&scaled, rows, columns);
        let Components { scores, loadings, .. } = components(&op, pca.n_comps, params.seed)?;
        pca.loadings = loadings;
        Ok((pca, scores))
    }

    /// Scores of new cells, row-major `n x k`.
    ///
    /// # Errors
    /// [`PreprocessError::Shape`] when numbers of cells or genes disagree.
    pub fn transform(&self, counts: &CsrMatrix, size_factors: &[f32]) -> Result<Vec<f32>> {
        let (g, k) = (self.expected.len(), self.n_comps);
        if self.loadings.len() != g * k {
            let (expected, found) = (g * k, self.loadings.len());
            return Err(PreprocessError::Shape { what: "loadings of residuals", expected, found });
        }
        let scaled = self.scaled(counts, size_factors)?;
        let zero = combine(self.zeros().into_iter(), &self.loadings, k);
        Ok(project(&scaled, &self.loadings, &zero, |i| -f64::from(size_factors[i]).sqrt()))
    }

    /// The first part of the residuals, `c_ij / (sqrt(s_i) d_j)`.
    fn scaled(&self, counts: &CsrMatrix, size_factors: &[f32]) -> Result<CsrMatrix> {
        for (what, expected, found) in [
            ("genes to compare with chance", self.expected.len(), counts.n_cols()),
            ("spreads of genes", self.expected.len(), self.spread.len()),
            ("size factors of cells", counts.n_rows(), size_factors.len()),
        ] {
            if expected != found {
                return Err(PreprocessError::Shape { what, expected, found });
            }
        }
        let roots = (0..counts.n_rows())
            .flat_map(|i| std::iter::repeat_n(size_factors[i].sqrt(), counts.row(i).0.len()));
        let mut scaled = counts.clone();
        let spreads = counts.indices().iter().map(|&j| self.spread[j as usize]);
        for ((value, root), spread) in scaled.data_mut().iter_mut().zip(roots).zip(spreads) {
            let by = root * spread;
            *value = if by > 0.0 { (*value / by).min(self.clip) } else { 0.0 };
        }
        Ok(scaled)
    }

    /// The part of a zero without its sign and the root of the size factor: `e_j / d_j`.
    fn zeros(&self) -> Vec<f64> {
        let genes = self.expected.iter().zip(&self.spread);
        genes.map(|(e, d)| if *d > 0.0 { f64::from(e / d) } else { 0.0 }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{RecipeParams, SimulateParams, simulate};

    fn params(n_comps: usize) -> PcaParams {
        PcaParams { n_comps, ..PcaParams::default() }
    }

    /// Scores against the residuals written out: the products of rows must be equal.
    #[test]
    fn scores_are_those_of_the_residuals() {
        let data = simulate(&SimulateParams { cells: 90, genes: 400, ..Default::default() });
        let recipe = RecipeParams { n_top_genes: 30, ..RecipeParams::default() };
        let (_, cells) = recipe.fit(&data.unwrap().counts).unwrap();
        let (n, g, theta) = (cells.n_cells(), cells.n_genes, 3.0);
        let (counts, sizes) = (&cells.counts, &cells.size_factors);
        let (pca, scores) =
            ResidualPca::fit(counts, sizes, &cells.expected, theta, &params(g)).unwrap();
        let mean = sizes.iter().sum::<f32>() / n as f32;
        let dense = counts.to_dense();
        let residual = |i: usize, j: usize| {
            let (mu, m) = (sizes[i] * cells.expected[j], mean * cells.expected[j]);
            let spread = (mu * (1.0 + m / theta)).sqrt();
            f64::from((dense[i * g + j] / spread).min(pca.clip) - mu / spread)
        };
        for (i, h) in [(0, 1), (3, 3), (17, 60), (89, 2)] {
            let expected: f64 = (0..g).map(|j| residual(i, j) * residual(h, j)).sum();
            let product = |a: usize, b: usize| f64::from(scores[i * g + a] * scores[h * g + b]);
            let found: f64 = (0..g).map(|c| product(c, c)).sum();
            assert!((found - expected).abs() < 1e-3 * expected.abs().max(1.0), "{i} {h}");
        }
        for (again, score) in pca.transform(counts, sizes).unwrap().iter().zip(&scores) {
            assert!((again - score).abs() < 1e-3, "{again} {score}");
        }
    }

    #[test]
    fn large_counts_are_cut_and_genes_without_counts_say_nothing() {
        let counts = CsrMatrix::from_dense(4, 2, &[900., 0., 1., 0., 0., 0., 1., 0.]).unwrap();
        let (pca, scores) =
            ResidualPca::fit(&counts, &[1.0; 4], &[1.0, 0.0], f32::INFINITY, &params(5)).unwrap();
        assert_eq!((pca.n_comps, pca.clip), (2, 2.0));
        // One gene: scores are its residuals, min(c, 2) - 1.
        let first: Vec<f32> = scores.iter().step_by(2).copied().collect();
        for (score, residual) in first.iter().zip([1.0, 0.0, -1.0, 0.0]) {
            assert!((score - residual).abs() < 1e-6, "{scores:?}");
        }
    }

    #[test]
    fn other_shapes_and_numbers_are_refused() {
        let counts = CsrMatrix::from_dense(2, 1, &[1., 2.]).unwrap();
        let fit = |sizes: &[f32], expected: &[f32], theta, k| {
            ResidualPca::fit(&counts, sizes, expected, theta, &params(k))
        };
        let (pca, _) = fit(&[1.0; 2], &[1.0], 100.0, 1).unwrap();
        assert!(fit(&[1.0; 3], &[1.0], 100.0, 1).is_err());
        assert!(fit(&[1.0; 2], &[1.0; 2], 100.0, 1).is_err());
        assert!(fit(&[1.0; 2], &[1.0], 0.0, 1).is_err() && fit(&[1.0; 2], &[1.0], 1.0, 0).is_err());
        assert!(pca.transform(&counts, &[1.0]).is_err());
        let damaged = ResidualPca { loadings: Vec::new(), ..pca };
        assert!(damaged.transform(&counts, &[1.0; 2]).is_err());
        let none = CsrMatrix::from_dense(0, 1, &[]).unwrap();
        assert!(ResidualPca::fit(&none, &[], &[1.0], 1.0, &params(3)).unwrap().1.is_empty());
    }
}
