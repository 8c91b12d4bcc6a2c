//! Entropic optimal transport of cells to clusters.

use burn::config::Config;
use burn::tensor::activation::softmax;
use burn::tensor::{Tensor, TensorData};

use crate::{CoreError, Result};

/// Iterations between two checks of the column sums, which are the only reads from the device.
const CHECK_EVERY: usize = 10;

/// Replaces a column sum that has underflowed, so that v grows by 1e37 until the sum is above it.
const UNDERFLOW: f64 = 1e-37;

/// Configuration of [`Sinkhorn`].
#[derive(Config, Debug)]
pub struct SinkhornConfig {
    /// Exponent lambda > 0 of the kernel q^lambda; large values give nearly hard plans.
    #[config(default = 5.0)]
    pub lambda: f64,
    /// Largest error of a column sum at which the iteration stops, as a share of the n cells.
    #[config(default = 1e-6)]
    pub tolerance: f64,
    /// Largest number of iterations.
    #[config(default = 1000)]
    pub max_iterations: usize,
}

/// Sinkhorn's algorithm in the log domain (section [3.6]; Cuturi, NeurIPS 2013): the plan
///
/// ```text
/// P = diag(u) q^lambda diag(v),   P 1 = 1,   P^T 1 = columns
/// ```
///
/// by alternating `u = 1 / (q^lambda v)` and `v = columns / (q^lambda^T u)`. It starts from v = 1
/// and ends with u, so that rows are exact. O(n K) per iteration.
///
/// [3.6]: https://github.com/morula-bio/morula/blob/main/docs/models/scsiameseclu.md#3-6
#[derive(Debug, Clone)]
pub struct Sinkhorn {
    config: SinkhornConfig,
}

/// The result of [`Sinkhorn::forward`].
#[derive(Debug, Clone)]
pub struct TransportPlan {
    /// Share of cell i in cluster k, `[n, n_clusters]`; rows sum to 1; no gradient.
    pub plan: Tensor<2>,
    /// Number of column scalings.
    pub iterations: usize,
    /// Largest distance of a column sum from its target, as a share of n; NaN if the device fails.
    pub column_error: f64,
    /// Whether `column_error` is within the tolerance.
    pub converged: bool,
}

impl SinkhornConfig {
    /// Creates the algorithm.
    ///
    /// # Errors
    ///
    /// [`CoreError::Parameter`] unless lambda is positive and finite and the tolerance at least 0.
    pub fn init(&self) -> Result<Sinkhorn> {
        let refuse = |parameter, found, requirement| {
            Err(CoreError::parameter("SinkhornConfig", parameter, found, requirement))
        };
        match self {
            Self { lambda, .. } if !(*lambda > 0.0 && lambda.is_finite()) => {
                refuse("lambda", lambda, "give a positive number")
            }
            Self { tolerance, .. } if *tolerance < 0.0 || tolerance.is_nan() => {
                refuse("tolerance", tolerance, "give a number of at least 0")
            }
            _ => Ok(Sinkhorn { config: self.clone() }),
        }
    }
}

impl Sinkhorn {
    /// The plan for an assignment and target cluster sizes, which are rescaled to sum to n.
    ///
    /// # Shapes
    /// - log_q: `[n, n_clusters]`, finite
    /// - columns: `[n_clusters]`, positive
    ///
    /// # Errors
    ///
    /// [`CoreError::Shape`] for an empty `log_q` or another number of columns,
    /// [`CoreError::Parameter`] for columns that are not positive and finite.
    #[allow(clippy::disallowed_methods, reason = "plans are made between epochs")]
    pub fn forward(&self, log_q: Tensor<2>, columns: Tensor<1>) -> Result<TransportPlan> {
        let SinkhornConfig { lambda, tolerance, max_iterations } = self.config;
        let log_kernel = log_q.without_autodiff().mul_scalar(lambda);
        let columns = checked_columns(&log_kernel, columns)?;
        let log_columns = columns.clone().log();
        let n_cells = log_kernel.dims()[0] as f64;

        let mut log_v = log_columns.zeros_like();
        let mut iterations = 0;
        loop {
            // the row scaling u is a softmax; v corrects the column sums
            let plan = softmax(log_kernel.clone() + log_v.clone(), 1);
            let sums = plan.clone().sum_dim(0);
            let last = iterations >= max_iterations;
            if last || iterations % CHECK_EVERY == 0 {
                let error = (sums.clone() - columns.clone()).abs().max().mul_scalar(1.0 / n_cells);
                let column_error = error.try_into_scalar::<f64>().unwrap_or(f64::NAN);
                let converged = column_error <= tolerance;
                if last || converged || column_error.is_nan() {
                    return Ok(TransportPlan { plan, iterations, column_error, converged });
                }
            }
            log_v = log_v + log_columns.clone() - sums.clamp_min(UNDERFLOW).log();
            iterations += 1;
        }
    }
}

/// The column targets, `[1, n_clusters]`, on the kernel's device, with the total n.
#[allow(clippy::disallowed_methods, reason = "plans are made between epochs")]
fn checked_columns(log_kernel: &Tensor<2>, columns: Tensor<1>) -> Result<Tensor<2>> {
    const NAME: &str = "Sinkhorn";
    let [n_cells, n_clusters] = log_kernel.dims();
    if n_cells == 0 || n_clusters == 0 {
        let expected = "[n, K] with at least one row and column";
        return Err(CoreError::shape(NAME, "log_q", &[n_cells, n_clusters], expected));
    }
    if columns.dims() != [n_clusters] {
        let expected = format!("[K] = [{n_clusters}]");
        return Err(CoreError::shape(NAME, "columns", &columns.dims(), expected));
    }
    let refuse = |found| {
        let requirement = "give positive finite numbers, whose sum is finite too";
        CoreError::parameter(NAME, "columns", found, requirement)
    };
    let columns = columns.try_into_vec_as::<f64>().map_err(|error| refuse(error.to_string()))?;
    let total: f64 = columns.iter().sum();
    if !(columns.iter().all(|&column| column > 0.0) && total.is_finite()) {
        return Err(refuse(format!("{columns:?}")));
    }
    let columns: Vec<f64> = columns.iter().map(|c| c / total * n_cells as f64).collect();
    let data = TensorData::new(columns, [1, n_clusters]);
    Ok(Tensor::from_data(data, (&log_kernel.device(), log_kernel.dtype())))
}
