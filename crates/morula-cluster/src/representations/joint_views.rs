//! One embedding from several views, without training.

use morula_data::DenseMatrix;
use morula_preprocess::{Neighbors, Pca, PcaParams, kneighbors, neighbors, pca_dense};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::cell_neighbors::same_cells;
use crate::{ClusterError, Result};

/// Several views of the same cells as one embedding.
///
/// Every view is scaled to a total variance of 1, so that none outweighs the others, and the views
/// stand side by side. Each cell may then be averaged with its neighbours:
///
/// `y_i = (x_i + mean of its n nearest other cells) / 2`,
///
/// which lowers the noise of counts. The embedding is the first principal components of y.
///
/// ```
/// use morula_cluster::representations::JointViews;
/// use morula_data::DenseMatrix;
///
/// let view = |step: f32| DenseMatrix::new(30, 2, (0..60).map(|v| step * (v % 13) as f32).collect());
/// let views = [view(1.0)?, view(-0.5)?];
/// let (joint, embedding) = JointViews::fit(&views, 3, 5)?;
/// assert_eq!((embedding.n_rows(), embedding.n_cols()), (30, 3));
/// // New cells are averaged with their nearest cells of the fit.
/// let new = joint.transform(&views, &views)?;
/// assert_eq!((new.n_rows(), new.n_cols()), (30, 3));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JointViews {
    /// Factor of every view.
    scales: Vec<f32>,
    /// Neighbours that a cell is averaged with; 0 for none.
    n_neighbors: usize,
    components: Pca,
}

impl JointViews {
    /// Fits `n_comps` components, or fewer where there are fewer dimensions or cells. Returns the
    /// embedding of the cells too, `n x n_comps`.
    ///
    /// # Errors
    /// [`ClusterError::Views`] for no view, or views of different numbers of cells;
    /// [`ClusterError::Preprocess`] for values that are not finite.
    pub fn fit(
        views: &[DenseMatrix],
        n_comps: usize,
        n_neighbors: usize,
    ) -> Result<(Self, DenseMatrix)> {
        same_cells(views)?;
        let scales: Vec<f32> = views.iter().map(scale).collect();
        let mut x = side_by_side(views, &scales);
        if n_neighbors > 0 && x.n_cols() > 0 {
            let near = neighbors(x.values(), x.n_cols(), n_neighbors)?;
            x = smoothed(&x, &x, &near);
        }
        let wanted = PcaParams { n_comps, ..PcaParams::default() };
        let mut components = pca_dense(x.values(), x.n_cols(), &wanted)?;
        let scores = std::mem::take(&mut components.scores);
        let embedding = DenseMatrix::from_rows(scores, components.n_comps);
        Ok((Self { scales, n_neighbors, components }, embedding))
    }

    /// The embedding of new cells from their `views`. `known` holds the views of the cells of the
    /// fit, whose nearest each new cell is averaged with.
    ///
    /// # Errors
    /// As [`fit`](Self::fit); [`ClusterError::Views`] for views of other dimensions than those of
    /// the fit.
    pub fn transform(&self, views: &[DenseMatrix], known: &[DenseMatrix]) -> Result<DenseMatrix> {
        same_cells(views)?;
        let dims = |views: &[DenseMatrix]| -> Vec<usize> {
            views.iter().map(DenseMatrix::n_cols).collect()
        };
        let same = dims(views) == dims(known) && views.len() == self.scales.len();
        if !same || dims(views).iter().sum::<usize>() != self.components.mean.len() {
            let found = views.iter().map(DenseMatrix::n_rows).collect();
            return Err(ClusterError::Views { found });
        }
        let mut x = side_by_side(views, &self.scales);
        if self.n_neighbors > 0 {
            let known = side_by_side(known, &self.scales);
            let near = kneighbors(x.values(), known.values(), x.n_cols(), self.n_neighbors)?;
            x = smoothed(&x, &known, &near);
        }
        let scores = self.components.transform(x.values())?;
        Ok(DenseMatrix::from_rows(scores, self.components.n_comps))
    }

    /// Dimensions of the embedding.
    pub fn n_comps(&self) -> usize {
        self.components.n_comps
    }

    /// Whether the sizes agree with each other and with views of these dimensions.
    pub fn fits(&self, dims: &[usize]) -> bool {
        let Pca { n_comps, mean, loadings, .. } = &self.components;
        self.scales.len() == dims.len()
            && mean.len() == dims.iter().sum::<usize>()
            && mean.len().checked_mul(*n_comps) == Some(loadings.len())
    }
}

/// One over the root of the total variance; 1 for a view without any.
pub(super) fn scale(view: &DenseMatrix) -> f32 {
    let (n, d) = (view.n_rows().max(1) as f64, view.n_cols());
    let (mut sums, mut squares) = (vec![0.0; d], 0.0);
    for row in view.rows() {
        for (sum, &v) in sums.iter_mut().zip(row) {
            *sum += f64::from(v);
            squares += f64::from(v) * f64::from(v);
        }
    }
    let means: f64 = sums.iter().map(|sum| (sum / n) * (sum / n)).sum();
    let variance = squares / n - means;
    if variance > 0.0 { (1.0 / variance.sqrt()) as f32 } else { 1.0 }
}

