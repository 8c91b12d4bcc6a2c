//! Quality metrics of cells and genes.

use morula_data::{Column, CsrMatrix};
use rayon::prelude::*;

use super::GeneSet;
use crate::rows::column_sums;
use crate::{PreprocessError, Result};

/// The numbers of top genes of [`QcMetrics::pct_counts_in_top`]: scanpy's, and the 20 of the rule
/// for outliers.
pub const TOP_GENES: [usize; 5] = [20, 50, 100, 200, 500];

/// Metrics of every cell and gene, with the names of scanpy's `pp.calculate_qc_metrics`.
#[derive(Debug, Clone, PartialEq)]
pub struct QcMetrics {
    /// Number of expressed genes in each cell.
    pub n_genes_by_counts: Vec<usize>,
    /// Total counts of every cell.
    pub total_counts: Vec<f64>,
    /// For every number of [`TOP_GENES`] that the data has: the percent of a cell's counts on so
    /// many of its genes, those with most counts. NaN for an empty cell.
    pub pct_counts_in_top: Vec<(usize, Vec<f64>)>,
    /// Counts on every kind of genes.
    pub sets: Vec<SetCounts>,
    /// Number of cells that express each gene.
    pub n_cells_by_counts: Vec<usize>,
    /// Mean count of every gene.
    pub mean_counts: Vec<f64>,
    /// Percent of cells that do not express each gene.
    pub pct_dropout_by_counts: Vec<f64>,
    /// Total counts of every gene.
    pub total_counts_by_gene: Vec<f64>,
}

/// The counts of every cell on one kind of genes.
#[derive(Debug, Clone, PartialEq)]
pub struct SetCounts {
    /// Name of the kind.
    pub name: String,
    /// Counts of every cell on these genes.
    pub total_counts: Vec<f64>,
    /// Their percent of the cell's counts; NaN for an empty cell.
    pub pct_counts: Vec<f64>,
}

/// What one cell gives.
struct Cell {
    genes: usize,
    total: f64,
    tops: Vec<f64>,
    sets: Vec<f64>,
}

/// Computes quality metrics of a count matrix, cells x genes.
///
/// The definitions are those of scanpy 1.11, `pp.calculate_qc_metrics(qc_vars=..., percent_top=[20,
/// 50, 100, 200, 500])`. A number of top genes above that of the genes is left out, where scanpy
/// fails.
///
/// # Errors
/// [`PreprocessError::Shape`] when a gene of a set is beyond the matrix.
pub fn calculate_qc_metrics(x: &CsrMatrix, sets: &[GeneSet]) -> Result<QcMetrics> {
    let (n, n_genes) = (x.n_rows(), x.n_cols());
    // Sets of a gene; most genes have none.
    let mut sets_of = vec![Vec::new(); n_genes];
    for (s, set) in sets.iter().enumerate() {
        for &j in &set.genes {
            let Some(of) = sets_of.get_mut(j) else {
                return Err(PreprocessError::Shape {
                    what: "gene of a set",
                    expected: n_genes,
                    found: j,
                });
            };
            of.push(s);
        }
    }
    let tops: Vec<usize> = TOP_GENES.into_iter().filter(|&top| top <= n_genes).collect();
    let cell = |i: usize| {
        let (cols, vals) = x.row(i);
        let mut sorted: Vec<f64> = vals.iter().map(|&v| f64::from(v)).collect();
        let total: f64 = sorted.iter().sum();
        sorted.sort_unstable_by(|a, b| b.total_cmp(a));
        let mut on_sets = vec![0.0; sets.len()];
        for (&j, &v) in cols.iter().zip(vals) {
            sets_of[j as usize].iter().for_each(|&s| on_sets[s] += f64::from(v));
        }
        Cell {
            genes: vals.iter().filter(|v| **v > 0.0).count(),
            total,
            tops: tops.iter().map(|&top| sorted.iter().take(top).sum()).collect(),
            sets: on_sets,
        }
    };
    let cells: Vec<Cell> = (0..n).into_par_iter().map(cell).collect();
    let percent = |of: &dyn Fn(&Cell) -> f64| -> Vec<f64> {
        cells.iter().map(|cell| 100.0 * of(cell) / cell.total).collect()
    };
    let set = |(s, set): (usize, &GeneSet)| SetCounts {
        name: set.name.clone(),
        total_counts: cells.iter().map(|cell| cell.sets[s]).collect(),
        pct_counts: percent(&|cell| cell.sets[s]),
    };
    let top = |(t, &top): (usize, &usize)| (top, percent(&|cell| cell.tops[t]));
    let by_gene = column_sums(x, |_, _, v| [f64::from(v), f64::from(u8::from(v > 0.0))]);
    let cells_of = n.max(1) as f64;
    Ok(QcMetrics {
        n_genes_by_counts: cells.iter().map(|cell| cell.genes).collect(),
        total_counts: cells.iter().map(|cell| cell.total).collect(),
        pct_counts_in_top: tops.iter().enumerate().map(top).collect(),
        sets: sets.iter().enumerate().map(set).collect(),
        n_cells_by_counts: by_gene.iter().map(|[_, cells]| *cells as usize).collect(),
        mean_counts: by_gene.iter().map(|[total, _]| total / cells_of).collect(),
        pct_dropout_by_counts: by_gene.iter().map(|[_, c]| 100.0 * (1.0 - c / cells_of)).collect(),
        total_counts_by_gene: by_gene.iter().map(|[total, _]| *total).collect(),
    })
}

