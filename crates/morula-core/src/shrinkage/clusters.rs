//! Moments of the cells of each cluster.

use burn::tensor::{FloatDType, Tensor};

use super::memberships::Memberships;

/// A smaller sum of squares or of memberships counts as zero. The square of this number is a normal
/// f32, which the gradient of a division needs.
pub(super) const TINY: f64 = 1e-15;

/// A cluster has a single cell if its degrees of freedom, as a share of those of its cells, are
/// below this number: they are then rounding errors in single precision.
const SINGLE_CELL: f64 = 1e-6;

/// The moments of B cells in K clusters that the risk needs.
#[derive(Clone)]
pub(super) struct Clusters {
    /// Memberships r_ik; 0 in a cluster that is empty or has a single cell as its centre. \[B, K\]
    pub weights: Tensor<2>,
    /// 1 for a cluster that can be shrunk, else 0. \[1, K\]
    pub support: Tensor<2>,
    /// mu_k; the origin for an empty cluster. \[K, P\]
    pub centres: Tensor<2>,
    /// ||z_i - mu_k||^2, \[B, K\]; for hard memberships only the distance to the own centre,
    /// \[B, 1\].
    pub distances: Tensor<2>,
    /// D_ik = P (1 - h_ik); h_ik = r_ik / n_k is a cell's share in its own centre, 0 in a fixed
    /// one. \[B, K\]
    pub divergence: Tensor<2>,
    /// n_k = sum_i r_ik. \[1, K\]
    pub size: Tensor<2>,
    /// nu_k P = sum_i r_ik D_ik: (N - 1) P for hard memberships, N P for a fixed centre. \[1, K\]
    pub freedom: Tensor<2>,
    /// S_k = sum_i r_ik ||z_i - mu_k||^2. \[1, K\]
    pub scatter: Tensor<2>,
}

impl Clusters {
    /// The moments of z, \[B, P\], around the centres, \[K, P\]; without centres, around the
    /// clusters' means.
    pub fn new(z: &Tensor<2>, memberships: &Memberships, centres: Option<Tensor<2>>) -> Self {
        let dtype = FloatDType::from(z.dtype());
        let n_dims = z.dims()[1] as f64;
        let r = memberships.matrix(dtype);
        let size = r.clone().sum_dim(0);
        let share = r.clone() / nonzero(size.clone());
        let (centres, divergence) = match centres {
            Some(centres) => (centres.cast(dtype), share.full_like(n_dims)),
            None => {
                let means = share.clone().transpose().matmul(z.clone());
                (means, (share.neg() + 1.0).mul_scalar(n_dims))
            }
        };
        let freedom = (r.clone() * divergence.clone()).sum_dim(0);
        let threshold = size.clone().mul_scalar(n_dims * SINGLE_CELL);
        let support = freedom.clone().greater(threshold).cast(dtype);
        let weights = r.clone() * support.clone();

        let distances = match memberships {
            Memberships::Hard { .. } => squared_norms(z.clone() - r.matmul(centres.clone())),
            Memberships::Soft(_) => squared_distances(z, &centres),
        };
        let scatter = (weights.clone() * distances.clone()).sum_dim(0);
        Self { weights, support, centres, distances, divergence, size, freedom, scatter }
    }

    /// The same numbers without gradient (the memberships and their sums never have one).
    pub fn detached(&self) -> Self {
        Self {
            centres: self.centres.clone().without_autodiff(),
            distances: self.distances.clone().without_autodiff(),
            scatter: self.scatter.clone().without_autodiff(),
            ..self.clone()
        }
    }
}

/// ||z_i - mu_k||^2 without cancellation, one cluster at a time, so that no B x K x P tensor is
/// held.
///
/// # Shapes
///
/// - z: \[B, P\]
/// - centres: \[K, P\]
/// - output: \[B, K\]
fn squared_distances(z: &Tensor<2>, centres: &Tensor<2>) -> Tensor<2> {
    let columns =
        centres.clone().split(1, 0).into_iter().map(|centre| squared_norms(z.clone() - centre));
    Tensor::cat(columns.collect(), 1)
}

/// Squared length of each row: \[B, P\] to \[B, 1\].
pub(super) fn squared_norms(rows: Tensor<2>) -> Tensor<2> {
    rows.square().sum_dim(1)
}

/// The tensor as a denominator: 1 where it is zero.
pub(super) fn nonzero(denominator: Tensor<2>) -> Tensor<2> {
    let zero = denominator.clone().lower_scalar(TINY);
    denominator.mask_fill(zero, 1.0)
}
