//! Clustering of points and graphs without a network: what models are compared with, and what
//! they may build on.
//!
//! Points are rows of a row-major slice, as for [`neighbors`](morula_preprocess::neighbors);
//! graphs are symmetric [`CsrMatrix`](morula_data::CsrMatrix) of weights, as
//! [`Neighbors::connectivities`](morula_preprocess::Neighbors::connectivities) and
//! [`Neighbors::fuzzy_connectivities`](morula_preprocess::Neighbors::fuzzy_connectivities) give
//! them. Clusters are numbered by falling size.

mod affinity;
mod agreement;
mod apart;
mod blend;
mod communities;
mod consensus;
mod ensemble;
mod found;
mod granularity;
mod kmeans;
mod leiden;
mod split;
mod tree;
mod tuned;
mod ward;

pub use blend::blend;
pub use communities::{Communities, communities};
pub(crate) use found::find;
pub use granularity::{Granularity, Level};
pub use kmeans::{KMeansParams, kmeans};
pub use leiden::{LeidenParams, leiden};
pub use tuned::leiden_tuned;
pub use ward::ward;

use std::cmp::Reverse;

use crate::{ModelError, Result};

/// Number of clusters.
fn number(labels: &[usize]) -> usize {
    labels.iter().max().map_or(0, |k| k + 1)
}

/// Numbers labels by falling size of their clusters.
fn by_size(labels: &[usize]) -> Vec<usize> {
    let rank = ranks(labels, number(labels));
    labels.iter().map(|&k| rank[k]).collect()
}

/// What number each of `k` clusters gets by falling size, as scanpy does; ties by the first member,
/// clusters without any last.
pub(crate) fn ranks(labels: &[usize], k: usize) -> Vec<usize> {
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

/// Number of points in row-major `x`, checked against the clusters asked for.
fn n_points(x: &[f32], n_dims: usize, n_clusters: usize) -> Result<usize> {
    let n_cells = x.len() / n_dims.max(1);
    let problem = match () {
        () if n_dims == 0 || !x.len().is_multiple_of(n_dims) => "its rows have different lengths",
        () if n_clusters == 0 => "ask for at least one",
        () if n_clusters > n_cells => "there are fewer cells than clusters",
        () if x.iter().any(|v| !v.is_finite()) => "it holds values that are not finite",
        () => return Ok(n_cells),
    };
    Err(ModelError::Clustering { n_cells, n_clusters, why: problem })
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
    fn points_that_cannot_be_clustered_are_refused() {
        assert_eq!(n_points(&[1.0; 6], 2, 3).unwrap(), 3);
        for (x, dims, k) in [(&[1.0; 6][..], 4, 1), (&[1.0; 6], 0, 1), (&[1.0; 6], 2, 4)] {
            assert!(n_points(x, dims, k).is_err());
        }
        assert!(n_points(&[1.0; 4], 2, 0).is_err());
        assert!(n_points(&[1.0, f32::NAN], 1, 1).is_err());
    }
}
