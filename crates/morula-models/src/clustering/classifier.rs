//! The classifier of a fitted model.

use std::path::Path;

use burn::tensor::Device;
use morula_cluster::random::{Purpose, stream};
use morula_cluster::representations::{CellGraph, ExpressionViews};
use morula_cluster::{
    Classes, ClusterError, ClusterParams, ClusterTree, KnnClassifier, KnnSizes, largest_possible,
};
use morula_data::DenseMatrix;
use morula_preprocess::{Neighbors, Prepared};
use serde::{Deserialize, Serialize};

use super::{CentroidClassifier, ClusterMethod, PROBABILITIES};
use crate::device::{read_matrix, upload};
use crate::saved::folder::Folder;
use crate::{ModelError, NClusters, Result};

/// Name of the file of the kNN classifier in a saved model.
pub(crate) const VOTERS: &str = "voters.safetensors";

/// The classifier of a fitted model.
#[derive(Debug, Clone)]
pub(crate) enum Classifier {
    /// The centroid classifier, on the embedding.
    Centroids(CentroidClassifier),
    /// The kNN classifier, on the embedding and the views of expression.
    Neighbors { expression: Box<ExpressionViews>, knn: KnnClassifier },
}

/// A [`Classifier`] in the manifest of a saved model. The names in files are older than those here.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SavedClassifier {
    Centroids(CentroidClassifier),
    #[serde(rename = "votes")]
    Neighbors {
        expression: Box<ExpressionViews>,
        voters: KnnSizes,
    },
}

/// The clusters of the cells of a fit.
pub(crate) struct Classified {
    pub classifier: Classifier,
    /// Probabilities of the cells, `n x K`.
    pub proba: DenseMatrix,
    /// The tree of the clusters and the leaf of every cell, from the method `communities`.
    pub tree: Option<(ClusterTree, Vec<usize>)>,
    /// Neighbours of the cells in the embedding, from a method that uses them.
    pub neighbors: Option<Neighbors>,
}

/// Parameters of the clustering.
#[derive(Clone, Copy)]
pub(crate) struct Wanted {
    pub method: ClusterMethod,
    pub n_clusters: NClusters,
    pub n_init: usize,
    pub seed: u64,
}

/// The error about clusters that have no tree to cut.
pub(crate) fn no_tree() -> ModelError {
    let (name, value) = ("head", "kmeans or merge".into());
    let expected = "only the clusters of \"communities\" have a tree to cut";
    ModelError::Parameter { name, value, expected }
}

impl Classifier {
    /// Clusters the cells by their embedding, `n x d`, and by their expression. Every cluster has
    /// cells, and clusters are numbered by falling size. K-means runs on the device, everything
    /// else on the host.
    ///
    /// # Errors
    /// [`ClusterError::TooManyClusters`] if a cluster of the given number would have no cells.
    pub fn fit(
        embedding: &DenseMatrix,
        wanted: Wanted,
        cells: &CellGraph,
        device: &Device,
    ) -> Result<Classified> {
        let Wanted { method, n_clusters, n_init, seed } = wanted;
        if method == ClusterMethod::Communities {
            return Self::communities(embedding, n_clusters, cells, seed);
        }
        let k = cells.n_clusters(n_clusters, seed)?;
        let h = upload(embedding, device);
        let fit = |k: usize| {
            let rng = &mut stream(seed, Purpose::KMeans, 0);
            CentroidClassifier::fit(&h, method.fit(&h, k, n_init, rng)?, k)
        };
        let (classifier, proba) = fit(k)?;
        if let Some(n_asked) = n_clusters.given().filter(|&k| k > classifier.n_clusters()) {
            let met = |k: usize| -> Result<usize> { Ok(fit(k)?.0.n_clusters()) };
            let n_possible = largest_possible(n_asked, met)?;
            return Err(ClusterError::TooManyClusters { n_asked, n_possible }.into());
        }
        Ok(Classified {
            classifier: Self::Centroids(classifier),
            proba,
            tree: None,
            neighbors: None,
        })
    }

    fn communities(
        embedding: &DenseMatrix,
        n_clusters: NClusters,
        cells: &CellGraph,
        seed: u64,
    ) -> Result<Classified> {
        let beside = cells.beside(embedding)?;
        let neighbors = beside.neighbors().first().cloned();
        let graph = cells.graph_with(&beside, n_clusters, seed)?;
        let found = ClusterParams::new(n_clusters).fit_graph(beside, &graph, seed)?;
        let expression = Box::new(cells.views().clone());
        Ok(Classified {
            classifier: Self::Neighbors { expression, knn: found.classifier },
            proba: found.proba,
            tree: Some((found.tree, found.leaves)),
            neighbors,
        })
    }

    /// Number of clusters.
    pub fn n_clusters(&self) -> usize {
        match self {
            Self::Centroids(centroids) => centroids.n_clusters(),
            Self::Neighbors { knn, .. } => knn.n_clusters(),
        }
    }

    /// Clusters of new cells from their embedding, `m x d`, and their expression.
    pub fn predict(
        &self,
        embedding: &DenseMatrix,
        prepared: &Prepared,
        device: &Device,
    ) -> Result<Classes> {
        match self {
            Self::Centroids(centroids) => {
                let proba =
                    read_matrix(centroids.forward(upload(embedding, device)), PROBABILITIES)?;
                Ok(Classes { proba, leaves: None })
            }
            Self::Neighbors { expression, knn } => {
                let mut views = vec![embedding.unit_rows()];
                views.extend(expression.transform(prepared)?);
                Ok(knn.predict(&views)?)
            }
        }
    }

    /// Whether its clusters are those of a tree, if there is one.
    pub fn fits(&self, tree: Option<&ClusterTree>) -> bool {
        tree.is_none_or(|tree| match self {
            Self::Centroids(_) => false,
            Self::Neighbors { knn, .. } => knn.fits(tree),
        })
    }

    /// The classifier into the clusters of another cut of the tree.
    pub fn cut(&self, tree: &ClusterTree) -> Result<Self> {
        match self {
            Self::Centroids(_) => Err(no_tree()),
            Self::Neighbors { expression, knn } => {
                Ok(Self::Neighbors { expression: expression.clone(), knn: knn.cut(tree)? })
            }
        }
    }

    /// Writes the kNN classifier, if it is one, to `folder`. Returns the rest for the manifest.
    pub fn save(&self, folder: &Path) -> Result<SavedClassifier> {
        Ok(match self {
            Self::Centroids(centroids) => SavedClassifier::Centroids(centroids.clone()),
            Self::Neighbors { expression, knn } => {
                knn.save(&folder.join(VOTERS))?;
                let expression = expression.clone();
                SavedClassifier::Neighbors { expression, voters: knn.sizes() }
            }
        })
    }

    /// Reads a classifier of embeddings with `d` dimensions and of cells with `n_genes` genes.
    /// `None` when its sizes disagree.
    pub fn load(
        saved: SavedClassifier,
        folder: &Folder,
        [d, n_genes]: [usize; 2],
    ) -> Result<Option<Self>> {
        Ok(match saved {
            SavedClassifier::Centroids(centroids) => {
                centroids.fits(d).then_some(Self::Centroids(centroids))
            }
            SavedClassifier::Neighbors { expression, voters } => {
                let fits = expression.fits(n_genes) && voters.dims() == expression.dims(d);
                match fits {
                    true => {
                        let knn = KnnClassifier::load(&folder.file(VOTERS)?, &voters)?;
                        Some(Self::Neighbors { expression, knn })
                    }
                    false => None,
                }
            }
        })
    }
}
