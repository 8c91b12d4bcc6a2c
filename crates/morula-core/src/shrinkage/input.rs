//! The input: a batch of cells, their memberships, and optional measurements.

use burn::tensor::Tensor;

use super::config::{Centre, SureShrinkageConfig};
use super::memberships::Memberships;
use super::variance::Variance;
use crate::{CoreError, Result};

const OPERATION: &str = "SureShrinkage";

/// The cells of one step, of one type and on one device.
#[derive(Debug, Clone)]
pub struct SureInput {
    pub(super) z: Tensor<2>,
    pub(super) memberships: Memberships,
    pub(super) replicate: Option<Tensor<2>>,
    pub(super) sigma2: Option<Tensor<1>>,
    pub(super) centres: Option<Tensor<2>>,
}

impl SureInput {
    /// Embeddings z, \[B, P\], and the memberships of the cells in K clusters.
    pub fn new(z: Tensor<2>, memberships: Memberships) -> Self {
        Self { z, memberships, replicate: None, sigma2: None, centres: None }
    }

    /// A second view of the same cells in the same order, \[B, P\].
    pub fn with_replicate(mut self, replicate: Tensor<2>) -> Self {
        self.replicate = Some(replicate);
        self
    }

    /// The known noise variance of `z`, \[1\] or \[K\], for example from training, for cells with
    /// one clean view. It replaces the measurement from a second view.
    pub fn with_sigma2(mut self, sigma2: Tensor<1>) -> Self {
        self.sigma2 = Some(sigma2);
        self
    }

    /// Centres that do not depend on these cells, \[K, P\], for [`Centre::Fixed`].
    pub fn with_centres(mut self, centres: Tensor<2>) -> Self {
        self.centres = Some(centres);
        self
    }

    /// Refuses shapes that do not match, and input that the configuration cannot use.
    pub(super) fn check(&self, config: &SureShrinkageConfig) -> Result<()> {
        let [n_cells, n_dims] = self.z.dims();
        if n_cells == 0 || n_dims == 0 {
            let expected = "[B, P] with at least one cell and one dimension";
            return Err(CoreError::shape(OPERATION, "z", &[n_cells, n_dims], expected));
        }
        let [rows, n_clusters] = self.memberships.dims();
        if rows != n_cells || n_clusters == 0 {
            let expected = format!("[B, K] = [{n_cells}, at least 1]");
            return Err(CoreError::shape(OPERATION, "memberships", &[rows, n_clusters], expected));
        }
        let matrix = |name, tensor: &Option<Tensor<2>>, symbols: &str, rows| match tensor {
            Some(tensor) if tensor.dims() != [rows, n_dims] => {
                let expected = format!("{symbols} = [{rows}, {n_dims}]");
                Err(CoreError::shape(OPERATION, name, &tensor.dims(), expected))
            }
            _ => Ok(()),
        };
        matrix("replicate", &self.replicate, "[B, P]", n_cells)?;
        matrix("centres", &self.centres, "[K, P]", n_clusters)?;
        if let Some([length]) = self.sigma2.as_ref().map(|sigma2| sigma2.dims())
            && length != 1
            && length != n_clusters
        {
            let expected = format!("[1] or [K] = [{n_clusters}]");
            return Err(CoreError::shape(OPERATION, "sigma2", &[length], expected));
        }
        self.check_against(config)
    }

    fn check_against(&self, config: &SureShrinkageConfig) -> Result<()> {
        let refuse = |parameter, found, requirement| {
            Err(CoreError::parameter(OPERATION, parameter, found, requirement))
        };
        match (config.centre, &self.centres) {
            (Centre::Fixed, None) => {
                return refuse("centres", "missing", "Centre::Fixed needs SureInput::with_centres");
            }
            (Centre::GroupMean, Some(_)) => {
                return refuse(
                    "centres",
                    "given",
                    "Centre::GroupMean computes them; use Centre::Fixed",
                );
            }
            _ => {}
        }
        match (config.variance, &self.sigma2, &self.replicate) {
            (Variance::Replicates, None, None) => refuse(
                "replicate",
                "missing",
                "one view per cell identifies only sigma^2 + tau^2; \
                 give SureInput::with_replicate or SureInput::with_sigma2",
            ),
            (Variance::CentroidClt, Some(_), _) => refuse(
                "sigma2",
                "given",
                "Variance::CentroidClt computes it; use Variance::Replicates",
            ),
            _ => Ok(()),
        }
    }
}
