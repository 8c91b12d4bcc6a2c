//! The kNN classifier: clusters of cells from their nearest cells in several views.

mod saved;

use morula_data::DenseMatrix;
use morula_preprocess::{Neighbors, kneighbors};

pub use self::saved::KnnSizes;
use crate::communities::Communities;
use crate::error::require;
use crate::labels::count;
use crate::representations::{CellNeighbors, NEIGHBORHOOD, same_cells};
use crate::{ClusterError, Result};

/// Most rounds that raise the weight of clusters without a cell.
const ROUNDS: usize = 10;

/// Factor by which a raised cluster leads in the cells that it regains.
const LEAD: f32 = 1.01;

/// kNN classifier: the cells of a fit with their clusters. It classifies any cell by the nearest of
/// them.
///
/// In every view the 15 nearest cells vote; a cell of the fit is one of its own 15. A small cluster
/// cannot fill 15 places, so a vote counts as the share of the places that its cluster can fill:
///
/// `v_ik ~ sum_v w_k sum_{j in N_v(i)} [j in k]`, `w_k = 1 / min(15, n_k)`, rows summing to 1.
///
/// A cluster may be outvoted in every one of its cells. Then its weight is raised until half of its
/// cells keep it.
///
/// Neighbours may agree and still be wrong if another partition is as plausible. So votes count in
/// proportion to the stability of their clusters ([`Communities::stability`]), and the rest of the
/// probability is spread evenly:
///
/// `p_ik = c_i v_ik + (1 - c_i) / K`, with c_i the mean stability of the voters for the likeliest
/// k.
///
/// ```
/// use morula_cluster::representations::CellNeighbors;
/// use morula_cluster::{KnnClassifier, NClusters, communities};
/// use morula_data::DenseMatrix;
///
/// // 20 cells at 0 to 19 and 20 cells at 100 to 119.
/// let x = (0..40).map(|i| if i < 20 { i as f32 } else { 80.0 + i as f32 });
/// let cells = CellNeighbors::new(vec![DenseMatrix::new(40, 1, x.collect())?])?;
/// let clusters = communities(&cells.graph()?, NClusters::Given(2), 0)?;
///
/// let (classifier, proba) = KnnClassifier::fit(cells, clusters)?;
/// assert_eq!(proba.argmax(), [[0; 20], [1; 20]].concat());
/// let new = DenseMatrix::new(2, 1, vec![104.5, 3.5])?;
/// assert_eq!(classifier.predict_proba(&[new])?.argmax(), [1, 0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct KnnClassifier {
    views: Vec<DenseMatrix>,
    labels: Vec<usize>,
    /// Stability of the cluster of every cell, 0 to 1.
    stability: Vec<f32>,
    /// Weight of a vote for every cluster.
    weights: Vec<f32>,
}

impl KnnClassifier {
    /// Fits the classifier to cells and their clusters. Returns it with the probabilities of these
    /// cells, cells x K.
    ///
    /// # Errors
    /// [`ClusterError::Views`] when the numbers of cells, labels and stabilities differ;
    /// [`ClusterError::Parameter`] for a label that is not below the number of clusters.
    pub fn fit(cells: CellNeighbors, clusters: Communities) -> Result<(Self, DenseMatrix)> {
        let found = vec![cells.n_cells(), clusters.labels.len(), clusters.stability.len()];
        if found.iter().any(|&n| n != found[0]) {
            return Err(ClusterError::Views { found });
        }
        let k = count(&clusters.labels);
        require("n_clusters", clusters.n_clusters, k <= clusters.n_clusters, "give every label")?;
        let (views, found) = cells.into_parts();
        let Communities { labels, n_clusters, stability, .. } = clusters;
        let mut sizes = vec![0_usize; n_clusters];
        labels.iter().for_each(|&k| sizes[k] += 1);
        let share = |&size: &usize| 1.0 / size.clamp(1, NEIGHBORHOOD) as f32;
        let weights = sizes.iter().map(share).collect();
        let mut classifier = Self { views, labels, stability, weights };
        // A cell that one cluster regains is lost by another, so a few rounds are needed.
        for _ in 0..ROUNDS {
            if !classifier.raise_outvoted(&found) {
                break;
            }
        }
        let proba = classifier.count(classifier.labels.len(), &found, true);
        Ok((classifier, proba))
    }

