//! Quality metrics of cells and genes.

use crate::rows::column_sums;
use crate::{PreprocessError, Result};
use morula_data::CsrMatrix;

/// Metrics of every cell and gene, with the names of scanpy's `pp.calculate_qc_metrics`.
#[derive(Debug, Clone, PartialEq)]
pub struct QcMetrics {
    /// Total counts of every cell.
    pub total_counts: Vec<f64>,
    /// Number of expressed genes in each cell.
    pub n_genes_by_counts: Vec<usize>,
    /// Percent of a cell's counts on the marked genes, for example mitochondrial ones; 0 for an
    /// empty cell.
    pub pct_counts_marked: Vec<f64>,
    /// Number of cells that express each gene.
    pub n_cells_by_counts: Vec<usize>,
    /// Mean count of every gene.
    pub mean_counts: Vec<f64>,
    /// Percent of cells that do not express each gene.
    pub pct_dropout_by_counts: Vec<f64>,
}

/// Computes quality metrics of a count matrix. `marked` holds the positions of one kind of genes.
///
/// # Errors
/// [`PreprocessError::Shape`] when a position in `marked` is out of range.
pub fn calculate_qc_metrics(x: &CsrMatrix, marked: &[usize]) -> Result<QcMetrics> {
    let mut is_marked = vec![false; x.n_cols()];
    for &j in marked {
        let Some(flag) = is_marked.get_mut(j) else {
            let (expected, found) = (x.n_cols(), j);
            return Err(PreprocessError::Shape { what: "marked gene", expected, found });
        };
        *flag = true;
    }
    let mut qc = QcMetrics {
        total_counts: Vec::with_capacity(x.n_rows()),
        n_genes_by_counts: Vec::with_capacity(x.n_rows()),
        pct_counts_marked: Vec::with_capacity(x.n_rows()),
        n_cells_by_counts: Vec::new(),
        mean_counts: Vec::new(),
        pct_dropout_by_counts: Vec::new(),
    };
    for (cols, vals) in x.rows() {
        let total: f64 = vals.iter().map(|&v| f64::from(v)).sum();
        let on_marked: f64 = (cols.iter().zip(vals))
            .filter(|(c, _)| is_marked[**c as usize])
            .map(|(_, &v)| f64::from(v))
            .sum();
        qc.total_counts.push(total);
        qc.n_genes_by_counts.push(vals.iter().filter(|v| **v > 0.0).count());
        qc.pct_counts_marked.push(if total > 0.0 { 100.0 * on_marked / total } else { 0.0 });
    }
    let n = (x.n_rows() as f64).max(1.0);
    for [total, cells] in column_sums(x, |_, _, v| [f64::from(v), f64::from(u8::from(v > 0.0))]) {
        qc.n_cells_by_counts.push(cells as usize);
        qc.mean_counts.push(total / n);
        qc.pct_dropout_by_counts.push(100.0 * (1.0 - cells / n));
    }
    Ok(qc)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_matrix_by_hand() {
        let x = CsrMatrix::from_dense(2, 3, &[1., 0., 3., 0., 0., 0.]).unwrap();
        let qc = calculate_qc_metrics(&x, &[0]).unwrap();
        assert_eq!(qc.total_counts, [4.0, 0.0]);
        assert_eq!(qc.n_genes_by_counts, [2, 0]);
        assert_eq!(qc.pct_counts_marked, [25.0, 0.0]);
        assert_eq!(qc.n_cells_by_counts, [1, 0, 1]);
        assert_eq!(qc.mean_counts, [0.5, 0.0, 1.5]);
        assert_eq!(qc.pct_dropout_by_counts, [50.0, 100.0, 50.0]);
        assert!(calculate_qc_metrics(&x, &[3]).is_err());
    }
}
