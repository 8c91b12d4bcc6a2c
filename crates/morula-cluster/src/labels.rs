//! Labels: clusters as numbers from 0, the largest cluster first.

use std::cmp::Reverse;

use morula_data::DenseMatrix;

use crate::{ClusterError, Result};

/// Number of clusters.
pub(crate) fn count(labels: &[usize]) -> usize {
    labels.iter().max().map_or(0, |k| k + 1)
}

/// Renumbers clusters by falling size.
pub(crate) fn by_size(labels: &[usize]) -> Vec<usize> {
    let rank = ranks(labels, count(labels));
    labels.iter().map(|&k| rank[k]).collect()
}

/// The number of each of `k` clusters when they are ordered by falling size, as in scanpy. The
/// first member decides ties; empty clusters come last.
///
/// ```
/// use morula_cluster::ranks;
///
/// // Cluster 2 has two cells, cluster 0 one, cluster 1 none.
/// assert_eq!(ranks(&[2, 0, 2], 3), [1, 2, 0]);
/// ```
///
/// # Panics
/// When a label is not below `k`, as an index of a slice does.
pub fn ranks(labels: &[usize], k: usize) -> Vec<usize> {
    let mut sizes = vec![0_usize; k];
    let mut first = vec![labels.len(); k];
    for (i, &label) in labels.iter().enumerate() {
        sizes[label] += 1;
        first[label] = first[label].min(i);
    }
    let mut order: Vec<usize> = (0..k).collect();
    order.sort_by_key(|&label| (Reverse(sizes[label]), first[label]));
    let mut rank = vec![0; k];
    order.iter().enumerate().for_each(|(r, &label)| rank[label] = r);
    rank
}

/// Numbers clusters by falling numbers of the cells that they are likeliest for. `renumber` is called
/// with the new number of every cluster. Gives the probabilities with their columns in that order,
/// the likeliest cluster of every cell, and the number of clusters that have any.
///
/// Where clusters tie, the first is the likeliest, so that other numbers may change the sizes. Cells
/// then move to a larger cluster only, so this ends.
pub fn number_by_cells(
    mut proba: DenseMatrix,
    mut renumber: impl FnMut(&[usize]),
) -> (DenseMatrix, Vec<usize>, usize) {
    loop {
        let labels = proba.argmax();
        let to = ranks(&labels, proba.n_cols());
        if to.is_sorted() {
            let live = count(&labels);
            return (proba, labels, live);
        }
        renumber(&to);
        proba = proba.with_columns(&to);
    }
}

/// Refuses points that cannot be put into `n_clusters` clusters.
pub(crate) fn check_points(x: &DenseMatrix, n_clusters: usize) -> Result<()> {
    let n_cells = x.n_rows();
    let why = match () {
        () if n_clusters == 0 => "give at least one",
        () if n_clusters > n_cells => "there are fewer cells than clusters",
        () if x.values().iter().any(|v| !v.is_finite()) => "it holds values that are not finite",
        () => return Ok(()),
    };
    Err(ClusterError::Points { n_cells, n_clusters, why })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_cluster_is_0_and_ties_go_by_the_first_member() {
        assert_eq!(by_size(&[7, 3, 3, 5, 3, 5, 7]), [1, 0, 0, 2, 0, 2, 1]);
        assert!(by_size(&[]).is_empty());
        assert_eq!(ranks(&[2, 1, 2], 4), [2, 1, 0, 3]);
    }

    #[test]
    fn ties_do_not_leave_sizes_that_rise() {
        // Two cells each for 1 and 2, three for 0 of which two are ties with 2.
        let rows = [
            [0.5, 0.0, 0.5],
            [0.5, 0.0, 0.5],
            [0.0, 1.0, 0.0],
            [0.0, 1.0, 0.0],
            [0.0, 0.0, 1.0],
            [0.0, 0.0, 1.0],
            [0.0, 0.0, 1.0],
        ];
        let mut calls = 0;
        let proba = DenseMatrix::from_rows(rows.concat(), 3);
        let (proba, labels, live) = number_by_cells(proba, |_| calls += 1);
        assert_eq!((labels, live), (vec![0, 0, 1, 1, 0, 0, 0], 2));
        assert_eq!((proba.row(0), proba.row(2)), (&[0.5, 0.0, 0.5][..], &[0.0, 1.0, 0.0][..]));
        assert!(calls > 0);
    }

    #[test]
    fn points_that_cannot_be_clustered_are_refused() {
        let points = |x: &[f32]| DenseMatrix::from_rows(x.to_vec(), 2);
        assert!(check_points(&points(&[1.0; 6]), 3).is_ok());
        assert!(check_points(&points(&[1.0; 6]), 4).is_err());
        assert!(check_points(&points(&[1.0; 4]), 0).is_err());
        assert!(check_points(&points(&[1.0, f32::NAN]), 1).is_err());
    }
}
