//! All flags of the cells, sample by sample.

use morula_data::{Categorical, Column, CsrMatrix};
use serde::{Deserialize, Serialize};

use super::{Bounds, DoubletParams, Doublets, GeneSet, QcMetrics};
use super::{calculate_qc_metrics, score_doublets};
use crate::{PreprocessError, Result};

/// The top genes whose share is among the metrics of the rule.
const TOP: usize = 20;
/// The set of genes that the rule for mitochondrial counts takes.
const MT: &str = "mt";

/// Parameters of [`quality_control`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct QcParams {
    /// Deviations of total counts, number of genes and share of the top 20 genes.
    pub n_mads: f64,
    /// Deviations of the percent of mitochondrial counts.
    pub n_mads_mt: f64,
    /// The highest percent of mitochondrial counts.
    pub max_pct_mt: f64,
    /// Doublet scores; `None` for no scores.
    pub doublets: Option<DoubletParams>,
}

impl Default for QcParams {
    fn default() -> Self {
        let doublets = Some(DoubletParams::default());
        Self { n_mads: 5.0, n_mads_mt: 3.0, max_pct_mt: 8.0, doublets }
    }
}

impl QcParams {
    /// Checks the ranges.
    ///
    /// # Errors
    /// [`PreprocessError::Param`] names the first parameter out of range.
    pub fn check(&self) -> Result<()> {
        for (name, value) in [("n_mads", self.n_mads), ("n_mads_mt", self.n_mads_mt)] {
            if !(value.is_finite() && value > 0.0) {
                return Err(PreprocessError::param(name, value, "finite and above 0"));
            }
        }
        if !(0.0..=100.0).contains(&self.max_pct_mt) {
            let value = self.max_pct_mt;
            return Err(PreprocessError::param("max_pct_mt", value, "a percentage, 0 to 100"));
        }
        self.doublets.as_ref().map_or(Ok(()), DoubletParams::check)
    }
}

/// Metrics and flags of all cells.
#[derive(Debug, Clone, PartialEq)]
pub struct Quality {
    /// The metrics.
    pub metrics: QcMetrics,
    /// Whether a cell is an outlier of its sample in counts, genes or top genes, or is empty.
    pub outlier: Vec<bool>,
    /// Whether a cell is an outlier in mitochondrial counts.
    pub mt_outlier: Vec<bool>,
    /// Whether a cell is called a doublet.
    pub predicted_doublet: Vec<bool>,
    /// Doublet score of every cell; NaN without one.
    pub doublet_score: Vec<f64>,
    /// The samples.
    pub samples: Vec<SampleQuality>,
}

/// What one sample was judged by.
#[derive(Debug, Clone, PartialEq)]
pub struct SampleQuality {
    /// Its name; `None` where all cells are one sample.
    pub name: Option<String>,
    /// Its cells.
    pub cells: Vec<usize>,
    /// Column of obs and bounds of every metric, the mitochondrial one last if there is one.
    pub bounds: Vec<(String, Bounds)>,
    /// Its doublets; `None` if they were not asked for, or the cells are too few.
    pub doublets: Option<Doublets>,
}

impl Quality {
    /// Whether each cell has no flag.
    pub fn passes(&self) -> Vec<bool> {
        let flags = self.outlier.iter().zip(&self.mt_outlier).zip(&self.predicted_doublet);
        flags.map(|((a, b), c)| !(*a || *b || *c)).collect()
    }

    /// The columns of obs: those of scanpy, the flags `outlier`, `mt_outlier` and
    /// `predicted_doublet`, `doublet_score`, and `qc_pass` for a cell without a flag.
    pub fn obs(&self) -> Vec<(String, Column)> {
        let flag = |values: &[bool]| Column::Bool(values.iter().copied().map(Some).collect());
        let mut columns = self.metrics.obs();
        columns.extend(
            [
                ("outlier", flag(&self.outlier)),
                ("mt_outlier", flag(&self.mt_outlier)),
                ("doublet_score", Column::Float(self.doublet_score.clone())),
                ("predicted_doublet", flag(&self.predicted_doublet)),
                ("qc_pass", flag(&self.passes())),
            ]
            .map(|(name, column)| (name.to_string(), column)),
        );
        columns
    }
}