/// The scaled views, cells x all dimensions.
pub(super) fn side_by_side(views: &[DenseMatrix], scales: &[f32]) -> DenseMatrix {
    let d: usize = views.iter().map(DenseMatrix::n_cols).sum();
    let n = views.iter().map(DenseMatrix::n_rows).max().unwrap_or(0);
    let mut x = Vec::with_capacity(n * d);
    for i in 0..n {
        for (view, &scale) in views.iter().zip(scales).filter(|(view, _)| view.n_cols() > 0) {
            x.extend(view.row(i).iter().map(|v| v * scale));
        }
    }
    DenseMatrix::from_rows(x, d)
}

/// Every row of `x`, averaged with the mean of its neighbours among `known`.
fn smoothed(x: &DenseMatrix, known: &DenseMatrix, near: &Neighbors) -> DenseMatrix {
    let Some(means) = neighbor_means(known, &near.indices, near.k) else { return x.clone() };
    let pairs = x.values().iter().zip(means.values());
    DenseMatrix::from_rows(pairs.map(|(v, m)| (v + m) / 2.0).collect(), x.n_cols())
}

/// The mean of `k` rows of `x` for every cell: those at `neighbors`, `k` per cell. `None` for k = 0
/// or rows without values.
pub fn neighbor_means(x: &DenseMatrix, neighbors: &[u32], k: usize) -> Option<DenseMatrix> {
    let d = x.n_cols();
    if k == 0 || d == 0 {
        return None;
    }
    let mut means = vec![0f32; neighbors.len() / k * d];
    means.par_chunks_mut(d).zip(neighbors.par_chunks(k)).for_each(|(mean, near)| {
        for &j in near {
            mean.iter_mut().zip(x.row(j as usize)).for_each(|(m, v)| *m += v);
        }
        mean.iter_mut().for_each(|m| *m /= k as f32);
    });
    Some(DenseMatrix::from_rows(means, d))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(rows: &[[f32; 2]]) -> DenseMatrix {
        DenseMatrix::from_rows(rows.concat(), 2)
    }

    #[test]
    fn views_count_alike_whatever_their_unit() {
        let small = view(&[[0., 0.], [1., 0.], [0., 2.], [3., 1.]]);
        let large = DenseMatrix::from_rows(small.values().iter().map(|v| v * 100.0).collect(), 2);
        let (_, one) = JointViews::fit(&[small.clone(), small.clone()], 2, 0).unwrap();
        let (_, other) = JointViews::fit(&[small.clone(), large], 2, 0).unwrap();
        for (a, b) in one.values().iter().zip(other.values()) {
            assert!((a - b).abs() < 1e-5, "{a} {b}");
        }
        // The total variance of each is 1.
        let squares: f32 = one.values().iter().map(|v| v * v).sum();
        assert!((squares / 4.0 - 2.0).abs() < 1e-5, "{squares}");
    }

    #[test]
    fn a_cell_moves_half_way_to_the_mean_of_its_nearest() {
        let x = DenseMatrix::from_rows(vec![0.0, 1.0, 3.0, 10.0], 1);
        let near = neighbors(x.values(), 1, 2).unwrap();
        assert_eq!(smoothed(&x, &x, &near).values(), [1.0, 1.25, 1.75, 6.0]);
    }

    #[test]
    fn means_are_those_of_the_neighbours() {
        let x = DenseMatrix::from_rows(vec![1.0, 0.0, 3.0, 2.0, 5.0, 4.0], 2);
        let means = neighbor_means(&x, &[1, 2, 0, 0, 1, 0], 2).unwrap();
        assert_eq!(means.values(), [4.0, 3.0, 1.0, 0.0, 2.0, 1.0]);
        assert!(neighbor_means(&x, &[], 0).is_none());
    }

    #[test]
    fn without_smoothing_the_cells_of_the_fit_keep_their_embedding() {
        let a = [view(&[[0., 0.], [1., 0.], [0., 2.], [3., 1.]])];
        let (joint, fitted) = JointViews::fit(&a, 2, 0).unwrap();
        let again = joint.transform(&a, &a).unwrap();
        for (a, b) in fitted.values().iter().zip(again.values()) {
            assert!((a - b).abs() < 1e-5, "{a} {b}");
        }
        assert!(joint.fits(&[2]) && !joint.fits(&[3]) && !joint.fits(&[1, 1]));
    }

    #[test]
    fn one_cell_equal_cells_and_no_dimension_have_an_embedding() {
        for rows in [&[[1.0, 2.0]][..], &[[1.0, 2.0]; 5]] {
            let (joint, embedding) = JointViews::fit(&[view(rows)], 2, 10).unwrap();
            assert_eq!(embedding.n_rows(), rows.len());
            assert!(embedding.values().iter().all(|v| *v == 0.0));
            assert_eq!(joint.transform(&[view(rows)], &[view(rows)]).unwrap(), embedding);
        }
    }

    #[test]
    fn other_views_are_refused() {
        let a = view(&[[0., 0.], [1., 0.], [0., 2.]]);
        let (joint, _) = JointViews::fit(std::slice::from_ref(&a), 2, 1).unwrap();
        let wide = [DenseMatrix::from_rows(vec![0.0; 9], 3)];
        assert!(joint.transform(&wide, &wide).is_err());
        assert!(joint.transform(&[a.clone(), a.clone()], &[a.clone(), a.clone()]).is_err());
        assert!(JointViews::fit(&[], 2, 1).is_err());
        assert!(JointViews::fit(&[a, view(&[[0., 1.]])], 2, 1).is_err());
    }
}
