//! The kNN classifier: clusters of cells from their nearest cells in several views.

mod ballot;
mod cut;
mod leaves;
mod saved;

use morula_data::DenseMatrix;
use morula_preprocess::kneighbors;

pub(crate) use self::ballot::Ballot;
use self::leaves::Leaves;
pub use self::saved::KnnSizes;
use crate::ClusterTree;
use crate::communities::Communities;
use crate::error::require;
use crate::labels::count;
use crate::representations::{CellNeighbors, NEIGHBORHOOD, same_cells};
use crate::{ClusterError, Result};

/// kNN classifier: the cells of a fit with their clusters. It classifies any cell by the nearest of
/// them.
///
/// In every view the 15 nearest cells vote; a cell of the fit is one of its own 15. A small cluster
/// cannot fill 15 places, so a vote counts as the share of the places that its cluster can fill:
///
/// `v_ik ~ sum_v w_k sum_{j in N_v(i)} [j in k]`, `w_k = 1 / min(15, n_k)`, rows summing to 1.
///
/// A cluster may be outvoted in every one of its cells. Then its weight is raised until half of its
/// cells keep it. A cluster that is outvoted even so is dissolved: each of its cells joins the
/// cluster that outvoted it, and the votes are counted again. So every cluster has cells.
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
    ballot: Ballot,
    /// None without a tree.
    leaves: Option<Leaves>,
}

/// Clusters of new cells.
#[derive(Debug, Clone, PartialEq)]
pub struct Classes {
    /// Probability of every cluster, cells x K.
    pub proba: DenseMatrix,
    /// Leaf of the tree of every cell, within its likeliest cluster. `None` from a classifier
    /// without a tree.
    pub leaves: Option<Vec<usize>>,
}

impl KnnClassifier {
    /// Fits the classifier to cells and their clusters. Returns it with the probabilities of these
    /// cells, cells x K. Every cluster is the likeliest of some cell, and clusters are numbered by
    /// falling number of these cells. K is smaller than the given number if clusters are dissolved.
    ///
    /// # Errors
    /// [`ClusterError::Views`] when the numbers of cells, labels and stabilities differ;
    /// [`ClusterError::Parameter`] for a label that is not below the number of clusters.
    pub fn fit(cells: CellNeighbors, clusters: Communities) -> Result<(Self, DenseMatrix)> {
        let (ballot, proba) = Self::vote(&cells, clusters)?;
        Ok((Self::new(cells, ballot), proba))
    }

    /// The votes of the cells of a fit, and their probabilities.
    pub(crate) fn vote(
        cells: &CellNeighbors,
        clusters: Communities,
    ) -> Result<(Ballot, DenseMatrix)> {
        let found = vec![cells.n_cells(), clusters.labels.len(), clusters.stability.len()];
        if found.iter().any(|&n| n != found[0]) {
            return Err(ClusterError::Views { found });
        }
        let k = count(&clusters.labels);
        require("n_clusters", clusters.n_clusters, k <= clusters.n_clusters, "give every label")?;
        Ok(Ballot::settle(cells.neighbors(), clusters))
    }

    /// From the votes of the cells.
    pub(crate) fn new(cells: CellNeighbors, ballot: Ballot) -> Self {
        Self { views: cells.into_parts().0, ballot, leaves: None }
    }

    /// With the leaf of every cell of the fit in a tree of its clusters, new cells get a leaf too.
    ///
    /// # Errors
    /// [`ClusterError::Parameter`] for another number of leaves than cells, or of clusters.
    pub fn with_tree(mut self, tree: &ClusterTree, leaves: &[usize]) -> Result<Self> {
        let fits = leaves.len() == self.ballot.labels.len()
            && leaves.iter().all(|&leaf| leaf < tree.n_leaves())
            && tree.n_clusters() == self.n_clusters();
        require("leaves", leaves.len(), fits, "give the leaf of every cell in its tree")?;
        let clusters = tree.clusters().to_vec();
        self.leaves = Some(Leaves { of_cell: leaves.to_vec(), clusters });
        Ok(self)
    }

    /// Whether its clusters, and its leaves if it has them, are those of a tree.
    pub fn fits(&self, tree: &ClusterTree) -> bool {
        tree.n_clusters() == self.n_clusters()
            && self.leaves.as_ref().is_none_or(|leaves| leaves.clusters == tree.clusters())
    }

    /// Number of clusters.
    pub fn n_clusters(&self) -> usize {
        self.ballot.n_clusters()
    }

    /// The cells of the fit in every view.
    pub fn views(&self) -> &[DenseMatrix] {
        &self.views
    }

    /// Dimensions of the views.
    pub fn dims(&self) -> Vec<usize> {
        self.views.iter().map(DenseMatrix::n_cols).collect()
    }

    /// Probabilities of new cells, m x K, from their views, each m x the view's dimensions.
    ///
    /// # Errors
    /// As [`predict`](Self::predict).
    pub fn predict_proba(&self, views: &[DenseMatrix]) -> Result<DenseMatrix> {
        Ok(self.predict(views)?.proba)
    }

