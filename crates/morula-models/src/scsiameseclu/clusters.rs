//! What the main stage aims at: cluster centroids, their sizes, and the transport plan.

use burn::module::Module;
use burn::tensor::Tensor;
use morula_core::ops;
use morula_core::transport::{SinkhornConfig, StudentT};

use super::ScSiameseCluParams;
use super::network::Network;
use super::train::Trainer;
use crate::cluster::find;
use crate::rng::{Purpose, stream};
use crate::{Head, Result, read};

/// Puts centroids on the clusters of the embedding `z` `[n, d]`, as many as the parameters' `aim`
/// says or as there are, and gives the column sums of the plan: label-free cluster sizes, as the
/// marginal asked for makes them.
pub(super) fn start(
    trainer: &Trainer<'_>,
    network: Network,
    z: &Tensor<2>,
) -> Result<(Network, Vec<f64>)> {
    let params = trainer.params;
    let (labels, k) = match params.head {
        Head::Communities => {
            let (aim, seed) = (params.aim(), params.seed);
            let cells = trainer.expression.beside(z)?;
            let found = find(&trainer.expression.graph_with(&cells, aim, seed)?, aim, seed)?;
            (ops::indices(&found.labels, &z.device()), found.n_clusters)
        }
        head => {
            let k = trainer.n_clusters()?;
            let rng = &mut stream(params.seed, Purpose::KMeans, 1);
            (head.fit(z, k, params.n_init, rng)?.labels, k)
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

/// The assignment with its clusters numbered by falling size among the cells `z`, as scanpy does.
pub(super) fn by_size(assignment: StudentT, z: &Tensor<2>) -> Result<StudentT> {
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

/// The plan for the embedding `z`, `[n, K]`: rows sum to 1, columns to `columns` (METHODS 3.6).
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
