//! Expression of all genes.

use morula_data::CsrMatrix;
use morula_preprocess::{TargetSum, log1p, normalize_total};

use crate::Result;
use crate::run::shape;

/// Log-normalised expression, cells x genes.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression {
    x: CsrMatrix,
    genes: Vec<String>,
}

impl Expression {
    /// `ln(1 + counts)`, after normalisation of the cells to the median total.
    ///
    /// # Errors
    /// [`ReportError::Shape`](crate::ReportError::Shape) when there is not one name per gene.
    pub fn from_counts(mut counts: CsrMatrix, genes: Vec<String>) -> Result<Self> {
        normalize_total(&mut counts, TargetSum::Median)?;
        log1p(&mut counts);
        Self::new(counts, genes)
    }

    /// Takes expression that is already log-normalised.
    ///
    /// # Errors
    /// [`ReportError::Shape`](crate::ReportError::Shape) when there is not one name per gene.
    pub fn new(x: CsrMatrix, genes: Vec<String>) -> Result<Self> {
        match x.n_cols() == genes.len() {
            true => Ok(Self { x, genes }),
            false => Err(shape("names of genes", x.n_cols(), genes.len())),
        }
    }

    /// Number of cells.
    pub fn n_cells(&self) -> usize {
        self.x.n_rows()
    }

    /// Names of genes.
    pub fn genes(&self) -> &[String] {
        &self.genes
    }

    /// Some genes of some cells, row-major `cells x genes`.
    pub(crate) fn dense(&self, cells: &[usize], genes: &[usize]) -> Vec<f32> {
        self.x.select_rows(cells).select_cols(genes).to_dense()
    }

    /// The whole matrix.
    pub(super) fn x(&self) -> &CsrMatrix {
        &self.x
    }

    /// Mean of some genes in every cluster, and share of the cluster's cells that express them,
    /// row-major `k x genes`; 0 for a cluster without cells. `labels` has one value below `k` per
    /// cell.
    pub(super) fn per_cluster(&self, labels: &[usize], k: usize, genes: &[usize]) -> [Vec<f64>; 2] {
        let n = genes.len();
        let [mut mean, mut share] = [(); 2].map(|()| vec![0.0; k * n]);
        let mut sizes = vec![0.0f64; k];
        let x = self.x.select_cols(genes);
        for ((columns, values), &cluster) in x.rows().zip(labels) {
            sizes[cluster] += 1.0;
            for (&column, &value) in columns.iter().zip(values).filter(|(_, v)| **v > 0.0) {
                let at = cluster * n + column as usize;
                mean[at] += f64::from(value);
                share[at] += 1.0;
            }
        }
        for all in [&mut mean, &mut share] {
            for (row, size) in all.chunks_mut(n.max(1)).zip(&sizes) {
                row.iter_mut().for_each(|v| *v /= size.max(1.0));
            }
        }
        [mean, share]
    }
}
