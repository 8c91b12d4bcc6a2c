//! From an embedding to clusters.

use morula_data::{CsrMatrix, DenseMatrix};

use crate::communities::{Detection, communities};
use crate::knn_classifier::{Ballot, KnnClassifier};
use crate::labels::check_points;
use crate::representations::CellNeighbors;
use crate::tree::ClusterTree;
use crate::{ClusterError, NClusters, Result, largest_possible};

/// Parameters for clustering an embedding.
///
/// Every cell is joined to its 14 nearest other cells, and [`communities`] detects the clusters of
/// this graph. The [`KnnClassifier`] gives the probabilities of every cell; its likeliest cluster
/// is its label.
///
/// ```
/// use morula_cluster::{ClusterParams, NClusters};
/// use morula_data::DenseMatrix;
/// use rand::{RngExt, SeedableRng};
///
/// // 60 points around 0 and 40 around 9, in ten dimensions.
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(0);
/// let centre = |i: usize| if i < 60 { 0.0 } else { 9.0 };
/// let values = (0..1000).map(|v| centre(v / 10) + rng.random::<f32>());
/// let points = DenseMatrix::new(100, 10, values.collect())?;
///
/// let found = ClusterParams::new(NClusters::Auto).fit(&points, 0)?;
/// assert_eq!(found.n_clusters, 2);
/// assert_eq!(found.labels[..60], [0; 60]);
/// assert_eq!(found.labels[60..], [1; 40]);
/// assert!(found.confidence().iter().all(|p| *p > 0.5));
///
/// // New points take the clusters of their neighbours.
/// let new = DenseMatrix::new(1, 10, vec![9.4; 10])?;
/// assert_eq!(found.classifier.predict_proba(&[new])?.argmax(), [1]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClusterParams {
    /// Number of clusters, given or detected.
    pub n_clusters: NClusters,
}

/// Clusters of cells, with their evidence.
#[derive(Debug, Clone)]
pub struct Clustering {
    /// Cluster of every cell: the likeliest one. The largest cluster is 0.
    pub labels: Vec<usize>,
    /// Number of clusters; each has cells. A detected number may be smaller than the number of
    /// communities: a community that is outvoted in all of its cells is dissolved.
    pub n_clusters: usize,
    /// Probability of every cluster, cells x K; rows sum to 1.
    pub proba: DenseMatrix,
    /// Stability of the community of every cell, 0 to 1.
    pub stability: Vec<f32>,
    /// The clusters, the communities within them, and how they join.
    pub tree: ClusterTree,
    /// Leaf of the tree of every cell.
    pub leaves: Vec<usize>,
    /// Classifies new cells by their neighbours.
    pub classifier: KnnClassifier,
}

impl ClusterParams {
    /// Parameters for a number of clusters, or for [`NClusters::Auto`].
    pub fn new(n_clusters: impl Into<NClusters>) -> Self {
        Self { n_clusters: n_clusters.into() }
    }

    /// Clusters the rows of an embedding, cells x dimensions, by Euclidean distance. The same seed
    /// gives the same clusters.
    ///
    /// # Errors
    /// [`ClusterError::Points`] with fewer cells than clusters or values that are not finite; as
    /// [`fit_graph`](Self::fit_graph).
    pub fn fit(&self, embedding: &DenseMatrix, seed: u64) -> Result<Clustering> {
        self.fit_views(vec![embedding.clone()], seed)
    }

    /// Clusters cells by several embeddings together, in the mean of their graphs.
    ///
    /// # Errors
    /// As [`fit`](Self::fit); [`ClusterError::Views`] for no view, or
    /// views of different numbers of cells.
    pub fn fit_views(&self, views: Vec<DenseMatrix>, seed: u64) -> Result<Clustering> {
        let n_clusters = self.n_clusters.given().unwrap_or(1);
        views.iter().try_for_each(|view| check_points(view, n_clusters))?;
        let cells = CellNeighbors::new(views)?;
        let graph = cells.graph()?;
        self.fit_graph(cells, &graph, seed)
    }

    /// Clusters cells by a graph of them. `cells` provides the neighbours for the
    /// [`KnnClassifier`].
    ///
    /// # Errors
    /// As [`communities`]; [`ClusterError::Views`] for a graph of other cells;
    /// [`ClusterError::TooManyClusters`], with the largest possible number, if a cluster of the
    /// given number would have no cells.
    pub fn fit_graph(
        &self,
        cells: CellNeighbors,
        graph: &CsrMatrix,
        seed: u64,
    ) -> Result<Clustering> {
        let found = communities(graph, self.n_clusters, seed)?;
        let (ballot, proba) = KnnClassifier::vote(&cells, found.clone())?;
        let n_clusters = ballot.n_clusters();
        if let Some(n_asked) = self.n_clusters.given().filter(|&k| k > n_clusters) {
            let n_possible = most_clusters(&cells, graph, n_asked, seed)?;
            return Err(ClusterError::TooManyClusters { n_asked, n_possible });
        }
        let (labels, classifier) = (proba.argmax(), KnnClassifier::new(cells, ballot));
        let (tree, leaves) = ClusterTree::of_communities(graph, &found, &labels, seed)?;
        let classifier = classifier.with_tree(&tree, &leaves)?;
        let stability = found.stability;
        Ok(Clustering { labels, n_clusters, proba, stability, tree, leaves, classifier })
    }
}

