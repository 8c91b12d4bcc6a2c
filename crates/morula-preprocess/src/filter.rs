//! Filters of genes and cells ([1.2](https://github.com/morula-bio/morula/blob/main/docs/models/jojoscl.md#1-2)).

use crate::rows::{Rows, column_sums};
use morula_data::CsrMatrix;
use rayon::prelude::*;

/// Positions of the genes that are expressed in at least `min_cells` cells, ascending.
///
/// The same as scanpy's `pp.filter_genes(min_cells=...)`.
pub fn filter_genes(x: &CsrMatrix, min_cells: usize) -> Vec<usize> {
    column_sums(x, |_, _, v| [f64::from(u8::from(v > 0.0))])
        .iter()
        .enumerate()
        .filter(|(_, n)| n[0] >= min_cells as f64)
        .map(|(j, _)| j)
        .collect()
}

/// Positions of the cells with at least `min_counts` counts in total and at least `min_genes`
/// expressed genes, ascending.
///
/// The same as scanpy's `pp.filter_cells`, called once per argument.
pub fn filter_cells(x: &CsrMatrix, min_counts: f64, min_genes: usize) -> Vec<usize> {
    cells_passing(x, min_counts, min_genes)
}

pub(crate) fn cells_passing<R: Rows>(x: &R, min_counts: f64, min_genes: usize) -> Vec<usize> {
    (0..x.n_rows())
        .into_par_iter()
        .filter(|&i| {
            let (mut total, mut genes) = (0.0, 0);
            x.visit(i, |_, v| {
                total += f64::from(v);
                genes += usize::from(v > 0.0);
            });
            total >= min_counts && genes >= min_genes
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts() -> CsrMatrix {
        CsrMatrix::from_dense(3, 3, &[1., 0., 5., 0., 0., 0., 2., 0., 0.]).unwrap()
    }

    #[test]
    fn genes_are_counted_by_cells() {
        assert_eq!(filter_genes(&counts(), 0), [0, 1, 2]);
        assert_eq!(filter_genes(&counts(), 1), [0, 2]);
        assert_eq!(filter_genes(&counts(), 2), [0]);
        assert!(filter_genes(&counts(), 4).is_empty());
    }

    #[test]
    fn cells_are_counted_by_total_and_genes() {
        assert_eq!(filter_cells(&counts(), 1.0, 0), [0, 2]);
        assert_eq!(filter_cells(&counts(), 3.0, 0), [0]);
        assert_eq!(filter_cells(&counts(), 0.0, 2), [0]);
        assert_eq!(filter_cells(&counts(), 0.0, 0), [0, 1, 2]);
    }

    #[test]
    fn a_stored_zero_is_not_a_count() {
        let x = CsrMatrix::new(1, 2, vec![0, 2], vec![0, 1], vec![0., 1.]).unwrap();
        assert_eq!(filter_genes(&x, 1), [1]);
        assert!(filter_cells(&x, 1.0, 2).is_empty());
    }
}