    /// Clusters of new cells from their views, each m x the view's dimensions.
    ///
    /// # Errors
    /// [`ClusterError::Views`] when the number or dimensions of the views differ from the fit's;
    /// [`ClusterError::Preprocess`] for values that are not finite.
    pub fn predict(&self, views: &[DenseMatrix]) -> Result<Classes> {
        let n_cells = same_cells(views)?;
        if !views.iter().map(DenseMatrix::n_cols).eq(self.dims()) {
            let found = views.iter().map(DenseMatrix::n_rows).collect();
            return Err(ClusterError::Views { found });
        }
        let found = self.views.iter().zip(views).map(|(points, queries)| {
            Ok(kneighbors(queries.values(), points.values(), points.n_cols(), NEIGHBORHOOD)?)
        });
        let found = found.collect::<Result<Vec<_>>>()?;
        let proba = self.ballot.count(n_cells, &found, false);
        let leaves = self.leaves.as_ref().map(|leaves| leaves.of_new(&proba.argmax(), &found));
        Ok(Classes { proba, leaves })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn clusters(stability: f32) -> Communities {
        let labels = [vec![0; 20], vec![1; 2]].concat();
        Communities { labels, n_clusters: 2, stability: vec![stability; 22], ..Default::default() }
    }

    /// 20 cells at 0 to 19 and 2 cells far away, in two views.
    pub(super) fn cells() -> (KnnClassifier, DenseMatrix) {
        let x: Vec<f32> = (0..20).map(|i| i as f32).chain([200.0, 201.0]).collect();
        let view = DenseMatrix::from_rows(x, 1);
        let views = vec![view.clone(), view];
        KnnClassifier::fit(CellNeighbors::new(views).unwrap(), clusters(1.0)).unwrap()
    }

    /// Two leaves of 15 cells in the first cluster, and the second cluster.
    fn tree() -> ClusterTree {
        let merge = |parts, contact| crate::Merge { parts, contact };
        let merges = vec![merge([0, 1], 0.9), merge([3, 2], 0.01)];
        ClusterTree::from_parts(0.4, vec![0, 0, 1], vec![15, 15, 2], merges).unwrap()
    }

    /// 30 cells at 0 to 29 and 2 cells far away.
    pub(super) fn cells_with_leaves() -> KnnClassifier {
        let x = (0..30).map(|i| i as f32).chain([300.0, 301.0]).collect();
        let cells = CellNeighbors::new(vec![DenseMatrix::from_rows(x, 1)]).unwrap();
        let labels = [vec![0; 30], vec![1; 2]].concat();
        let clusters =
            Communities { labels, n_clusters: 2, stability: vec![1.0; 32], ..Default::default() };
        let leaves = [vec![0; 15], vec![1; 15], vec![2; 2]].concat();
        KnnClassifier::fit(cells, clusters).unwrap().0.with_tree(&tree(), &leaves).unwrap()
    }

    #[test]
    fn new_cells_get_a_leaf_and_other_cuts() {
        let classifier = cells_with_leaves();
        let views = [DenseMatrix::from_rows(vec![26.8, 299.0, 2.2], 1)];
        let found = classifier.predict(&views).unwrap();
        assert_eq!((found.proba.argmax(), found.leaves), (vec![0, 1, 0], Some(vec![1, 2, 0])));
        let same = classifier.cut(&tree().at(crate::Level::Default).unwrap()).unwrap();
        assert_eq!(
            (same.ballot, same.leaves),
            (classifier.ballot.clone(), classifier.leaves.clone())
        );
        for n in 1..=3 {
            let tree = tree().at(crate::Level::NClusters(n)).unwrap();
            let cut = classifier.cut(&tree).unwrap();
            let found = cut.predict(&views).unwrap();
            let groups = [1, 2, 0].map(|leaf| tree.clusters()[leaf]);
            assert_eq!((cut.n_clusters(), found.proba.argmax()), (n, groups.to_vec()));
            assert_eq!(found.leaves, Some(vec![1, 2, 0]));
        }
        let two = [views[0].clone(), views[0].clone()];
        assert_eq!(cells().0.predict(&two).unwrap().leaves, None);
        assert!(cells().0.cut(&tree()).is_err());
        assert!(cells().0.with_tree(&tree(), &[0; 21]).is_err());
        assert!(cells().0.with_tree(&tree(), &[3; 22]).is_err());
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
        let clusters =
            Communities { labels, n_clusters: 2, stability: vec![1.0; 100], ..Default::default() };
        let cells = CellNeighbors::new(vec![view]).unwrap();
        let (classifier, proba) = KnnClassifier::fit(cells, clusters).unwrap();
        let found = proba.argmax();
        let kept = (0..100).filter(|&i| of(i) == 1 && found[i] == 1).count();
        assert!(kept >= 8 && found[..20] == [0; 20], "{found:?}");
        let weights = classifier.ballot.weights;
        assert!(weights[1] > 2.0 / 15.0 && weights[0] == 1.0 / 15.0, "{weights:?}");
    }

    /// Twelve cells are all among one another's nearest, so the votes are the same on each.
    #[test]
    fn clusters_that_no_cell_keeps_are_dissolved() {
        for sizes in [vec![4, 4, 4], vec![6, 5, 1], vec![1; 12], vec![12]] {
            let labels: Vec<usize> =
                sizes.iter().enumerate().flat_map(|(k, &n)| std::iter::repeat_n(k, n)).collect();
            let view = DenseMatrix::from_rows((0..12).map(|i| i as f32).collect(), 1);
            let cells = CellNeighbors::new(vec![view]).unwrap();
            let stability = vec![1.0; 12];
            let clusters =
                Communities { labels, n_clusters: sizes.len(), stability, ..Default::default() };
            let (classifier, proba) = KnnClassifier::fit(cells, clusters).unwrap();
            let (found, k) = (proba.argmax(), classifier.n_clusters());
            let mut counts = vec![0; k];
            found.iter().for_each(|&label| counts[label] += 1);
            assert!(counts.iter().all(|n| *n > 0) && counts.is_sorted_by(|a, b| a >= b));
            assert_eq!(proba.n_cols(), k);
            assert!(proba.rows().all(|row| (row.iter().sum::<f32>() - 1.0).abs() < 1e-5));
            let again = classifier.predict_proba(&classifier.views).unwrap();
            assert_eq!(again.argmax(), found);
        }
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