/// The largest number of clusters below `asked` that all have cells after the vote.
fn most_clusters(
    cells: &CellNeighbors,
    graph: &CsrMatrix,
    asked: usize,
    seed: u64,
) -> Result<usize> {
    let detection = Detection::new(graph, NClusters::Given(asked), seed)?;
    largest_possible(asked, |k| {
        let found = detection.communities(NClusters::Given(k))?;
        Ok(Ballot::settle(cells.neighbors(), found).0.n_clusters())
    })
}

impl Clustering {
    /// Probability of the cluster of every cell, from 1 / K to 1.
    pub fn confidence(&self) -> Vec<f32> {
        self.proba.rows().zip(&self.labels).map(|(row, &k)| row[k]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ClusterError;

    /// Groups of points in a row, far apart.
    fn groups(sizes: &[usize]) -> DenseMatrix {
        let of = |(g, &size): (usize, &usize)| (0..size).map(move |i| (100 * g + i) as f32 / 10.0);
        DenseMatrix::from_rows(sizes.iter().enumerate().flat_map(of).collect(), 1)
    }

    #[test]
    fn clusters_are_numbered_by_falling_size() {
        let found = ClusterParams::new(3).fit(&groups(&[20, 40, 30]), 0).unwrap();
        let labels = [vec![2; 20], vec![0; 40], vec![1; 30]].concat();
        assert_eq!((found.labels, found.n_clusters), (labels, 3));
        assert_eq!(found.stability.len(), 90);
    }

    fn sizes(found: &Clustering) -> Vec<usize> {
        let mut sizes = vec![0; found.n_clusters];
        found.labels.iter().for_each(|&k| sizes[k] += 1);
        sizes
    }

    /// Clusters that have cells, sizes that fall, rows that sum to 1, and predictions that agree.
    fn is_sound(found: &Clustering, views: &[DenseMatrix], case: &str) {
        let sizes = sizes(found);
        assert!(sizes.iter().all(|&n| n > 0), "{case}: {sizes:?}");
        assert!(sizes.is_sorted_by(|a, b| a >= b), "{case}: {sizes:?}");
        assert_eq!(found.proba.n_cols(), found.n_clusters, "{case}");
        assert_eq!(found.labels, found.proba.argmax(), "{case}");
        assert!(found.proba.rows().all(|p| (p.iter().sum::<f32>() - 1.0).abs() < 1e-5), "{case}");
        let again = found.classifier.predict_proba(views).unwrap();
        assert_eq!(again.n_cols(), found.n_clusters, "{case}");
    }

    /// A number that is given is met, or the error names the largest one that is.
    fn is_met_or_named(views: &[DenseMatrix], k: usize, case: &str) {
        match ClusterParams::new(k).fit_views(views.to_vec(), 0) {
            Ok(found) => {
                assert_eq!(found.n_clusters, k, "{case}");
                is_sound(&found, views, case);
            }
            Err(ClusterError::TooManyClusters { n_asked, n_possible }) => {
                assert!(n_asked == k && (1..k).contains(&n_possible), "{case}: {n_possible}");
                let most = ClusterParams::new(n_possible).fit_views(views.to_vec(), 0).unwrap();
                assert_eq!(most.n_clusters, n_possible, "{case}");
                let more = ClusterParams::new(n_possible + 1).fit_views(views.to_vec(), 0);
                assert!(more.is_err(), "{case}: {n_possible} is not the largest");
            }
            Err(error) => panic!("{case}: {error}"),
        }
    }

    #[test]
    fn every_cluster_of_few_cells_has_cells() {
        use rand::{RngExt, SeedableRng};
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(0);
        for n in 1..=20 {
            let mut view = |d: usize| -> DenseMatrix {
                DenseMatrix::from_rows((0..n * d).map(|_| rng.random()).collect(), d)
            };
            let alike = DenseMatrix::from_rows(vec![1.0; 3 * n], 3);
            let pairs = DenseMatrix::from_rows((0..n).map(|i| (i / 2) as f32).collect(), 1);
            for (name, views) in [
                ("random", vec![view(3)]),
                ("views", vec![view(3), view(2), view(4)]),
                ("alike", vec![alike]),
                ("pairs", vec![pairs]),
            ] {
                let auto = ClusterParams::new(NClusters::Auto).fit_views(views.clone(), 0).unwrap();
                is_sound(&auto, &views, &format!("{n} {name}"));
                for k in 1..=n {
                    is_met_or_named(&views, k, &format!("{n} {name}, K = {k}"));
                }
            }
        }
    }

    #[test]
    fn as_many_clusters_as_cells_are_refused_with_the_largest_number() {
        let views = [groups(&[60])];
        is_met_or_named(&views, 60, "60 cells");
        assert!(ClusterParams::new(60).fit_views(views.to_vec(), 0).is_err());
    }

    #[test]
    fn one_cell_is_one_cluster_and_unusable_points_are_refused() {
        let one = ClusterParams::new(NClusters::Auto).fit(&groups(&[1]), 0).unwrap();
        assert_eq!((one.labels, one.proba.values()), (vec![0], &[1.0_f32][..]));
        let refused = |k: usize, x: &DenseMatrix| ClusterParams::new(k).fit(x, 0).unwrap_err();
        assert!(matches!(refused(3, &groups(&[2])), ClusterError::Points { .. }));
        let nan = DenseMatrix::from_rows(vec![f32::NAN, 0.0], 1);
        assert!(matches!(refused(1, &nan), ClusterError::Points { .. }));
        assert!(ClusterParams::new(1).fit_views(vec![], 0).is_err());
        assert!(ClusterParams::new(1).fit_views(vec![groups(&[3]), groups(&[4])], 0).is_err());
    }
}
