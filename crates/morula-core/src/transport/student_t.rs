//! Soft assignment of cells to trained centroids.

use burn::config::Config;
use burn::module::{Module, Param};
use burn::nn::Initializer;
use burn::tensor::{Device, Tensor};

use crate::ops::{logsumexp, squared_distances};
use crate::{CoreError, Result};

/// Configuration of a [`StudentT`] assignment.
#[derive(Config, Debug)]
pub struct StudentTConfig {
    /// Number of clusters K.
    pub n_clusters: usize,
    /// Width d of the embedding.
    pub d_latent: usize,
    /// Degrees of freedom nu > 0; a small value gives distant cells more weight.
    #[config(default = 1.0)]
    pub nu: f64,
}

/// Student-t assignment of embeddings to centroids c_k (section [3.6]; DEC, equation 1):
///
/// ```text
/// q_ik = (1 + |z_i - c_k|^2 / nu)^(-(nu + 1) / 2) / sum_j (1 + |z_i - c_j|^2 / nu)^(-(nu + 1) / 2)
/// ```
///
/// The centroids are trained together with the embedding.
///
/// [3.6]: https://github.com/morula-bio/morula/blob/main/docs/models/scsiameseclu.md#3-6
#[derive(Module, Debug)]
pub struct StudentT {
    /// The centroids, `[n_clusters, d_latent]`.
    pub centroids: Param<Tensor<2>>,
    nu: f64,
}

impl StudentTConfig {
    /// Creates the assignment. Set its centroids from a clustering before training.
    ///
    /// # Errors
    ///
    /// [`CoreError::Parameter`] unless K >= 1, d >= 1 and nu is positive and finite.
    pub fn init(&self, device: &Device) -> Result<StudentT> {
        let Self { n_clusters, d_latent, nu } = *self;
        let refuse = |parameter, found: String, requirement| {
            Err(CoreError::parameter("StudentTConfig", parameter, found, requirement))
        };
        if n_clusters == 0 {
            return refuse("n_clusters", n_clusters.to_string(), "at least one cluster is needed");
        }
        if d_latent == 0 {
            return refuse("d_latent", d_latent.to_string(), "at least one dimension is needed");
        }
        if !(nu > 0.0 && nu.is_finite()) {
            return refuse("nu", nu.to_string(), "give a positive number");
        }
        let xavier = Initializer::XavierUniform { gain: 1.0 };
        let fans = (Some(d_latent), Some(n_clusters));
        let centroids = xavier.init_with([n_clusters, d_latent], fans.0, fans.1, device);
        Ok(StudentT { centroids, nu })
    }
}

impl StudentT {
    /// The assignment with these centroids, e.g. those of k-means on the pretrained embedding.
    /// Whether they are trained does not change.
    ///
    /// # Shapes
    /// - centroids: `[n_clusters, d_latent]`
    ///
    /// # Errors
    ///
    /// [`CoreError::Shape`] for another shape.
    pub fn with_centroids(mut self, centroids: Tensor<2>) -> Result<Self> {
        self.set_centroids(centroids)?;
        Ok(self)
    }

    /// Replaces the centroids; see [`Self::with_centroids`].
    pub fn set_centroids(&mut self, centroids: Tensor<2>) -> Result<()> {
        let [k, d] = self.centroids.lazy_shape().dims();
        if centroids.dims() != [k, d] {
            let expected = format!("[K, d] = [{k}, {d}]");
            return Err(CoreError::shape("StudentT", "centroids", &centroids.dims(), expected));
        }
        self.centroids = self.centroids.clone().map(|old| {
            let fresh = centroids.without_autodiff().to_device(&old.device().inner());
            let fresh = if old.is_autodiff() { fresh.autodiff() } else { fresh };
            fresh.set_require_grad(old.is_require_grad())
        });
        Ok(())
    }

    /// log q.
    ///
    /// # Shapes
    /// - z: `[n, d_latent]`
    /// - output: `[n, n_clusters]`
    pub fn log_forward(&self, z: Tensor<2>) -> Tensor<2> {
        let distances = squared_distances(z, self.centroids.val());
        let logits = distances.mul_scalar(1.0 / self.nu).log1p();
        let logits = logits.mul_scalar(-0.5 * (self.nu + 1.0));
        logits.clone() - logsumexp(logits)
    }

    /// q.
    ///
    /// # Shapes
    /// - z: `[n, d_latent]`
    /// - output: `[n, n_clusters]`, rows summing to 1
    pub fn forward(&self, z: Tensor<2>) -> Tensor<2> {
        self.log_forward(z).exp()
    }
}

/// The self-training target of DEC, which sharpens q and evens out cluster sizes (DEC, equation 3),
/// without gradient:
///
/// ```text
/// p_ik = (q_ik^2 / f_k) / sum_j (q_ij^2 / f_j),   f_k = sum_i q_ik
/// ```
///
/// A cluster with f_k = 0 has the target 0.
///
/// # Shapes
/// - q: `[n, n_clusters]`, rows summing to 1
/// - output: `[n, n_clusters]`, rows summing to 1
pub fn dec_target(q: Tensor<2>) -> Tensor<2> {
    let q = q.without_autodiff();
    let size = q.clone().sum_dim(0).clamp_min(f32::MIN_POSITIVE);
    // q (q / f) stays in range where q^2 would underflow
    let sharpened = q.clone() * (q / size);
    let rows = sharpened.clone().sum_dim(1).clamp_min(f32::MIN_POSITIVE);
    sharpened / rows
}