    /// Number of clusters.
    pub fn n_clusters(&self) -> usize {
        self.weights.len()
    }

    /// Gives cluster `k` the number `to[k]`.
    pub(crate) fn renumber(&mut self, to: &[usize]) {
        self.labels.iter_mut().for_each(|label| *label = to[*label]);
        let weights = self.weights.clone();
        weights.iter().zip(to).for_each(|(&weight, &to)| self.weights[to] = weight);
    }

    /// Raises the weight of clusters without a cell, so that half of their own cells would keep
    /// them. Returns whether any was raised.
    fn raise_outvoted(&mut self, found: &[Neighbors]) -> bool {
        let k = self.n_clusters();
        let mut wins = vec![false; k];
        // Votes for the likeliest other cluster of every cell, as a multiple of the votes for its
        // own.
        let mut lead: Vec<Vec<f32>> = vec![Vec::new(); k];
        let mut cast = vec![[0.0; 2]; k];
        for (i, &own) in self.labels.iter().enumerate() {
            self.cast(i, found, true, &mut cast);
            let of = |a: usize| cast[a][0];
            let Some(first) = (0..k).reduce(|a, b| if of(b) > of(a) { b } else { a }) else {
                return false;
            };
            wins[first] = true;
            let others = (0..k).filter(|&a| a != own).map(of);
            lead[own].push(others.fold(0.0, f32::max) / of(own));
        }
        let mut any = false;
        for ((weight, lead), wins) in self.weights.iter_mut().zip(&mut lead).zip(wins) {
            lead.sort_by(f32::total_cmp);
            if let (false, Some(median)) = (wins, lead.get(lead.len() / 2)) {
                *weight *= median * LEAD;
                any = true;
            }
        }
        any
    }

    /// Dimensions of the views.
    pub fn dims(&self) -> Vec<usize> {
        self.views.iter().map(DenseMatrix::n_cols).collect()
    }

    /// Probabilities of new cells, m x K, from their views, each m x the view's dimensions.
    ///
    /// # Errors
    /// [`ClusterError::Views`] when the number or dimensions of the views differ from the fit's;
    /// [`ClusterError::Preprocess`] for values that are not finite.
    pub fn predict_proba(&self, views: &[DenseMatrix]) -> Result<DenseMatrix> {
        let n_cells = same_cells(views)?;
        if !views.iter().map(DenseMatrix::n_cols).eq(self.dims()) {
            let found = views.iter().map(DenseMatrix::n_rows).collect();
            return Err(ClusterError::Views { found });
        }
        let found = self.views.iter().zip(views).map(|(points, queries)| {
            Ok(kneighbors(queries.values(), points.values(), points.n_cols(), NEIGHBORHOOD)?)
        });
        let found = found.collect::<Result<Vec<_>>>()?;
        Ok(self.count(n_cells, &found, false))
    }

    /// Probabilities from the votes. With `own`, each cell votes for itself: it is not its own
    /// neighbour.
    fn count(&self, n_cells: usize, found: &[Neighbors], own: bool) -> DenseMatrix {
        let k = self.n_clusters();
        let mut proba = vec![0.0; n_cells * k];
        let mut cast = vec![[0.0_f32; 2]; k];
        for (i, row) in proba.chunks_mut(k.max(1)).enumerate() {
            self.cast(i, found, own, &mut cast);
            let total: f32 = cast.iter().map(|c| c[0]).sum();
            let most = cast.iter().copied().reduce(|a, b| if b[0] > a[0] { b } else { a });
            let [votes, stability] = most.unwrap_or_default();
            let trust = stability / votes.max(f32::MIN_POSITIVE);
            for (p, [votes, _]) in row.iter_mut().zip(&cast) {
                *p = trust * votes / total.max(f32::MIN_POSITIVE) + (1.0 - trust) / k as f32;
            }
        }
        DenseMatrix::from_rows(proba, k)
    }

