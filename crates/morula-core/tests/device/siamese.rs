//! Attention, Siamese losses, transport and the ZINB loss in f32 on every device, against f64 on
//! the CPU.

use crate::common::device_check::check;
use crate::common::normals;
use burn::tensor::{Tensor, TensorCreationOptions, TensorData};
use morula_core::siamese::{
    attention, cell_correlation_loss, latent_correlation_loss, propagation_jsd,
};
use morula_core::transport::{SinkhornConfig, StudentTConfig, transport_loss};
use morula_core::zinb::{ZinbLossConfig, ZinbParameters};

fn constant(seed: u64, shape: [usize; 2], options: &TensorCreationOptions) -> Tensor<2> {
    let values = normals(seed, shape[0] * shape[1]);
    Tensor::from_data(TensorData::new(values, shape), options.clone())
}

fn scalar(loss: Tensor<1>) -> Tensor<2> {
    loss.reshape([1, 1])
}

#[test]
fn streamed_attention() {
    // A block that does not divide the rows. Other blocks are tested on the CPU alone, because
    // kernels are tuned for each shape.
    check("attention to oneself", [50, 5], |_, x| attention(x.clone(), x, 16));
    check("attention to others", [50, 5], |options, x| {
        attention(x, constant(5, [37, 5], &options), 16)
    });
}

#[test]
fn siamese_losses() {
    check("cell correlation", [40, 6], |options, x| {
        scalar(cell_correlation_loss(x, constant(5, [40, 6], &options)))
    });
    check("latent correlation", [40, 6], |options, x| {
        let members = constant(6, [40, 3], &options).exp();
        scalar(latent_correlation_loss(x, constant(5, [40, 6], &options), members))
    });
    check("propagation", [40, 6], |options, x| {
        scalar(propagation_jsd(x, constant(5, [40, 6], &options)))
    });
}

#[test]
fn transport() {
    let assignment = |options: &TensorCreationOptions, z: Tensor<2>| {
        let student = StudentTConfig::new(3, 4).init(&options.device).unwrap();
        let student = student.with_centroids(constant(5, [3, 4], options)).unwrap();
        student.log_forward(z)
    };
    check("assignment", [40, 4], |options, z| assignment(&options, z));
    check("plan and its loss", [40, 4], |options, z| {
        let log_q = assignment(&options, z);
        let columns = Tensor::from_data(TensorData::from([20.0, 12.0, 8.0]), options);
        // A fixed number of iterations, because rounding may change where the iteration stops.
        let sinkhorn = SinkhornConfig::new().with_tolerance(0.0).with_max_iterations(50);
        let plan = sinkhorn.init().unwrap().forward(log_q.clone(), columns).unwrap().plan;
        scalar(transport_loss(plan, log_q))
    });
}

#[test]
fn counts() {
    const COUNTS: [usize; 2] = [12, 7];
    let n = COUNTS[0];
    check("ZINB", [3 * n, COUNTS[1]], |options, x| {
        let part = |i: usize| x.clone().narrow(0, i * n, n);
        // Half of the counts are zero.
        let counts = constant(5, COUNTS, &options).clamp_min(0.0).mul_scalar(4.0).round();
        let factors = normals(6, n).into_iter().map(|v| (0.3 * v).exp()).collect::<Vec<_>>();
        let factors = Tensor::from_data(TensorData::new(factors, [n]), options);
        let parameters =
            ZinbParameters { log_mean: part(0), log_dispersion: part(1), dropout_logits: part(2) };
        scalar(ZinbLossConfig::new().init().unwrap().forward(counts, parameters, factors).unwrap())
    });
}
