//! Approximate nearest neighbours of many points, by NN-descent (Dong, Moses and Li 2011).

use std::cmp::Ordering;

use ann_search_rs::build_knn_graph_nndescent;
use ann_search_rs::prelude::{NNDescentKnnParams, Verbosity};
use rayon::prelude::*;

use super::block::distance;
use super::points::Points;

/// Seed of the trees that the search starts from.
const SEED: usize = 0;

/// Squared distances and indices of about the `k` nearest of every point, point by point; `None` for
/// more points than the search can number.
///
/// Distances are measured again in double precision. The few points with fewer than `k` neighbours
/// are searched exactly.
pub(super) fn descent(points: &Points<'_>, k: usize) -> Option<Vec<(f64, u32)>> {
    let (n, d) = (points.n(), points.dims);
    let params = NNDescentKnnParams {
        k,
        include_self: false,
        return_dist: false,
        ..NNDescentKnnParams::default()
    };
    let matrix = (points.y.as_slice(), n, d);
    let found =
        build_knn_graph_nndescent(matrix, "euclidean", Some(params), SEED, Verbosity::Quiet)
            .ok()?;
    let measured = |i: usize, j: u32| (distance(points, i, points, j as usize), j);
    let nearer =
        |a: &(f64, u32), b: &(f64, u32)| -> Ordering { a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)) };
    let rows = (0..n).into_par_iter().flat_map_iter(|i| {
        let row = found.row(i).iter().filter(|&&j| (j as usize) < n && j as usize != i);
        let mut near: Vec<(f64, u32)> = row.map(|&j| measured(i, j)).collect();
        near.sort_unstable_by(nearer);
        near.dedup_by_key(|near| near.1);
        if near.len() < k {
            let others = (0..n as u32).filter(|&j| j as usize != i);
            near = others.map(|j| measured(i, j)).collect();
            near.sort_unstable_by(nearer);
        }
        near.truncate(k);
        near
    });
    Some(rows.collect())
}
