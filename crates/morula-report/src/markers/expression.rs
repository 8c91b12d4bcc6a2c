//! Expression of all genes, and its moments per cluster.

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
    /// `ln(1 + counts)` of cells brought to the median total.
    ///
    /// # Errors
    /// [`ReportError::Shape`](crate::ReportError::Shape) when there is not one name per gene.
    pub fn from_counts(mut counts: CsrMatrix, genes: Vec<String>) -> Result<Self> {
        normalize_total(&mut counts, TargetSum::Median)?;
        log1p(&mut counts);
        Self::new(counts, genes)
    }

    /// Expression that is logarithmic already.
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
}

/// Sums over the cells of every cluster.
pub(super) struct Moments {
    pub(super) sizes: Vec<usize>,
    pub(super) n_genes: usize,
    sums: Vec<f64>,
    squares: Vec<f64>,
    expressing: Vec<f64>,
}

impl Moments {
    pub(super) fn new(expression: &Expression, labels: &[usize], k: usize) -> Result<Self> {
        let (n, g) = (expression.n_cells(), expression.genes.len());
        if labels.len() != n {
            return Err(shape("labels of the cells with expression", n, labels.len()));
        }
        if let Some(beyond) = labels.iter().find(|&&label| label >= k) {
            return Err(shape("labels", format!("below {k}"), beyond));
        }
        let mut sizes = vec![0; k];
        let [mut sums, mut squares, mut expressing] = [(); 3].map(|()| vec![0.0; k * g]);
        for ((genes, values), &label) in expression.x.rows().zip(labels) {
            sizes[label] += 1;
            for (&gene, &value) in genes.iter().zip(values).filter(|(_, v)| **v > 0.0) {
                let (at, value) = (label * g + gene as usize, f64::from(value));
                sums[at] += value;
                squares[at] += value * value;
                expressing[at] += 1.0;
            }
        }
        Ok(Self { sizes, n_genes: g, sums, squares, expressing })
    }

    /// Mean of a gene in a cluster, 0 without cells.
    pub(super) fn mean(&self, cluster: usize, gene: usize) -> f64 {
        self.sums[cluster * self.n_genes + gene] / self.sizes[cluster].max(1) as f64
    }

    /// Share of a cluster's cells that express a gene, 0 without cells.
    pub(super) fn fraction(&self, cluster: usize, gene: usize) -> f64 {
        self.expressing[cluster * self.n_genes + gene] / self.sizes[cluster].max(1) as f64
    }

    /// Number, sum and sum of squares of a gene over a cluster and over all other cells.
    pub(super) fn split(&self, cluster: usize, gene: usize, all: &[f64; 2]) -> [[f64; 3]; 2] {
        let at = cluster * self.n_genes + gene;
        let (n, total) = (self.sizes[cluster] as f64, self.sizes.iter().sum::<usize>() as f64);
        let (sum, squares) = (self.sums[at], self.squares[at]);
        [[n, sum, squares], [total - n, all[0] - sum, all[1] - squares]]
    }

    /// Sum and sum of squares of a gene over all cells.
    pub(super) fn total(&self, gene: usize) -> [f64; 2] {
        let over =
            |values: &[f64]| (0..self.sizes.len()).map(|c| values[c * self.n_genes + gene]).sum();
        [over(&self.sums), over(&self.squares)]
    }
}