impl QcMetrics {
    /// The counts on one kind of genes.
    pub fn set(&self, name: &str) -> Option<&SetCounts> {
        self.sets.iter().find(|set| set.name == name)
    }

    /// `ln(1 + total_counts)` of every cell.
    pub fn log1p_total_counts(&self) -> Vec<f64> {
        log1p(&self.total_counts)
    }

    /// `ln(1 + n_genes_by_counts)` of every cell.
    pub fn log1p_n_genes_by_counts(&self) -> Vec<f64> {
        self.n_genes_by_counts.iter().map(|&n| (n as f64).ln_1p()).collect()
    }

    /// The columns that scanpy adds to obs.
    pub fn obs(&self) -> Vec<(String, Column)> {
        let mut columns = vec![
            ("n_genes_by_counts".to_string(), whole(&self.n_genes_by_counts)),
            ("log1p_n_genes_by_counts".to_string(), Column::Float(self.log1p_n_genes_by_counts())),
        ];
        let mut float =
            |name: String, values: Vec<f64>| columns.push((name, Column::Float(values)));
        float("total_counts".into(), self.total_counts.clone());
        float("log1p_total_counts".into(), self.log1p_total_counts());
        for (top, percent) in &self.pct_counts_in_top {
            float(format!("pct_counts_in_top_{top}_genes"), percent.clone());
        }
        for SetCounts { name, total_counts, pct_counts } in &self.sets {
            float(format!("total_counts_{name}"), total_counts.clone());
            float(format!("log1p_total_counts_{name}"), log1p(total_counts));
            float(format!("pct_counts_{name}"), pct_counts.clone());
        }
        columns
    }

    /// The columns that scanpy adds to var.
    pub fn var(&self) -> Vec<(String, Column)> {
        [
            ("n_cells_by_counts", whole(&self.n_cells_by_counts)),
            ("mean_counts", Column::Float(self.mean_counts.clone())),
            ("log1p_mean_counts", Column::Float(log1p(&self.mean_counts))),
            ("pct_dropout_by_counts", Column::Float(self.pct_dropout_by_counts.clone())),
            ("total_counts", Column::Float(self.total_counts_by_gene.clone())),
            ("log1p_total_counts", Column::Float(log1p(&self.total_counts_by_gene))),
        ]
        .map(|(name, column)| (name.to_string(), column))
        .into()
    }
}

fn log1p(values: &[f64]) -> Vec<f64> {
    values.iter().map(|v| v.ln_1p()).collect()
}

fn whole(values: &[usize]) -> Column {
    Column::Int(values.iter().map(|&v| Some(v as i64)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_matrix_by_hand() {
        let x = CsrMatrix::from_dense(2, 3, &[1., 0., 3., 0., 0., 0.]).unwrap();
        let set = |genes: &[usize]| GeneSet { name: "mt".into(), genes: genes.to_vec() };
        let qc = calculate_qc_metrics(&x, &[set(&[0])]).unwrap();
        assert_eq!(qc.total_counts, [4.0, 0.0]);
        assert_eq!(qc.n_genes_by_counts, [2, 0]);
        let mt = qc.set("mt").unwrap();
        assert_eq!((mt.total_counts[0], mt.pct_counts[0]), (1.0, 25.0));
        assert!(mt.pct_counts[1].is_nan());
        assert_eq!(qc.n_cells_by_counts, [1, 0, 1]);
        assert_eq!(qc.mean_counts, [0.5, 0.0, 1.5]);
        assert_eq!(qc.pct_dropout_by_counts, [50.0, 100.0, 50.0]);
        assert!(qc.pct_counts_in_top.is_empty());
        assert!(calculate_qc_metrics(&x, &[set(&[3])]).is_err());
    }

    #[test]
    fn top_genes_are_those_with_most_counts() {
        let row: Vec<f32> = (0..25).map(|j| if j < 21 { 1.0 } else { 10.0 }).collect();
        let x = CsrMatrix::from_dense(1, 25, &row).unwrap();
        let qc = calculate_qc_metrics(&x, &[]).unwrap();
        assert_eq!(qc.pct_counts_in_top, [(20, vec![100.0 * 56.0 / 61.0])]);
    }
}