/// Computes the metrics of all cells, and flags cells within each sample.
///
/// `x`: raw counts, cells x genes; `sets`: kinds of genes, of which `mt` is judged; `samples`: the
/// sample of every cell, `None` for one sample. The rule is that of the Single-cell best practices
/// book: a cell is an outlier whose `log1p_total_counts`, `log1p_n_genes_by_counts` or
/// `pct_counts_in_top_20_genes` is more than 5 median absolute deviations from the median, or whose
/// `pct_counts_mt` is more than 3 from it or above 8 ([`Bounds::around_median`]). Doublets:
/// [`score_doublets`].
///
/// # Errors
/// [`PreprocessError::Param`]; [`PreprocessError::Shape`] without a sample per cell, or for a gene
/// beyond the matrix; [`PreprocessError::SampleMissing`].
pub fn quality_control(
    x: &CsrMatrix,
    sets: &[GeneSet],
    samples: Option<&Categorical>,
    params: &QcParams,
) -> Result<Quality> {
    params.check()?;
    let n = x.n_rows();
    let metrics = calculate_qc_metrics(x, sets)?;
    let mut judged = vec![
        ("log1p_total_counts".to_string(), metrics.log1p_total_counts(), params.n_mads),
        ("log1p_n_genes_by_counts".to_string(), metrics.log1p_n_genes_by_counts(), params.n_mads),
    ];
    if let Some((top, values)) = metrics.pct_counts_in_top.iter().find(|(top, _)| *top == TOP) {
        judged.push((format!("pct_counts_in_top_{top}_genes"), values.clone(), params.n_mads));
    }
    let n_general = judged.len();
    // Without such genes in the data there is nothing to judge.
    if sets.iter().any(|set| set.name == MT && !set.genes.is_empty()) {
        let of = metrics.set(MT).map(|set| set.pct_counts.clone()).unwrap_or_default();
        judged.push((format!("pct_counts_{MT}"), of, params.n_mads_mt));
    }
    let mut quality = Quality {
        metrics,
        outlier: vec![false; n],
        mt_outlier: vec![false; n],
        predicted_doublet: vec![false; n],
        doublet_score: vec![f64::NAN; n],
        samples: Vec::new(),
    };
    for (name, cells) in by_sample(samples, n)? {
        let mut bounds = Vec::new();
        for (at, (column, values, n_mads)) in judged.iter().enumerate() {
            let of: Vec<f64> = cells.iter().map(|&i| values[i]).collect();
            let mut found = Bounds::around_median(&of, *n_mads);
            let mut flags = &mut quality.outlier;
            if at >= n_general {
                found.upper = found.upper.min(params.max_pct_mt);
                flags = &mut quality.mt_outlier;
            }
            for (&i, value) in cells.iter().zip(of) {
                // An empty cell has no percentages; it is an outlier by its counts.
                let empty = quality.metrics.total_counts[i] == 0.0;
                flags[i] |= if empty { at < n_general } else { found.excludes(value) };
            }
            bounds.push((column.clone(), found));
        }
        let doublets = match &params.doublets {
            Some(params) if cells.len() == n => score_doublets(x, params)?,
            Some(params) => score_doublets(&x.select_rows(&cells), params)?,
            None => None,
        };
        if let Some(found) = &doublets {
            for ((&i, score), called) in cells.iter().zip(&found.scores).zip(found.called()) {
                (quality.doublet_score[i], quality.predicted_doublet[i]) = (*score, called);
            }
        }
        quality.samples.push(SampleQuality { name, cells, bounds, doublets });
    }
    Ok(quality)
}

/// Name and cells of every sample that has cells.
fn by_sample(samples: Option<&Categorical>, n: usize) -> Result<Vec<(Option<String>, Vec<usize>)>> {
    let Some(samples) = samples else { return Ok(vec![(None, (0..n).collect())]) };
    if samples.codes().len() != n {
        let (expected, found) = (n, samples.codes().len());
        return Err(PreprocessError::Shape { what: "samples of the cells", expected, found });
    }
    let mut cells = vec![Vec::new(); samples.categories().len()];
    for (cell, &code) in samples.codes().iter().enumerate() {
        match cells.get_mut(code as usize) {
            Some(of) => of.push(cell),
            None => return Err(PreprocessError::SampleMissing { cell }),
        }
    }
    let named = samples.categories().iter().cloned().map(Some).zip(cells);
    Ok(named.filter(|(_, cells)| !cells.is_empty()).collect())
}
