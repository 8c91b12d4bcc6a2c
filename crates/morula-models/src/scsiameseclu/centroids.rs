//! The clusters of the main stage: their centroids, their sizes, and the transport plan.

use burn::module::Module;
use burn::tensor::Tensor;
use morula_cluster::random::{Purpose, stream};
use morula_cluster::representations::CellGraph;
use morula_cluster::{communities, ranks};
use morula_core::ops;
use morula_core::transport::{SinkhornConfig, StudentT, StudentTConfig};
use morula_data::DenseMatrix;

use super::ScSiameseCluParams;
use super::network::Network;
use crate::device::{read, read_matrix};
use crate::{ClusterMethod, Result};

/// Initialises the centroids from the clusters of the embedding `z`, `[n, d]`; `host` is the same
/// embedding on the host. Their number is the parameters' `training_clusters`, or is detected.
/// Returns the column sums of the plan: cluster sizes from the parameters' marginal, without
/// labels.
pub(super) fn start(
    params: &ScSiameseCluParams,
    expression: &CellGraph,
    network: Network,
    z: &Tensor<2>,
    host: &DenseMatrix,
) -> Result<(Network, Vec<f64>)> {
    let (asked, seed) = (params.training_clusters(), params.seed);
    let (labels, k) = match params.cluster_method {
        ClusterMethod::Communities => {
            let cells = expression.beside(host)?;
            let found = communities(&expression.graph_with(&cells, asked, seed)?, asked, seed)?;
            (ops::indices(&found.labels, &z.device()), found.n_clusters)
        }
        method => {
            let k = expression.n_clusters(asked, seed)?;
            let rng = &mut stream(seed, Purpose::KMeans, 1);
            (method.fit(z, k, params.n_init, rng)?.labels, k)
        }
    };
    let member = ops::one_hot(labels, k);
    let sizes = member.clone().sum_dim(0);
    let means = member.transpose().matmul(z.clone()) / sizes.clone().transpose().clamp_min(1.0);
    let sizes = read(sizes, "the cluster sizes")?;
    let sizes: Vec<usize> = sizes.into_iter().map(|s| s.round() as usize).collect();
    let columns = params.marginal.columns(&sizes)?;
    let network = network.with_clusters(k)?;
    let assignment = network.assignment.clone().with_centroids(means)?;
    Ok((Network { assignment, ..network }, columns))
}

/// The assignment with its clusters numbered by falling size, without those that are likeliest for
/// no cell, and the probabilities of the cells `z`.
pub(super) fn settle(assignment: StudentT, z: &Tensor<2>) -> Result<(StudentT, DenseMatrix)> {
    let mut assignment = by_size(assignment, z)?;
    loop {
        let proba = read_matrix(assignment.forward(z.clone()), "the probabilities")?;
        let (labels, k) = (proba.argmax(), proba.n_cols());
        let mut sizes = vec![0_usize; k];
        labels.iter().for_each(|&label| sizes[label] += 1);
        let live = sizes.iter().filter(|size| **size > 0).count();
        // Ties may fall otherwise on another device, or in another order.
        if live == k && sizes.is_sorted_by(|a, b| a >= b) {
            return Ok((assignment, proba));
        }
        let mut order = vec![0; k];
        ranks(&labels, k).into_iter().enumerate().for_each(|(label, rank)| order[rank] = label);
        let centroids = assignment.centroids.val();
        let [_, d] = centroids.dims();
        let device = centroids.device();
        let kept = centroids.select(0, ops::indices(&order[..live], &device));
        assignment = StudentTConfig::new(live, d).init(&device)?.with_centroids(kept)?;
    }
}

/// The assignment with its clusters numbered by falling size among the cells `z`, as scanpy does.
fn by_size(assignment: StudentT, z: &Tensor<2>) -> Result<StudentT> {
    let [n, _] = z.dims();
    let centroids = assignment.centroids.val();
    let labels = assignment.forward(z.clone()).argmax(1).reshape([n]);
    let sizes = ops::one_hot(labels, centroids.dims()[0]).sum_dim(0);
    let sizes = read(sizes, "the cluster sizes")?;
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    order.sort_by(|&a, &b| sizes[b].total_cmp(&sizes[a]));
    let sorted = centroids.clone().select(0, ops::indices(&order, &centroids.device()));
    Ok(assignment.with_centroids(sorted)?)
}

/// The plan for the embedding `z`, `[n, K]`: rows sum to 1, columns to `columns` ([3.6]).
///
/// [3.6]: https://github.com/morula-bio/morula/blob/main/docs/models/scsiameseclu.md#3-6
pub(super) fn plan(
    params: &ScSiameseCluParams,
    assignment: &StudentT,
    z: Tensor<2>,
    columns: &[f64],
) -> Result<Tensor<2>> {
    let log_q = assignment.valid().log_forward(z);
    let columns: Vec<f32> = columns.iter().map(|&c| c as f32).collect();
    let columns = Tensor::from_floats(columns.as_slice(), &log_q.device());
    let sinkhorn = SinkhornConfig::new().with_lambda(params.sharpness).init()?;
    Ok(sinkhorn.forward(log_q, columns)?.plan)
}
