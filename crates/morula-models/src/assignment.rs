//! From an embedding to clusters that new cells can be put into.

use std::path::Path;

use burn::tensor::{Device, Tensor};
use morula_preprocess::Prepared;
use serde::{Deserialize, Serialize};

use crate::cluster::{Granularity, communities, ranks};
use crate::expression::Expression;
use crate::posterior::Posterior;
use crate::rng::{Purpose, stream};
use crate::views::{ExpressionViews, directions};
use crate::votes::{Sizes, Votes};
use crate::{Head, Matrix, NClusters, Result};

/// Name of the file with the voters in a saved model.
const VOTERS: &str = "voters.safetensors";

/// How a fitted model puts cells into clusters.
#[derive(Debug, Clone)]
pub(crate) enum Assignment {
    /// By the centroids near their embedding.
    Centroids(Posterior),
    /// By the cells near them, in the embedding and in expression.
    Votes { expression: Box<ExpressionViews>, votes: Votes },
}

/// An [`Assignment`] in the manifest of a saved model.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SavedAssignment {
    Centroids(Posterior),
    Votes { expression: Box<ExpressionViews>, voters: Sizes },
}

/// What clustering the cells of a fit gave.
pub(crate) struct Assigned {
    pub assignment: Assignment,
    /// Probabilities of the cells, `n x K`.
    pub proba: Matrix,
    /// How the number of clusters came about, from a head that finds one.
    pub granularity: Option<Granularity>,
}

/// What is asked of the clustering.
#[derive(Clone, Copy)]
pub(crate) struct Wanted {
    pub head: Head,
    pub n_clusters: NClusters,
    pub n_init: usize,
    pub seed: u64,
}

impl Assignment {
    /// Clusters the cells by the embedding `h`, `[n, d]`, and by their expression; numbered by
    /// falling size.
    pub fn fit(h: &Tensor<2>, wanted: Wanted, expression: &Expression) -> Result<Assigned> {
        let Assigned { mut assignment, proba, granularity } = Self::cluster(h, wanted, expression)?;
        // Which clusters are the largest is known once every cell has its own.
        let to = ranks(&proba.argmax(), assignment.n_clusters());
        match &mut assignment {
            Self::Centroids(posterior) => posterior.renumber(&to),
            Self::Votes { votes, .. } => votes.renumber(&to),
        }
        Ok(Assigned { assignment, proba: proba.with_columns(&to), granularity })
    }

    fn cluster(h: &Tensor<2>, wanted: Wanted, expression: &Expression) -> Result<Assigned> {
        let Wanted { head, n_clusters, n_init, seed } = wanted;
        if head != Head::Communities {
            let k = expression.n_clusters(n_clusters, seed)?;
            let rng = &mut stream(seed, Purpose::KMeans, 0);
            let posterior = Posterior::fit(h, head.fit(h, k, n_init, rng)?, k)?;
            let proba = Matrix::read(posterior.forward(h.clone()), "the probabilities")?;
            let assignment = Self::Centroids(posterior);
            return Ok(Assigned { assignment, proba, granularity: None });
        }
        let cells = expression.beside(h)?;
        let graph = expression.graph_with(&cells, n_clusters, seed)?;
        let clusters = communities(&graph, n_clusters, seed)?;
        let evidence = clusters.evidence.clone();
        let (votes, proba) = Votes::fit(cells, clusters);
        let expression = Box::new(expression.views().clone());
        let assignment = Self::Votes { expression, votes };
        Ok(Assigned { assignment, proba, granularity: Some(evidence) })
    }

    /// Number of clusters.
    pub fn n_clusters(&self) -> usize {
        match self {
            Self::Centroids(posterior) => posterior.n_clusters(),
            Self::Votes { votes, .. } => votes.n_clusters(),
        }
    }

    /// Probabilities of new cells with the embedding `h`, `[m, K]`.
    pub fn proba(&self, h: &Tensor<2>, prepared: &Prepared) -> Result<Matrix> {
        match self {
            Self::Centroids(posterior) => {
                Matrix::read(posterior.forward(h.clone()), "the probabilities")
            }
            Self::Votes { expression, votes } => {
                let mut views = vec![directions(h)?];
                views.extend(expression.transform(prepared)?);
                votes.proba(&views)
            }
        }
    }

    /// Writes what does not go into the manifest to `folder`, and gives what does.
    pub fn save(&self, folder: &Path, device: &Device) -> Result<SavedAssignment> {
        Ok(match self {
            Self::Centroids(posterior) => SavedAssignment::Centroids(posterior.clone()),
            Self::Votes { expression, votes } => {
                votes.save(&folder.join(VOTERS), device)?;
                let expression = expression.clone();
                SavedAssignment::Votes { expression, voters: votes.file_sizes() }
            }
        })
    }

    /// Reads an assignment of embeddings with `d` dimensions from cells with `n_genes` genes;
    /// none when its sizes disagree.
    pub fn load(
        saved: SavedAssignment,
        folder: &Path,
        [d, n_genes]: [usize; 2],
        device: &Device,
    ) -> Result<Option<Self>> {
        Ok(match saved {
            SavedAssignment::Centroids(posterior) => {
                posterior.fits(d).then_some(Self::Centroids(posterior))
            }
            SavedAssignment::Votes { expression, voters } => {
                let fits = expression.fits(n_genes) && voters.dims() == expression.dims(d);
                match fits {
                    true => {
                        let votes = Votes::load(&folder.join(VOTERS), &voters, device)?;
                        Some(Self::Votes { expression, votes })
                    }
                    false => None,
                }
            }
        })
    }
}
