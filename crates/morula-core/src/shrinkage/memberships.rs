//! The memberships of cells in clusters.

use burn::tensor::{FloatDType, Int, Tensor};

use crate::ops::one_hot;

/// Memberships of B cells in K clusters. They have no gradient.
#[derive(Debug, Clone)]
pub enum Memberships {
    /// One cluster per cell.
    Hard {
        /// \[B\], 0 to K - 1. A cell with any other label is in no cluster and is not shrunk.
        labels: Tensor<1, Int>,
        /// K
        n_clusters: usize,
    },
    /// Responsibilities r_ik >= 0, \[B, K\]. Each row sums to 1, or to 0 for a cell that is not
    /// shrunk. One-hot rows give the results of `Hard`, at K times the cost for the distances.
    Soft(Tensor<2>),
}

impl Memberships {
    /// Hard memberships from labels 0 to `n_clusters` - 1, \[B\].
    pub fn hard(labels: Tensor<1, Int>, n_clusters: usize) -> Self {
        Self::Hard { labels, n_clusters }
    }

    /// Soft memberships from responsibilities, \[B, K\].
    pub fn soft(responsibilities: Tensor<2>) -> Self {
        Self::Soft(responsibilities)
    }

    /// \[B, K\]
    pub fn dims(&self) -> [usize; 2] {
        match self {
            Self::Hard { labels, n_clusters } => [labels.dims()[0], *n_clusters],
            Self::Soft(responsibilities) => responsibilities.dims(),
        }
    }

    /// The matrix r, without gradient.
    ///
    /// # Shapes
    ///
    /// - output: \[B, K\]
    pub fn matrix(&self, dtype: FloatDType) -> Tensor<2> {
        match self {
            Self::Hard { labels, n_clusters } => {
                one_hot(labels.clone(), *n_clusters).without_autodiff().cast(dtype)
            }
            Self::Soft(responsibilities) => responsibilities.clone().without_autodiff().cast(dtype),
        }
    }
}