    /// The votes for every cluster on cell i, and the sum of the voters' stability.
    fn cast(&self, i: usize, found: &[Neighbors], own: bool, cast: &mut [[f32; 2]]) {
        cast.fill([0.0; 2]);
        let itself = if own { found.len() } else { 0 };
        let near = found.iter().flat_map(|v| &v.indices[i * v.k..(i + 1) * v.k]);
        for j in near.map(|&j| j as usize).chain(std::iter::repeat_n(i, itself)) {
            let label = self.labels[j];
            let [votes, stability] = &mut cast[label];
            *votes += self.weights[label];
            *stability += self.weights[label] * self.stability[j];
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn clusters(stability: f32) -> Communities {
        let labels = [vec![0; 20], vec![1; 2]].concat();
        let profile = Default::default();
        Communities { labels, n_clusters: 2, stability: vec![stability; 22], profile }
    }

    /// 20 cells at 0 to 19 and 2 cells far away, in two views.
    pub(super) fn cells() -> (KnnClassifier, DenseMatrix) {
        let x: Vec<f32> = (0..20).map(|i| i as f32).chain([200.0, 201.0]).collect();
        let view = DenseMatrix::from_rows(x, 1);
        let views = vec![view.clone(), view];
        KnnClassifier::fit(CellNeighbors::new(views).unwrap(), clusters(1.0)).unwrap()
    }

    #[test]
    fn clusters_of_other_cells_are_refused() {
        let cells = || CellNeighbors::new(vec![DenseMatrix::from_rows(vec![0.0; 22], 1)]).unwrap();
        for wrong in [
            Communities { n_clusters: 1, ..clusters(1.0) },
            Communities { stability: vec![1.0; 3], ..clusters(1.0) },
            Communities { labels: vec![0; 21], ..clusters(1.0) },
        ] {
            assert!(KnnClassifier::fit(cells(), wrong).is_err());
        }
    }

    #[test]
    fn small_clusters_keep_their_cells() {
        let (_, proba) = cells();
        for i in 0..20 {
            assert_eq!(proba.row(i), [1.0, 0.0], "{i}");
        }
        // The small cluster fills its two places, the large one 13 of 15.
        let expected = 1.0 / (1.0 + 13.0 / 15.0);
        for i in 20..22 {
            assert!((proba.row(i)[1] - expected).abs() < 1e-6, "{:?}", proba.row(i));
        }
    }

    /// 100 cells in a row. Every third cell from 30 to 75 belongs to a cluster that has a third of
    /// the votes on each of its cells.
    #[test]
    fn no_cluster_is_lost() {
        let of = |i: usize| usize::from((30..=75).contains(&i) && i.is_multiple_of(3));
        let labels: Vec<usize> = (0..100).map(of).collect();
        let view = DenseMatrix::from_rows((0..100).map(|i| i as f32).collect(), 1);
        let profile = Default::default();
        let clusters = Communities { labels, n_clusters: 2, stability: vec![1.0; 100], profile };
        let cells = CellNeighbors::new(vec![view]).unwrap();
        let (classifier, proba) = KnnClassifier::fit(cells, clusters).unwrap();
        let found = proba.argmax();
        let kept = (0..100).filter(|&i| of(i) == 1 && found[i] == 1).count();
        assert!(kept >= 8 && found[..20] == [0; 20], "{found:?}");
        assert!(classifier.weights[1] > 2.0 / 15.0, "{:?}", classifier.weights);
        assert_eq!(classifier.weights[0], 1.0 / 15.0);
    }

    #[test]
    fn unstable_clusters_have_a_lower_probability() {
        let x = (0..22).map(|i| if i < 20 { 0.0 } else { 9.0 }).collect();
        let cells = CellNeighbors::new(vec![DenseMatrix::from_rows(x, 1)]).unwrap();
        let (_, proba) = KnnClassifier::fit(cells, clusters(0.5)).unwrap();
        assert_eq!(proba.row(0), [0.75, 0.25]);
    }

    #[test]
    fn cells_of_the_fit_and_new_cells_get_the_same_probabilities() {
        let (classifier, proba) = cells();
        let again = classifier.predict_proba(&classifier.views).unwrap();
        for (a, b) in proba.values().iter().zip(again.values()) {
            assert!((a - b).abs() < 1e-6);
        }
    }
}
